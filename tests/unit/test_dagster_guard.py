"""Who gets through to Dagster, where there are people; the rest is tried against Dagster itself
(`tests/browser/test_dagster_guard.py`)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heaters_pipeline.domain.roles import Role
from heaters_pipeline.platform import dagster_guard
from heaters_pipeline.platform.dagster_guard import Guard, Message, Receive, Scope, Send

LOGIN = "https://films.example:8765/login"
PAGE = [(b"host", b"localhost"), (b"sec-fetch-mode", b"navigate")]
SCRIPT = [(b"host", b"localhost"), (b"sec-fetch-mode", b"cors")]


class Login:
    def __init__(self, *roles: Role | None) -> None:
        self._roles = list(roles)

    def role_of(self, _: object) -> Role | None:
        return self._roles.pop(0)

    def address(self, _: object) -> str:
        return LOGIN


def answers(login: Any, headers: list[tuple[bytes, bytes]], path: str = "/runs") -> list[Message]:
    """What a GET is answered, by an app behind the guard that says 200."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
    scope |= {"query_string": b"", "client": ("127.0.0.1", 1)}
    asyncio.run(Guard(app, {"localhost"}, login)(scope, app, send))
    return sent


@pytest.mark.parametrize(
    ("role", "headers", "status"),
    [
        (Role.ADMIN, PAGE, 200),
        (Role.OPERATOR, PAGE, 200),
        (Role.REVIEWER, PAGE, 403),
        (None, PAGE, 303),
        (None, SCRIPT, 401),
    ],
)
def test_operators_get_through(
    role: Role | None, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    start, *body = answers(Login(role), headers)
    assert start["status"] == status
    if status == 303:
        assert (b"location", LOGIN.encode()) in start["headers"]
    if status == 403:
        assert (
            body[0]["body"] == b"Your role is reviewer; Dagster takes an operator: ask an admin.\n"
        )


def test_whether_it_answers_is_told_to_anybody() -> None:
    assert answers(Login(), PAGE, "/server_info")[0]["status"] == 200


def test_a_websocket_ends_with_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagster_guard, "STILL_SECONDS", -1)
    sent: list[str] = []
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for text in ("first", "second", "third"):
            await send({"type": "websocket.send", "text": text})
        heard.append((await receive())["type"])

    async def send(message: Message) -> None:
        sent.append(message.get("text") or message["type"])

    async def receive() -> Message:
        return {"type": "websocket.receive", "text": "{}"}

    scope = {"type": "websocket", "path": "/graphql", "headers": [(b"host", b"localhost")]}
    login: Any = Login(Role.OPERATOR, Role.OPERATOR, None)
    asyncio.run(Guard(app, {"localhost"}, login)(scope, receive, send))
    assert sent == ["first", "websocket.close"]
    assert heard == ["websocket.disconnect"]
