"""Which requests may change something: those of our own pages and of programs.

A foreign web page that the browser has open is kept out twice. A form of ours carries a token that
only our pages can know. An upload carries none, as programs that speak tus know no token; but it
must carry the header `Tus-Resumable`, and a browser lets a page send such a header, or PATCH and
DELETE, to another site only if that site's answer to a preflight (OPTIONS) allows it, which ours
never does (Fetch standard, CORS-preflight). The same holds for `Authorization`, with which a
program brings a token, and then no cookie counts. Besides, browsers say where a request comes from
(`Sec-Fetch-Site`, which pages can't set), and requests of other sites are refused, but for a link
that a person follows to a page: a film, an image or a list that a foreign page loads would tell it
what there is.
"""

from __future__ import annotations

from flask import Request, abort, request
from flask_wtf.csrf import CSRFProtect

from heaters_pipeline.domain.people import TOKEN_PREFIX

csrf = CSRFProtect()

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NO_PAGES = ("/api/v1/", "/sources/uploads/")
"""Nobody follows a link to anything below these: even a HEAD may make a complete upload a video."""


def token_of(asked: Request) -> str | None:
    """The token that a program brings; None where it brings none of ours: other words in
    `Authorization` are for a proxy in front of the app."""
    given = asked.authorization
    if given is None or given.type != "bearer" or not (given.token or "").startswith(TOKEN_PREFIX):
        return None
    return given.token


def refuse_foreign_pages() -> None:
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site in ("same-origin", "none") or request.method == "OPTIONS" or _is_followed():
        return
    abort(403, "This address answers the pages of Heaters only.")


def _is_followed() -> bool:
    """Whether a person follows a link to a page."""
    said = request.headers
    return (
        request.method in SAFE
        and not request.path.startswith(NO_PAGES)
        and (said.get("Sec-Fetch-Mode"), said.get("Sec-Fetch-Dest")) == ("navigate", "document")
    )


def check_form(*, unless_exempt: bool = False) -> None:
    """Refuses a write without the token that our pages know."""
    if token_of(request) is None:
        csrf.protect(apply_exemptions=unless_exempt)
