"""A reviewer without a page: what its scripts ask the server, and no more."""

from __future__ import annotations

import http.client
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

from heaters_pipeline.domain.errors import HeatersError

PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 60


class Reviewer:
    """Keeps its connection, like a browser. With `patient` it sends again what was not answered,
    as the page does (`static/shared/courier.js`)."""

    def __init__(self, url: str, name: str, *, patient: bool = False) -> None:
        self._address = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_SECONDS)
        self._patient = patient
        self._headers = {"X-Heaters-Page": name, "Content-Type": "application/json"}
        page = self._sent("GET", "/review", None)
        found = re.search(rb'name="csrf" content="([^"]+)"', page)
        if found is None:
            raise HeatersError("The review page has no token.")
        self._headers["X-CSRFToken"] = found[1].decode()
        self.post("/api/v1/reviewer", {"name": name})

    def queue(self, limit: int) -> list[dict[str, Any]]:
        clips: list[dict[str, Any]] = self.post(f"/api/v1/queue?limit={limit}", {})["clips"]
        return clips

    def decide(self, clip: dict[str, Any], action: str) -> None:
        body = {"action": action, "version": clip["version"]}
        self.post(f"/api/v1/clips/{clip['id']}/decisions?brief=1", body)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Raises HeatersError where it is refused."""
        return json.loads(self._sent("POST", path, json.dumps(body)))

    def _sent(self, method: str, path: str, body: str | None) -> bytes:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._connection.request(method, path, body, self._headers)
                answer = self._connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if not self._patient or time.monotonic() > until:
                    raise
            else:
                if cookie := answer.headers["Set-Cookie"]:
                    self._headers["Cookie"] = cookie.partition(";")[0]
                if answer.status == http.HTTPStatus.OK:
                    return said
                is_fault = answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
                if not (self._patient and is_fault) or time.monotonic() > until:
                    raise HeatersError(f"{method} {path} answered {answer.status}: {said!r}")
            time.sleep(PAUSE_SECONDS)
