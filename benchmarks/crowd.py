"""Slow clients by the hundreds, in a process of their own: `python -m benchmarks.crowd KIND ..`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import NamedTuple

READY = "ready"
"""Written once all have begun."""

DRIP_SECONDS = 1.0
UPLOAD_BYTES = 20_000_000_000
PIECE_BYTES = 8 << 20
READ_BYTES = 1 << 16
PLAYER_SECONDS = 1.2
"""That a reviewer looks at a clip."""


class Target(NamedTuple):
    host: str
    port: int
    run: str
    """The path of a run of 250 frames."""
    clip: str
    """The path of the frames of a clip of three seconds."""
    file: str
    """The path of a whole proxy."""


Begun = Callable[[], object]


async def idle(target: Target, begun: Begun) -> None:
    """Connects and says nothing."""
    _reader, _writer = await _connect(target)
    begun()
    await _for_ever()


async def slow_head(target: Target, begun: Begun) -> None:
    """Sends its headers byte by byte."""
    head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
    await _drip(target, head, begun)


async def slow_body(target: Target, begun: Begun) -> None:
    """Sends what it announced byte by byte."""
    head = "POST /api/v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    await _drip(target, head, begun)


async def stalled_run(target: Target, begun: Begun) -> None:
    """Asks for 250 frames, and reads no more than the headers."""
    await _ask_and_stop(target, target.run, begun)


async def stalled_file(target: Target, begun: Begun) -> None:
    """Asks for a whole proxy, and reads no more than the headers."""
    await _ask_and_stop(target, target.file, begun)


async def player(target: Target, begun: Begun) -> None:
    """Asks for one clip after the other, and reads it."""
    reader, writer = await _connect(target)
    begun()
    while True:
        writer.write(_request(target.clip))
        left = _content_length(await reader.readuntil(b"\r\n\r\n"))
        while left:
            left -= len(await reader.read(min(left, READ_BYTES)))
        await asyncio.sleep(PLAYER_SECONDS)


async def upload(target: Target, begun: Begun) -> None:
    """Sends 20 GB by the tus protocol (`review_app.uploads.tus`), as fast as they are taken."""
    reader, writer = await _connect(target)
    common = "Host: localhost\r\nTus-Resumable: 1.0.0\r\n"
    writer.write(
        f"POST /sources HTTP/1.1\r\n{common}Upload-Length: {UPLOAD_BYTES}\r\n"
        "Upload-Metadata: filename ZmlsbS5tcDQ=\r\nContent-Length: 0\r\n\r\n".encode()
    )
    location = _header(await reader.readuntil(b"\r\n\r\n"), "Location")
    writer.close()
    begun()
    piece = bytes(PIECE_BYTES)
    for offset in range(0, UPLOAD_BYTES, PIECE_BYTES):
        # The server closes the connection after an answer without a body.
        reader, writer = await _connect(target)
        writer.write(
            f"PATCH {location} HTTP/1.1\r\n{common}Upload-Offset: {offset}\r\n"
            "Content-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {PIECE_BYTES}\r\n\r\n".encode()
        )
        writer.write(piece)
        await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 204 " not in answer:
            raise RuntimeError(answer.decode())
        writer.close()


KINDS = {
    each.__name__: each
    for each in (idle, slow_head, slow_body, stalled_run, stalled_file, player, upload)
}


async def gather(target: Target, numbers: dict[str, int]) -> None:
    """Starts as many of each kind; ends with an error where one of them ends."""
    begun = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        for kind, number in numbers.items():
            for _ in range(number):
                group.create_task(KINDS[kind](target, begun.release))
                await begun.acquire()
        print(READY, flush=True)


async def _connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # A small limit: else the reader takes an answer in that nobody reads.
    return await asyncio.open_connection(target.host, target.port, limit=READ_BYTES)


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _drip(target: Target, head: str, begun: Begun) -> None:
    _reader, writer = await _connect(target)
    writer.write(head.encode())
    begun()
    while True:
        writer.write(b"x")
        await asyncio.sleep(DRIP_SECONDS)


async def _ask_and_stop(target: Target, path: str, begun: Begun) -> None:
    reader, writer = await _connect(target)
    writer.write(_request(path))
    await reader.readuntil(b"\r\n\r\n")
    begun()
    await _for_ever()


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def _content_length(head: bytes) -> int:
    return int(_header(head, "Content-Length"))


def _header(head: bytes, name: str) -> str:
    for line in head.decode().splitlines():
        found, _, value = line.partition(": ")
        if found.lower() == name.lower():
            return value
    raise RuntimeError(f"No {name} in {head.decode()}")


if __name__ == "__main__":
    host, port, run, clip, file, *numbers = sys.argv[1:]
    wanted = dict(zip(numbers[::2], map(int, numbers[1::2]), strict=True))
    asyncio.run(gather(Target(host, int(port), run, clip, file), wanted))
