"""Which addresses a guarded thread reaches, with real sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.media.download.network_guard import network_guard

URL = "http://example.com/film"
LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture
def door() -> Iterator[tuple[str, int]]:
    """Something that takes connections on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def knock(door: tuple[str, int]) -> None:
    socket.create_connection(door, timeout=5).close()


def test_a_private_address_is_refused_in_one_sentence(door: tuple[str, int]) -> None:
    with network_guard(URL) as guard:
        guard.check()
        with pytest.raises(OSError):
            knock(door)
        with pytest.raises(InputError) as caught:
            guard.check()
    assert str(caught.value) == (
        "http://example.com/film leads to 127.0.0.1, a loopback address: give another address, or "
        "set HEATERS_ALLOWED_NETWORKS if it is meant."
    )
    knock(door)


def test_a_name_is_judged_by_what_it_resolves_to(door: tuple[str, int]) -> None:
    with network_guard(URL) as guard:
        with pytest.raises(OSError):
            knock(("localhost", door[1]))
        with socket.socket() as one, pytest.raises(OSError):
            one.connect(("localhost", door[1]))
        with socket.socket() as one, pytest.raises(OSError):
            one.connect_ex(door)
        with pytest.raises(InputError):
            guard.check()


def test_datagrams_are_held_too() -> None:
    with network_guard(URL), socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(OSError):
        one.sendto(b"hello", ("127.0.0.1", 9))


def test_named_networks_and_the_proxy_pass(door: tuple[str, int]) -> None:
    with network_guard(URL, [ip_network("10.0.0.0/8"), LOOPBACK]) as guard:
        knock(door)
        guard.check()
    with network_guard(URL, proxies=[f"http://user:secret@127.0.0.1:{door[1]}"]) as guard:
        knock(door)
        guard.check()
        with pytest.raises(OSError):
            knock(("127.0.0.1", door[1] - 1))


def test_unix_sockets_pass(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as one:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with network_guard(URL):
            one.connect(str(tmp_path / "s"))


def test_threads_started_within_are_held_and_others_are_not(door: tuple[str, int]) -> None:
    started, opened = threading.Event(), threading.Event()

    def from_elsewhere() -> None:
        started.set()
        assert opened.wait(10)
        knock(door)

    with ThreadPoolExecutor(1) as elsewhere:
        passing = elsewhere.submit(from_elsewhere)
        assert started.wait(10)
        with network_guard(URL), ThreadPoolExecutor(1) as within:
            opened.set()
            with pytest.raises(OSError):
                within.submit(knock, door).result()
            with pytest.raises(OSError), ThreadPoolExecutor(1) as deeper:
                within.submit(lambda: deeper.submit(knock, door).result()).result()
            passing.result()


def test_our_own_calls_in_between_pass(door: tuple[str, int]) -> None:
    with network_guard(URL) as guard:
        with guard.lifted():
            knock(door)
        with pytest.raises(OSError):
            knock(door)


def test_programs_get_no_address() -> None:
    with network_guard(URL) as guard:
        subprocess.run([sys.executable, "-c", ""], check=True)
        guard.check()
        with pytest.raises(OSError):
            subprocess.run([sys.executable, "-c", "", "http://example.com/segment"], check=False)
        with pytest.raises(InputError, match="another program"):
            guard.check()


def test_cutting_ends_a_read_that_waits() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        network_guard(URL, [LOOPBACK]) as guard,
        socket.create_connection(server.getsockname()) as one,
    ):
        cut = threading.Timer(0.1, guard.cut, [HeatersError("Time is up.")])
        cut.start()
        one.settimeout(10)
        assert one.recv(1) == b""
        with pytest.raises(OSError):
            knock(server.getsockname())
        with pytest.raises(HeatersError, match="Time is up"):
            guard.check()
        cut.join()
