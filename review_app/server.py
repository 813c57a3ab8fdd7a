"""The web server: waitress, set so that a client that is slow holds a connection, and no thread; by
https where there is a certificate."""

from __future__ import annotations

import resource
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from flask import Flask
from waitress.server import MultiSocketServer, TcpWSGIServer, create_server

from review_app.downloads import BUFFERED_BYTES
from review_app.senders import Channel
from review_app.services import Services
from review_app.tls import TlsChannel
from review_app.uploads.tus import LONGEST_CHUNK

THREADS = 16
"""A page sends three requests at a time."""

CONNECTIONS = 4000
"""Idle ones count; each is a file descriptor. Above it, new ones wait."""

SHARE = 0.75
"""Of these for one address: others always find some."""

OTHER_FILES = 200
"""File descriptors of everything else: Postgres, objects, uploads."""

MEMORY_BYTES = 256 << 10
"""Of an answer's buffer; the rest lies in a temporary file."""

RECEIVE_BYTES = 1 << 18
"""Read of an upload at a time: waitress' own 8 KiB cost 2.6 times the processor time."""


def open_server(
    app: Flask,
    host: str,
    port: int,
    *,
    trusted_proxies: int = 0,
    tls: ssl.SSLContext | None = None,
) -> MultiSocketServer | TcpWSGIServer:
    """Listens at once; `run()` answers, until `close()`."""
    connections = min(CONNECTIONS, _file_descriptors() - OTHER_FILES)
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=connections,
        # select, the default, knows no descriptor above 1,023.
        asyncore_use_poll=True,
        outbuf_high_watermark=BUFFERED_BYTES,
        outbuf_overflow=MEMORY_BYTES,
        # Waitress refuses a body of this size already.
        max_request_body_size=LONGEST_CHUNK + 1,
        recv_bytes=RECEIVE_BYTES,
        ident=None,
        # Else waitress takes the headers away before the app reads them (`proxies`).
        clear_untrusted_proxy_headers=trusted_proxies == 0,
        url_scheme="https" if tls else "http",
    )
    senders = cast(Services, app.extensions["heaters"]).senders
    channel: Callable[..., object] = partial(Channel, senders=senders)
    if tls:
        channel = partial(TlsChannel, senders=senders, context=tls)
    if trusted_proxies == 0:  # a proxy's connections are those of all
        channel = partial(_accept, channel, round(SHARE * connections))
    listening = server.map.values() if isinstance(server, MultiSocketServer) else [server]
    for each in listening:
        if isinstance(each, TcpWSGIServer):
            each.channel_class = channel
    return server


def _accept(
    channel: Callable[..., object],
    most: int,
    server: TcpWSGIServer,
    connection: socket.socket,
    address: tuple[str, int],
    *rest: Any,
    **named: Any,
) -> None:
    """Begins a channel, unless the address has `most` connections already."""
    others = server.active_channels
    if len(others) >= most and sum(each.addr[0] == address[0] for each in others.values()) >= most:
        connection.close()
    else:
        channel(server, connection, address, *rest, **named)


def _file_descriptors() -> int:
    """As many as the process may have; it gets them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted
