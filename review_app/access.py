"""Who sends a request, and whether they may: judged here for every route, before its view runs.

A person signs in and has a session (`db.sessions`) whose secret their cookie carries, or is named
by a proxy that may say so; a program brings a token. Where nobody is in the table of people and
only this machine reaches the app, whoever opens it is the local user, who needs no password and may
everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from flask import Flask, Request, Response, g, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from sqlmodel import Session

from heaters_pipeline.db import audit, people, sessions
from heaters_pipeline.db.models import Person
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.roles import LEAST, Role
from heaters_pipeline.work import single_sign_on
from heaters_pipeline.work.people import digest, holder
from review_app.errors import answer, wants_json
from review_app.guard import token_of
from review_app.proxies import named_by_proxy
from review_app.services import reading, services, transaction

NOTED = ("POST", "PUT", "DELETE")
"""Of operators, in the audit log; the pieces of an upload are not."""

_BY_PROXY = "by_proxy"
"""In the session: whom a proxy named when it began."""


@dataclass(frozen=True)
class Visitor:
    """Who sends a request."""

    role: Role | None = None
    """None: somebody who has not signed in."""
    name: str | None = None
    """None: the local user calls themselves as they like."""
    secret: str = ""
    """Of the session, if it is one."""

    @property
    def is_authenticated(self) -> bool:
        return self.role is not None

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie."""
        return self.secret

    @property
    def is_admin(self) -> bool:
        """Who may undo what others decided: with a reason, unless it is the local user, who is
        everybody."""
        return self.role == Role.ADMIN

    def may(self, route: str) -> bool:
        least = LEAST[route]
        return least is None or (self.role is not None and self.role.reaches(least))


NOBODY = Visitor()
LOCAL = Visitor(Role.ADMIN)


def register(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None  # an address may change on the way; a session can be ended
    manager.anonymous_user = lambda: NOBODY
    manager.user_loader(_by_session)
    manager.request_loader(_otherwise)
    manager.init_app(app, add_context_processor=False)
    app.before_request(_enforce)
    app.after_request(_forget)


def note() -> None:
    """Writes to the audit log what takes an operator, before it is done: nothing is done that is
    not there. Whoever may not, or is a foreign page, must have been refused by now."""
    route = request.endpoint
    if route and LEAST[route] == Role.OPERATOR and request.method in NOTED:
        with transaction() as written_in:
            audit.note(written_in, who(), route, quote(request.path))


def visitor() -> Visitor:
    """NOBODY also on routes that ask nobody to sign in."""
    return cast(Visitor, g.get("visitor", NOBODY))


def who() -> Who:
    """For the audit log."""
    name = visitor().name or session.get("reviewer") or "the local user"
    return Who(str(name), address())


def signed_in(session: Session) -> Person | None:
    """The person who sends the request; None: the local user."""
    name = visitor().name
    return people.named(session, name) if name else None


def address() -> str:
    return request.remote_addr or "unknown"


def _by_session(secret: str) -> Visitor | None:
    """None where a proxy says who it is: that counts then."""
    if named_by_proxy(request, services().settings) is not None:
        return None
    with reading() as found_in:
        person = sessions.use(found_in, digest(secret), services().settings.session_days)
    return Visitor(Role(person.role), person.name, secret) if person else None


def _otherwise(asked: Request) -> Visitor | None:
    """The visitor of a request without a session that counts."""
    token = token_of(asked)
    if token is not None:
        with reading() as found_in:
            found = holder(found_in, token)
        return Visitor(found.role, found.name) if found else None
    name = named_by_proxy(asked, services().settings)
    if name is not None:
        return _by_proxy(name)
    return LOCAL if services().settings.is_private and services().unguarded() else None


def _by_proxy(name: str) -> Visitor:
    role = services().settings.login_role
    with transaction() as written_in:
        person = single_sign_on.by_name(written_in, name, role, address=address())
        found = Visitor(Role(person.role), person.name)
    if session.get(_BY_PROXY) != found.name:
        session.clear()  # no page that somebody else opened in this browser may write in this name
        session[_BY_PROXY] = found.name
    return found


def _enforce() -> ResponseReturnValue | None:
    """Raises KeyError for a route that the table of roles does not know: nobody may, then."""
    route = request.endpoint
    if route and LEAST[route] is None:
        return None
    found = g.visitor = cast(Visitor, current_user._get_current_object())
    if found.is_authenticated:
        services().senders.note(request)
    if route is None or found.may(route):  # what does not exist may be told to anybody
        return None
    if not found.is_authenticated:
        return _sign_in_first()
    return answer(f"Your role is {found.role}; this takes an {LEAST[route]}: ask an admin.", 403)


def _forget(response: Response) -> Response:
    """The request may have added the first person, unless it is the local user's and takes less
    than an admin."""
    if visitor() is not LOCAL or LEAST.get(request.endpoint or "") == Role.ADMIN:
        services().unguarded.forget()
    return response


def _sign_in_first() -> ResponseReturnValue:
    """Leads whoever opens a page to the one where they sign in, and tells programs and scripts."""
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if request.method == "GET" and is_page and not wants_json():
        return redirect(url_for("login.page", next=request.full_path.rstrip("?")), 303)
    refusal = make_response(answer("You are not signed in, or no more: sign in again.", 401))
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal
