"""Under which names the app answers: a check before Flask, so that no page, and no page of an
error, is made for a name that is not ours."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from flask import Flask

from heaters_pipeline.domain.hosts import is_known

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SENTENCE = "The review app is not known by this name: add it to HEATERS_TRUSTED_HOSTS.\n"

log = logging.getLogger("heaters.review")


class KnownHosts:
    """A WSGI app that hands on to `app` what was sent to one of the names."""

    def __init__(self, app: WSGIApplication, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if is_known(host, self._names):
            return self._app(environ, start_response)
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        log.warning("Refused %s %s of host %s, which is not trusted.", method, path, host)
        body = SENTENCE.encode()
        kind = ("Content-Type", "text/plain; charset=utf-8")
        start_response("400 Bad Request", [kind, ("Content-Length", str(len(body)))])
        return [body]


def answer_to(app: Flask, names: Collection[str]) -> None:
    """Refuses what is sent to any other name."""
    app.wsgi_app = KnownHosts(app.wsgi_app, names)  # type: ignore[method-assign]
