"""A Heaters elsewhere, over its API (docs/api.md).

Every request that changes something carries a key of its own, by which the server counts it once,
so that one whose answer was lost is simply sent again.
"""

from __future__ import annotations

import json
import re
import uuid
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import urllib3

from heaters_pipeline.domain.errors import (
    Conflict,
    Forbidden,
    HeatersError,
    InputError,
    NotFound,
    Unavailable,
)

API = "/api/v1/"
PAGE = "/api"
"""The page that shows the API."""

PATIENCE = urllib3.Timeout(connect=10, read=120)
TRIES = urllib3.Retry(
    total=5,
    backoff_factor=0.5,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)
PIECE = 16 << 20
"""Bytes of an upload that are sent at a time."""

TUS = {"Tus-Resumable": "1.0.0"}
TUS_PIECE = {"Content-Type": "application/offset+octet-stream"}

_ERRORS: Mapping[int, type[HeatersError]] = {
    400: InputError,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Conflict,
    412: Conflict,
    413: InputError,
}


class Client:
    """Errors are those of `domain.errors`, with the server's sentence; Unavailable where it does
    not answer."""

    def __init__(
        self, server: str, token: str | None = None, *, any_certificate: bool = False
    ) -> None:
        """`any_certificate`: for a server of this machine, which may have one that it made."""
        self._server = server.rstrip("/") + "/"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        trust: dict[str, Any] = {"cert_reqs": "CERT_NONE"} if any_certificate else {}
        self._pool = urllib3.PoolManager(retries=TRIES, timeout=PATIENCE, **trust)

    def get(self, path: str, **query: object) -> Any:
        return self._json("GET", path, query)

    def post(self, path: str, body: object = None, **query: object) -> Any:
        return self._json("POST", path, query, body)

    def put(self, path: str, body: object, **query: object) -> Any:
        return self._json("PUT", path, query, body)

    def each(self, path: str, name: str, **query: object) -> Iterator[Any]:
        """What the lists under `name` hold, in all parts of an answer."""
        following: str | None = path
        while following:
            part = self.get(following, **query)
            yield from part[name]
            following, query = part["next"], {}

    def fetch(self, path: str) -> bytes:
        """The bytes of a file that an answer names; the storage may give them itself."""
        return self._answer("GET", path, headers={}, redirect=True).data

    def upload(
        self,
        path: Path,
        *,
        title: str | None = None,
        already_cut: bool = False,
        pipeline: str | None = None,
    ) -> None:
        """Sends a video, which becomes a source video, in pieces (tus 1.0.0). `pipeline` is a
        `domain.clip_pipeline.ClipPipeline`; None: the server's own setting."""
        told = {
            "filename": path.name,
            "title": title,
            "already_cut": "1" if already_cut else None,
            "pipeline": pipeline,
        }
        named = [f"{name} {_encoded(text)}" for name, text in told.items() if text]
        length = path.stat().st_size
        announced = {"Upload-Length": str(length), "Upload-Metadata": ",".join(named)}
        made = self._answer("POST", "/sources", headers={**TUS, **announced})
        place, offset = made.headers["Location"], 0
        with path.open("rb") as film:
            while offset < length:
                film.seek(offset)
                headers = {**TUS, **TUS_PIECE, "Upload-Offset": str(offset)}
                try:
                    answer = self._answer("PATCH", place, body=film.read(PIECE), headers=headers)
                except Conflict:  # the answer to a piece was lost, and it was sent again
                    answer = self._answer("HEAD", place, headers=TUS)
                offset = int(answer.headers["Upload-Offset"])

    def _json(
        self, method: str, path: str, query: Mapping[str, object], body: object = None
    ) -> Any:
        headers = {}
        if method != "GET":
            self._introduce()
            headers["Idempotency-Key"] = str(uuid.uuid4())
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        address = urljoin(API, path)
        if given := {name: value for name, value in query.items() if value is not None}:
            address += f"?{urlencode(given)}"
        return self._answer(method, address, body=content, headers=headers).json()

    def _introduce(self) -> None:
        """Without a token, where nobody has to sign in: as a page does, by the word that it carries
        against foreign ones, and the session that it belongs to."""
        if self._headers:
            return
        page = self._answer("GET", PAGE, headers={})
        word = re.search(r'name="csrf" content="([^"]+)"', page.data.decode(errors="replace"))
        cookies = [each.partition(";")[0] for each in page.headers.getlist("Set-Cookie")]
        if word is not None:
            self._headers = {
                "X-CSRFToken": word[1],
                "Cookie": "; ".join(cookies),
                "Referer": self._server,
            }

    def _answer(
        self,
        method: str,
        address: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str],
        redirect: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = urljoin(self._server, address.lstrip("/"))
        sent = {**self._headers, **headers}
        try:
            answer = self._pool.request(method, url, body=body, headers=sent, redirect=redirect)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # urllib3 puts the objects that it tried with before the reason.
            reason = str(getattr(error, "reason", None) or error).rpartition(": ")[2]
            raise Unavailable(
                self._server, f"{self._server} does not answer: check the address ({reason})."
            ) from None
        if answer.status >= 300:
            raise _ERRORS.get(answer.status, HeatersError)(_sentence(answer, url))
        return answer


def _sentence(answer: urllib3.BaseHTTPResponse, url: str) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{url} answers {answer.status}, and not as a Heaters does: check the address."


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
