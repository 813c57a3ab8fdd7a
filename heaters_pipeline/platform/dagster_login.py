"""Who asks Dagster for something, known as the review app knows them: by the session in its cookie,
which browsers send to every port of a name; by a token; by the header of a trusted proxy."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from itsdangerous import BadSignature
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import HTTPConnection

from heaters_pipeline.db import people, secret_keys, sessions
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.networks import is_within
from heaters_pipeline.domain.people import SESSION_COOKIE, SESSION_SECRET, TOKEN_PREFIX
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.files.secret_key import key_of_home
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.people import digest, holder


class Login:
    """Finds out who sends a request. It reads the cookie as Flask writes it."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        app = Flask("review_app")
        with transaction(engine) as session:
            app.secret_key = secret_keys.session_key(session, key_of_home(settings.home))
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        self._read = serializer.loads

    def role_of(self, connection: HTTPConnection) -> Role | None:
        """None for nobody; an admin is whoever comes, where this machine is alone with Heaters and
        there are no people."""
        with transaction(self._engine) as session:
            if self._settings.is_private and not people.exist(session):
                return Role.ADMIN
            return self._known(session, connection)

    def address(self, connection: HTTPConnection) -> str:
        """Where somebody signs in who has come by the name of the request."""
        settings = self._settings
        if settings.trusted_proxies:
            return f"{settings.public_address}/login"
        scheme = urlsplit(settings.local_address).scheme
        host = connection.url.hostname or ""
        name = f"[{host}]" if ":" in host else host
        return f"{scheme}://{name}:{settings.review_port}/login"

    def _known(self, session: Session, connection: HTTPConnection) -> Role | None:
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        # Other words in `Authorization` are for a proxy, or of one, as for the review app.
        if kind.lower() == "bearer" and token.startswith(TOKEN_PREFIX):
            found = holder(session, token)
            return found.role if found else None
        name = self._named_by_proxy(connection)
        if name is not None:
            person = people.find(session, name)
        else:
            secret = self._secret(connection.cookies.get(SESSION_COOKIE, ""))
            person = sessions.use(session, digest(secret), self._settings.session_days)
        return Role(person.role) if person else None

    def _secret(self, cookie: str) -> str:
        try:
            return str(self._read(cookie).get(SESSION_SECRET, ""))
        except BadSignature:
            return ""

    def _named_by_proxy(self, connection: HTTPConnection) -> str | None:
        header, client = self._settings.login_header, connection.client
        if header is None or client is None:
            return None
        if not is_within(client.host, self._settings.login_networks):
            return None
        return ", ".join(connection.headers.getlist(header)) or None
