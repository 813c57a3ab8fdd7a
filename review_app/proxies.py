"""Reverse proxies in front of the app, which give it TLS and a name, and may have people sign in:
what they say of a request is believed as far as the settings go, and cookies follow the browser's
scheme."""

from __future__ import annotations

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from heaters_pipeline.domain.errors import Forbidden
from heaters_pipeline.domain.networks import is_within
from heaters_pipeline.settings import Settings
from review_app.guard import token_of


class SessionInterface(SecureCookieSessionInterface):
    """A session that began over https is sent over https only. A program that brings a token has
    none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return self.session_class() if token_of(request) else super().open_session(app, request)

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        return token_of(request) is None and super().should_set_cookie(app, session)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or super().get_cookie_secure(app)


def stand_behind(app: Flask, proxies: int) -> None:
    """Takes the browser's address, scheme and host, and the path that the app lies under, from the
    X-Forwarded headers of the nearest `proxies` proxies. What is beyond them is anybody's word."""
    app.session_interface = SessionInterface()
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies
        )


def browser_address(connected: str, forwarded: str, proxies: int) -> str:
    """What `stand_behind` makes of the other end of a connection and of X-Forwarded-For, to which
    each proxy has added the address that it was asked from."""
    said = parse_list_header(forwarded)
    return said[-proxies] if 0 < proxies <= len(said) else connected


def named_by_proxy(asked: Request, settings: Settings) -> str | None:
    """Who sends a request, as a proxy says that may say so; None where none does. Raises Forbidden
    for more than one name: a proxy that adds to the header lets through what the browser sends."""
    if settings.login_header is None or not _comes_from(asked, settings):
        return None
    name = asked.headers.get(settings.login_header, "").strip()
    if "," in name:
        raise Forbidden(
            f"The header {settings.login_header} has several names: the proxy must put its own in "
            "place of what browsers send."
        )
    return name or None


def _comes_from(asked: Request, settings: Settings) -> bool:
    """Whether one of the networks holds the other end of the connection, whatever headers say."""
    before = asked.environ.get("werkzeug.proxy_fix.orig") or asked.environ
    return is_within(before.get("REMOTE_ADDR") or "", settings.login_networks)
