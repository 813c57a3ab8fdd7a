"""What logs and traces tell of each request: its id, its route, how it ended.

A proxy may name the request by `X-Request-ID`; else it gets a name here. The answer has it, and so
has each line of a log that the request brings about.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from contextlib import ExitStack

from flask import Flask, Response, g, request

from heaters_pipeline.files import spans
from heaters_pipeline.settings import Settings

HEADER = "X-Request-ID"
_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")

log = logging.getLogger("heaters.requests")


def register(app: Flask, settings: Settings) -> None:
    """Before all else that looks at a request."""
    spans.begin("heaters-review", settings.traces_endpoint)

    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        g.asked_at, g.told = time.perf_counter(), ExitStack()
        name = f"{request.method} {request.endpoint or 'nothing'}"
        g.told.enter_context(spans.span(name, request=g.request_id))

    def tell(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        spans.tell(status=response.status_code)
        if settings.log_format == "json":
            # The route: paths may hold the secret of an invitation.
            route = request.url_rule.rule if request.url_rule else "nothing"
            took = (time.perf_counter() - g.asked_at) * 1000
            log.info("%s %s %d in %.0f ms", request.method, route, response.status_code, took)
        return response

    def end(_error: BaseException | None) -> None:
        told = g.pop("told", None)
        if told is not None:
            told.close()

    app.before_request(begin)
    app.after_request(tell)
    app.teardown_request(end)
