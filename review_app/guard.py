"""Which requests may change something: those of our own pages and of programs.

A foreign web page that the browser has open is kept out twice. A form of ours carries a token that
only our pages can know. An upload carries none, as programs that speak tus know no token; but it
must carry the header `Tus-Resumable`, and a browser lets a page send such a header, or PATCH and
DELETE, to another site only if that site's answer to a preflight (OPTIONS) allows it, which ours
never does (Fetch standard, CORS-preflight). Besides, browsers say where a request comes from
(`Sec-Fetch-Site`, which pages can't set), and requests of other sites are refused.
"""

from __future__ import annotations

from flask import abort, request
from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ACTING = ("/api/", "/sources/uploads/")
"""Below these even a GET or HEAD acts: it leases clips, or makes a complete upload a video."""


def refuse_foreign_pages() -> None:
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    acts = request.method not in SAFE or request.path.startswith(ACTING)
    if acts and request.method != "OPTIONS" and site not in ("same-origin", "none"):
        abort(403, "This address answers the pages of Heaters only.")
