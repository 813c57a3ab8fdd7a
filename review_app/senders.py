"""Who may send a large body, and where a request ends. Waitress hands over whole requests only:
what a stranger sends would lie on the disk before the app could refuse it. So this is judged by the
headers, where the server reads them; it asks no database there, as all others wait for it
meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Request
from sqlalchemy.exc import SQLAlchemyError
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import Error

from review_app.proxies import browser_address

LARGEST_OF_STRANGERS = 1 << 20
"""Bytes; forms are smaller."""

KNOWN_SECONDS = 3600.0
MOST_ADDRESSES = 10_000
ASK_SECONDS = 5.0


class Senders:
    """The addresses from which somebody has sent a request lately who may: an upload begins with a
    small one. That may have gone to another review app, so `others` gives the addresses from which
    uploads were announced anywhere. Behind `proxies` that are trusted, all are addresses of
    browsers, as these say them."""

    def __init__(
        self, others: Callable[[], Iterable[str]], *, is_private: bool, proxies: int = 0
    ) -> None:
        self._others = others
        self._is_private = is_private
        self._proxies = proxies
        self._until: dict[str, float] = {}
        self._asked = -ASK_SECONDS
        self._asking = threading.Thread()

    def note(self, request: Request) -> None:
        """Of whoever has signed in, or brings a token."""
        self._know(request.remote_addr or "")

    def _know(self, address: str) -> None:
        if len(self._until) >= MOST_ADDRESSES:
            self._until.clear()
        self._until[address] = time.monotonic() + KNOWN_SECONDS

    def are_known(self, connected: str, forwarded: str) -> bool | None:
        """`connected`: the other end of the connection; `forwarded`: the header X-Forwarded-For.
        None where the others are being asked: the same request knows more in a moment."""
        address = browser_address(connected, forwarded, self._proxies)
        if self._is_private or self._until.get(address, 0) > time.monotonic():
            return True
        if time.monotonic() > self._asked + ASK_SECONDS:
            self._asked = time.monotonic()
            self._asking = threading.Thread(target=self._ask_others, daemon=True)
            self._asking.start()
        return None if self._asking.is_alive() else False

    def _ask_others(self) -> None:
        with suppress(SQLAlchemyError):
            for address in self._others():
                self._know(address)


class _SignInFirst(Error):  # type: ignore[misc]
    code = HTTPStatus.UNAUTHORIZED.value
    reason = HTTPStatus.UNAUTHORIZED.phrase


class _AskAgain(Error):  # type: ignore[misc]
    code = HTTPStatus.SERVICE_UNAVAILABLE.value
    reason = HTTPStatus.SERVICE_UNAVAILABLE.phrase


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Ends a request with its headers where nobody there may send what they announce, or where
    they say in two ways, or in one that its version of HTTP lacks, where it ends: a proxy before
    the app may see another end (RFC 9112, 6.1 and 6.3)."""

    def __init__(self, adjustments: Any, *, senders: Senders, address: str) -> None:
        super().__init__(adjustments)
        self._senders = senders
        self._address = address

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if "TRANSFER_ENCODING" in self.headers or (
            self.chunked and "CONTENT_LENGTH" in self.headers
        ):  # of HTTP/1.1, waitress takes the first of these headers away
            raise ParsingError("Where this request ends can't be told for sure.")
        is_large = self.chunked or self.content_length > LARGEST_OF_STRANGERS
        forwarded = self.headers.get("X_FORWARDED_FOR", "")
        if is_large and not (is_known := self._senders.are_known(self._address, forwarded)):
            to_come = _AskAgain("Send it again in a moment.")
            self.error = to_come if is_known is None else _SignInFirst("Sign in, then send it.")
            self.expect_continue, self.completed = False, True


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection, whose requests are read by `_Parser`."""

    def __init__(self, *given: Any, senders: Senders, **named: Any) -> None:
        _server, _socket, (address, *_), *_ = given
        self.parser_class = partial(_Parser, senders=senders, address=address)
        super().__init__(*given, **named)
