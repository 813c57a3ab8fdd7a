"""Keeps a thread away from addresses that the public internet does not reach.

An address given by a stranger must not make this machine talk to its own network: not directly,
not through a redirect, a playlist's segment or a name whose address changes between two looks. So
the check sits where none of these can pass it by: at the socket, on the address that it is about to
connect to, by an audit hook of the interpreter (PEP 578).

The guard holds for the thread that opens it and for every `threading.Thread` that is started by one
that it holds for, though not for threads of `_thread.start_new_thread`: no code that uses that may
run under it. Connections of other threads, to the database or the storage, pass untouched, and so
do Unix sockets. Code in C that opens sockets without Python (libpq, libcurl) is not seen: the
caller must let no such library fetch strangers' addresses. Programs that a guarded thread starts
are not seen either, so one that is handed an address of any kind (`://` in its arguments) is
refused.

With a proxy the connection goes to the proxy, whose own address is let through: which addresses lie
behind it is the proxy's to refuse.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache, wraps
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.networks import Network, held, why_not_public

_PROXY_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080

_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_STARTING_PROGRAM = "subprocess.Popen"
_WATCHED = _CONNECTING | {_STARTING_PROGRAM}


class AddressRefused(OSError):
    """The error that the code under guard sees: a connection that can't be made."""


class NetworkGuard:
    def __init__(self, url: str, allowed: Iterable[Network], proxies: Iterable[str]) -> None:
        self._url = url
        self._allowed = tuple(allowed)
        self._proxies = {end for proxy in proxies for end in _endpoints(proxy)}
        self.failure: HeatersError | None = None
        """The first refusal, or what `cut` was called with."""
        self.wish: timedelta | None = None
        """For how long the server that refused last wants to be left alone."""
        self._sockets: set[tuple[int, int]] = set()

    def check(self) -> None:
        """Raises `failure`: the code under guard may have swallowed its error, or wrapped it."""
        if self.failure:
            raise self.failure

    def cut(self, failure: HeatersError) -> None:
        """Ends every open connection under this guard and refuses new ones: a read that waits
        returns at once."""
        self.failure = self.failure or failure
        for descriptor, inode in tuple(self._sockets):
            with suppress(OSError):
                # Another file may have the number of a closed socket by now.
                if os.fstat(descriptor).st_ino == inode:
                    with socket.socket(fileno=os.dup(descriptor)) as twin:
                        twin.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """No guard, for our own calls in between (progress may go to a database)."""
        thread = threading.current_thread()
        try:
            _guards.pop(thread, None)
            yield
        finally:
            _guards[thread] = self

    def connecting(self, connection: socket.socket, address: Any) -> None:
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or address is None:
            return
        if self.failure:
            raise AddressRefused(str(self.failure))
        host, port = str(address[0]), address[1]
        kind = None if (host, port) in self._proxies else self._why_not(host)
        if kind:
            self._refuse(
                f"{self._url} leads to {host}, {kind}: give another address, or set "
                "HEATERS_ALLOWED_NETWORKS if it is meant."
            )
        self._sockets.add((connection.fileno(), os.fstat(connection.fileno()).st_ino))

    def starting(self, arguments: Any) -> None:
        given = [arguments] if isinstance(arguments, str | bytes) else arguments
        if any("://" in os.fsdecode(each) for each in given):
            self._refuse(
                f"{self._url} can only be fetched by another program, whose connections can't be "
                "checked: download it yourself and add the file."
            )

    def _why_not(self, host: str) -> str | None:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return "a name that was not resolved"
        candidates = {address, held(address)}
        if any(each in network for each in candidates for network in self._allowed):
            return None
        return why_not_public(address)

    def _refuse(self, sentence: str) -> None:
        self.failure = self.failure or InputError(sentence)
        raise AddressRefused(sentence)


@contextmanager
def network_guard(
    url: str, allowed: Iterable[Network] = (), proxies: Iterable[str] = ()
) -> Iterator[NetworkGuard]:
    """Guards this thread, and threads started within, while the context lasts.

    `url` is named in the sentences; `allowed` are the networks that may be reached though they are
    not public; `proxies` are URLs of proxies. Raises InputError for a proxy that can't be found.
    """
    guard = NetworkGuard(url, allowed, proxies)
    _install_hooks()
    thread = threading.current_thread()
    try:
        _guards[thread] = guard
        yield guard
    finally:
        _guards.pop(thread, None)


def _endpoints(proxy: str) -> set[tuple[str, int]]:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        port = parts.port or _PROXY_PORTS.get(parts.scheme, _SOCKS_PORT)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        shown = parts.hostname or "of the settings"
        raise InputError(
            f"The proxy {shown} can't be found: check HEATERS_PROXY, HTTP_PROXY and HTTPS_PROXY."
        ) from None
    return {(str(end[0]), port) for *_, end in found}


_guards: WeakKeyDictionary[threading.Thread, NetworkGuard] = WeakKeyDictionary()


@cache
def _install_hooks() -> None:
    """Once for the process: an audit hook can't be removed. Both hooks do nothing while no guard
    is open."""
    sys.addaudithook(_audit)
    start = threading.Thread.start

    @wraps(start)
    def start_under_guard(thread: threading.Thread) -> None:
        if guard := _guards and _guards.get(threading.current_thread()):
            _guards[thread] = guard
        start(thread)

    # Not every Python that we run on has an audit event for the start of a thread.
    threading.Thread.start = start_under_guard  # type: ignore[assignment]


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _WATCHED or not _guards:
        return
    guard = _guards.get(threading.current_thread())
    if guard is None:
        return
    if event == _STARTING_PROGRAM:
        guard.starting(arguments[1])
    else:
        guard.connecting(*arguments[:2])
