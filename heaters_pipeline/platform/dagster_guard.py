"""What stands before Dagster's web server.

Dagster has no users, and carries out what any page in the same browser asks of it: even mutations
that an image's address holds. Here only its own pages and programs of this machine get through, and
where there are people, only for operators (`dagster_login`).
Browsers say where a request comes from (`Origin`; `Sec-Fetch-Site`, Fetch Metadata), which a page
can't forge, and send JSON to another site only if that site agrees beforehand, which Dagster never
does (Fetch standard, CORS-preflight). Programs send no such headers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, HTTPConnection

from heaters_pipeline.domain.hosts import is_known
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.platform.dagster_login import Login

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

READING = ("GET", "HEAD")
GRAPHQL = "graphql"
NO_FRAMES = [(b"x-frame-options", b"DENY"), (b"content-security-policy", b"frame-ancestors 'none'")]
"""No page may show Dagster in a frame, where clicks could be led astray."""

POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1

HEALTH = "/server_info"
"""Tells versions to anybody: `heaters up` asks for it until it answers."""

STILL_SECONDS = 5
"""For so long a WebSocket goes on without a look at whether its session has ended."""

log = logging.getLogger("heaters.dagster")


class Refusal(NamedTuple):
    status: HTTPStatus
    sentence: str
    location: str = ""
    """Where to go instead."""


FOREIGN = Refusal(HTTPStatus.FORBIDDEN, "Dagster answers its own pages and programs only.")


class Guard:
    """An ASGI app that hands on to `app` what may reach it. `names`: under which it is known."""

    def __init__(self, app: App, names: Collection[str], login: Login) -> None:
        self._app = app
        self._names = names
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # `lifespan`, which is no request
            await self._app(scope, receive, send)
            return
        refusal = refused(scope, self._names) or await self._refused_somebody(scope)
        if refusal is None and scope["type"] == "websocket":
            await self._converse(scope, receive, send)
            return
        if refusal is None:
            with suppress(ClientDisconnect):  # whoever closes a page early is no error of ours
                await self._app(scope, receive, _without_frames(send))
            return
        log.warning("Refused %s: %s", _told(scope), refusal.sentence)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        body = f"{refusal.sentence}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            *([(b"location", refusal.location.encode())] if refusal.location else []),
            *NO_FRAMES,
        ]
        start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _refused_somebody(self, scope: Scope) -> Refusal | None:
        """Why the one who asks does not get through."""
        if scope["path"] == HEALTH and scope.get("method") in READING:
            return None
        connection = HTTPConnection(scope)
        role = await asyncio.to_thread(self._login.role_of, connection)
        if role is None:
            where = self._login.address(connection)
            sentence = f"Dagster is for operators: sign in at {where}."
            opens = scope["type"] == "http" and _header(scope, b"sec-fetch-mode") == "navigate"
            status = HTTPStatus.SEE_OTHER if opens else HTTPStatus.UNAUTHORIZED
            return Refusal(status, sentence, where if opens else "")
        if not role.reaches(Role.OPERATOR):
            return Refusal(
                HTTPStatus.FORBIDDEN,
                f"Your role is {role}; Dagster takes an operator: ask an admin.",
            )
        return None

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket, until whoever opened it may no more."""
        seen, is_over = time.monotonic(), False

        async def ends() -> bool:
            nonlocal seen, is_over
            if not is_over and time.monotonic() > seen + STILL_SECONDS:
                seen = time.monotonic()
                if await self._refused_somebody(scope) is not None:
                    is_over = True
                    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return is_over

        async def receiving() -> Message:
            message = await receive()
            return {"type": "websocket.disconnect"} if await ends() else message

        async def sending(message: Message) -> None:
            if not await ends():
                await send(message)

        await self._app(scope, receiving, sending)


def refused(scope: Scope, names: Collection[str]) -> Refusal | None:
    """Why a request does not get through; None if it does. `scope` is ASGI's, of a request by HTTP
    or WebSocket."""
    host = _header(scope, b"host")
    if not is_known(host, names):
        return Refusal(
            HTTPStatus.BAD_REQUEST,
            "Dagster is not known by this name: add it to HEATERS_TRUSTED_HOSTS.",
        )
    origin = _header(scope, b"origin")
    if origin and origin.partition("://")[2].lower() != host.lower():
        return FOREIGN
    is_graphql = scope["path"].strip("/") == GRAPHQL
    ours = _header(scope, b"sec-fetch-site") in ("", "same-origin", "none")
    if not ours and (is_graphql or not _opens_page(scope)):
        return FOREIGN
    if is_graphql and scope["type"] == "http":
        return _refused_graphql(scope)
    return None


def _refused_graphql(scope: Scope) -> Refusal | None:
    """Questions come as JSON by POST. A GET without a question shows Dagster's playground."""
    if scope["method"] == "POST":
        kind = _header(scope, b"content-type").partition(";")[0].strip().lower()
        if kind != "application/json":
            return Refusal(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send GraphQL as JSON (application/json)."
            )
    elif "query" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "Send GraphQL by POST.")
    return None


def _opens_page(scope: Scope) -> bool:
    """Whether a person follows a link to a page of its own, which changes nothing."""
    return (
        scope["type"] == "http"
        and scope["method"] in READING
        and _header(scope, b"sec-fetch-mode") == "navigate"
        and _header(scope, b"sec-fetch-dest") == "document"
    )


def _header(scope: Scope, name: bytes) -> str:
    """Its value; all of them where it is repeated, which then equals none that counts."""
    found = [value for key, value in scope["headers"] if key.lower() == name]
    return b", ".join(found).decode("latin-1")


def _told(scope: Scope) -> str:
    method = scope["method"] if scope["type"] == "http" else "WebSocket"
    host, origin = (_header(scope, name) or "none" for name in (b"host", b"origin"))
    return f"{method} {scope['path']} (host {host}, origin {origin})"


def _without_frames(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *NO_FRAMES]}
        await send(message)

    return sending
