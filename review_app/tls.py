"""https for waitress, which has none: each connection is wrapped and stays non-blocking, so that a
slow client holds no thread here, either."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from heaters_pipeline.domain.errors import InputError
from review_app.senders import Channel

_WAITS = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

RECORD_BYTES = 1 << 14


class _NothingYet(Exception):
    """TLS has received something, and nothing for the app."""


def open_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Raises InputError for files that are no certificate and its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"HEATERS_TLS_CERT {cert} and HEATERS_TLS_KEY {key} are no certificate and its key: "
            f"{error}."
        ) from error
    return context


class TlsChannel(Channel):
    """A connection by https. The handshake is part of the first reads and writes. Threads send
    while the loop receives, and OpenSSL allows one of them at a time."""

    def __init__(
        self, server: Any, sock: Any, *others: Any, context: ssl.SSLContext, **named: Any
    ) -> None:
        self._alone = Lock()
        try:
            sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError:  # the client has gone already
            sock, self.will_close = socket.socket(), True
        super().__init__(server, sock, *others, **named)

    def handle_read(self) -> None:
        with suppress(_NothingYet):
            super().handle_read()

    def recv(self, size: int) -> bytes:
        """Several records, as each has 16 KiB at most, and all of the last one: nothing tells the
        loop of bytes that TLS has taken from the connection already."""
        received = bytearray()
        try:
            while len(received) < size or self.socket.pending():
                with self._alone:
                    part = self.socket.recv(max(RECORD_BYTES, size - len(received)))
                if not part:
                    break
                received += part
        except _WAITS:
            if not received:
                raise _NothingYet from None
        except OSError:  # no TLS, or not ours, or the client has gone
            received.clear()
        if not received:
            self.handle_close()
        return bytes(received)

    def send(self, data: bytes, do_close: bool = True) -> int:
        try:
            with self._alone:
                return int(self.socket.send(data))
        except _WAITS:
            pass
        except OSError:
            if do_close:
                self.handle_close()
        return 0
