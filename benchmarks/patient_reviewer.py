"""A reviewer who uploads and decides over HTTP, whatever breaks meanwhile."""

from __future__ import annotations

import re
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from heaters_pipeline.domain.decisions import APPROVE, SKIP, Mark


def wanted_of(start_frame: int) -> Mark:
    """What the reviewer decides hangs on the clip alone."""
    return SKIP if start_frame == 24 else APPROVE


class Reviewer:
    """Uploads and decides over HTTP; each request is sent until it is answered."""

    def __init__(self, address: str, page: str = "chaos") -> None:
        self.address = address
        self.page = page
        self.browser = requests.Session()
        self.over = threading.Event()
        self.refusals: list[str] = []
        self._token = ""

    def upload(self, film: Path) -> None:
        """As tus clients do: from where the server says that it is."""
        tus = {"Tus-Resumable": "1.0.0"}
        told = f"filename {b64encode(film.name.encode()).decode()}"
        size = film.stat().st_size
        headers = {**tus, "Upload-Length": str(size), "Upload-Metadata": told}
        place = self._send("POST", "/sources", headers=headers).headers["Location"]
        place = place.removeprefix(self.address)
        offset = 0
        while offset < size:
            piece = {**tus, "Content-Type": "application/offset+octet-stream"}
            piece["Upload-Offset"] = str(offset)
            rest = film.read_bytes()[offset:]
            self._send("PATCH", place, headers=piece, data=rest, once=True)
            told_at = self._send("HEAD", place, headers=tus).headers
            offset = int(told_at.get("Upload-Offset", offset))

    def review(self) -> None:
        """Until `over`."""
        while not self.over.wait(0.5):
            queue = self._post("/api/v1/queue", {})
            for clip in queue.json()["clips"] if queue.status_code == 200 else ():
                action = wanted_of(clip["start_frame"]).action
                body = {"action": action, "version": clip["version"]}
                answer = self._post(f"/api/v1/clips/{clip['id']}/decisions", body)
                # 409: the other reviewer was first, as a lease had run out.
                if answer.status_code not in (None, 200, 409):
                    self.refusals.append(answer.text)

    def _post(self, path: str, body: Mapping[str, Any]) -> requests.Response:
        while not self._token:
            page = self._send("GET", "/review").text
            found = re.search(r'name="csrf" content="([^"]+)"', page)
            self._token = found[1] if found else ""
        headers = {"X-CSRFToken": self._token, "X-Heaters-Page": self.page}
        return self._send("POST", path, headers=headers, json=body)

    def _send(
        self, method: str, path: str, *, once: bool = False, **options: Any
    ) -> requests.Response:
        while True:
            with suppress(requests.RequestException):
                answer = self.browser.request(method, self.address + path, timeout=10, **options)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            if once or self.over.is_set():
                return requests.Response()
            time.sleep(0.5)
