"""Answers that stream bytes: objects of the storage, whole or in ranges, and how long browsers may
keep them. A client that stops reading holds a connection, and no thread, unless the answer is
longer than the server buffers and is no file of this machine (`downloads`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import cast
from urllib.parse import quote

from flask import Response, redirect, request
from werkzeug.http import dump_options_header

from heaters_pipeline.domain.keys import text_digest
from heaters_pipeline.domain.segments import Span
from heaters_pipeline.storage.base import too_short
from review_app.downloads import BUFFERED_BYTES
from review_app.headed_file import HeadedFile
from review_app.services import services

SAMPLES_AT = "X-Samples-At"
SAMPLES_RANGE = "X-Samples-Range"
"""Headers of a run of frames: where its samples are, and the Range to ask for there."""

OCTETS = "application/octet-stream"

IMMUTABLE = "private, max-age=31536000, immutable"
"""Only for addresses that name their content: other bytes get another address."""

REVALIDATE = "private, no-cache"

FILM_TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/matroska"}
"""Of exported files, by suffix (RFC 9559 for Matroska)."""

LONGEST_RANGE = 8 << 20
"""Bytes of one answer to a range. Players ask for the rest when they want it; whoever goes on with
a download takes what comes for all of it, and gets that."""


def stream(body: Iterable[bytes], length: int, mimetype: str, cache: str) -> Response:
    """`length`: how many bytes `body` has. Raises ServiceUnavailable (`downloads`)."""
    if length > BUFFERED_BYTES:
        body = services().downloads.hold(request.remote_addr or "", body)
    return _answer(body, length, mimetype, cache)


def send_part(
    key: str, start: int, length: int, mimetype: str, cache: str, *, head: bytes = b""
) -> Response:
    """`head`, then `length` bytes of an object from byte `start`. The server sends a file of this
    machine from its own loop (PEP 3333, file_wrapper). Raises ObjectMissing, and a HeatersError
    where the object ends before."""
    storage, whole = services().storage, len(head) + length
    file_wrapper = request.environ.get("wsgi.file_wrapper")
    if file_wrapper is None or not storage.is_near(key):
        chunks = itertools.chain([head] if head else [], storage.stream(key, start, length))
        return stream(chunks, whole, mimetype, cache)
    with storage.fetch(key) as path:
        if path.stat().st_size < start + length:
            raise too_short(key, start, length)
        body = file_wrapper(HeadedFile(head, path.open("rb"), start, length))
    return _answer(body, whole, mimetype, cache)


def send_spans(spans: Sequence[Span], head: bytes) -> Response:
    """`head`, then these bytes of a proxy's segments. No answer leads to the segments themselves:
    they go when the proxy is whole, and what a browser keeps stays good."""
    storage = services().storage
    parts = (storage.stream(*span) for span in spans)
    length = len(head) + sum(span.length for span in spans)
    return stream(itertools.chain([head], *parts), length, OCTETS, IMMUTABLE)


def send_run(span: Span, head: bytes) -> Response:
    """`head`, then these bytes of a proxy; where browsers may fetch them from the storage itself,
    `head` alone, and the way to the rest. Raises what `send_part` does."""
    key, start, length = span
    part = range(start, start + length)
    link = services().storage.link(key, _seconds(), part=part) if _seconds() else None
    if link is None:
        return send_part(key, start, length, OCTETS, IMMUTABLE, head=head)
    response = _answer([head], len(head), OCTETS, _while_good())
    response.headers[SAMPLES_AT] = link
    response.headers[SAMPLES_RANGE] = f"bytes={part.start}-{part.stop - 1}"
    return response


def send_export(key: str, *, name: str, as_attachment: bool) -> Response:
    """A film that was made for people, under a name, from the storage itself where browsers may
    fetch it there. Raises ObjectMissing."""
    mimetype = FILM_TYPES[PurePosixPath(key).suffix]
    if _seconds() and request.method == "GET":  # an address is good for one method
        storage = services().storage
        storage.size(key)
        kind = {"Content-Type": mimetype, "Content-Disposition": disposition(name, as_attachment)}
        link = storage.link(key, _seconds(), headers=kind)
        if link is not None:
            answer = cast(Response, redirect(link))
            answer.headers["Cache-Control"] = _while_good()
            return answer
    return send_object(key, mimetype, name=name, as_attachment=as_attachment)


def _seconds() -> int:
    return services().settings.presigned_seconds


def _while_good() -> str:
    """As long as what a browser keeps leads to something that is good for as long again."""
    return f"private, max-age={_seconds() // 2}"


def _answer(body: Iterable[bytes], length: int, mimetype: str, cache: str) -> Response:
    response = Response(body, mimetype=mimetype, direct_passthrough=True)
    response.content_length = length
    response.headers["Cache-Control"] = cache
    return response


def send_object(
    key: str,
    mimetype: str,
    *,
    cache: str = REVALIDATE,
    name: str | None = None,
    as_attachment: bool = False,
) -> Response:
    """An object of the storage, or the one range of it that the request asks for. A browser saves
    it under `name`, at once as an attachment. Raises ObjectMissing."""
    size, tag = services().storage.size(key), text_digest(key)[:32]
    start, end, status = 0, size, 200
    if request.range is not None and _is_of(tag):
        wanted = request.range.range_for_length(size)
        if wanted is None:
            return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        (start, end), status = wanted, 206
        if not as_attachment:
            end = min(end, start + LONGEST_RANGE)
    response = send_part(key, start, end - start, mimetype, cache)
    response.status_code = status
    response.headers["Accept-Ranges"] = "bytes"
    response.set_etag(tag)
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if name is not None:
        set_name(response, name, as_attachment=as_attachment)
    return response


def _is_of(tag: str) -> bool:
    """Whether the range that the request asks for is one of the object with this ETag: whoever goes
    on with a download says what they have the beginning of (If-Range)."""
    known = request.if_range
    return (known.etag or known.date) is None or known.etag == tag


def set_name(response: Response, name: str, *, as_attachment: bool = True) -> None:
    """The name under which a browser saves the answer."""
    response.headers["Content-Disposition"] = disposition(name, as_attachment)


def disposition(name: str, as_attachment: bool) -> str:
    """Content-Disposition. Headers are ASCII, so that other letters are in `filename*` (RFC 6266),
    which every browser prefers."""
    names = {"filename": name.encode("ascii", "replace").decode().replace("?", "_")}
    if not name.isascii():
        names["filename*"] = f"UTF-8''{quote(name, safe='')}"
    return dump_options_header("attachment" if as_attachment else "inline", names)
