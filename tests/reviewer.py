"""A reviewer's browser without its pages."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient


class Reviewer:
    """A browser's view of the API: cookies, and the token that every write needs."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        page = self.client.get("/review").get_data(as_text=True)
        found = re.search(r'name="csrf" content="([^"]+)"', page)
        assert found
        self.token = found[1]
        self.page: str | None = None
        """What its requests name as their page; None: nothing, as programs do."""

    def queue(self, **query: Any) -> list[dict[str, Any]]:
        return list(self.lease(**query)["clips"])

    def lease(self, **query: Any) -> dict[str, Any]:
        """The whole answer of the queue."""
        answer = self.post("/api/v1/queue", {}, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return dict(answer.get_json())

    def post(self, url: str, body: dict[str, Any], **query: Any) -> Any:
        headers = {"X-CSRFToken": self.token, **self._page()}
        return self.client.post(url, query_string=query, json=body, headers=headers)

    def _page(self) -> dict[str, str]:
        return {} if self.page is None else {"X-Heaters-Page": self.page}

    def clip(self, clip_id: int) -> dict[str, Any]:
        """As it is now."""
        (found,) = self.queue(clip=clip_id)
        return found

    def decide(self, clip: dict[str, Any], action: str, **fields: Any) -> Any:
        body = {"action": action, "version": clip["version"], **fields}
        return self.post(f"/api/v1/clips/{clip['id']}/decisions", body)
