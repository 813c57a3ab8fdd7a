"""The review app by https: waitress with wrapped connections, and the certificate that Heaters
makes where there is no other."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPSConnection
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, request, url_for

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.platform.certificate import Certificate, own_certificate
from heaters_pipeline.platform.sharing import shared
from heaters_pipeline.settings import Settings
from review_app.senders import Senders
from review_app.server import THREADS, open_server
from review_app.tls import open_context

LARGE = os.urandom(3 << 20)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return own_certificate(tmp_path_factory.mktemp("home"), ["127.0.0.1", "localhost"])


@pytest.fixture(scope="module")
def port(made: Certificate) -> Iterator[int]:
    """Where an app answers that takes and gives large bodies."""
    app = Flask("large")
    app.extensions["heaters"] = SimpleNamespace(senders=Senders(set, is_private=True))
    app.add_url_rule("/large", "large", lambda: LARGE)
    app.add_url_rule("/where", "where", lambda: url_for("where", _external=True))
    app.add_url_rule("/digest", "digest", digest_of_body, methods=["POST"])
    server = open_server(app, "127.0.0.1", 0, tls=open_context(made.cert, made.key))
    threading.Thread(target=server.run, daemon=True).start()
    yield int(server.effective_port)
    server.close()


def digest_of_body() -> str:
    return hashlib.sha256(request.get_data()).hexdigest()


def ask(made: Certificate, port: int, method: str, path: str, body: bytes = b"") -> bytes:
    """With the certificate checked."""
    trusting = ssl.create_default_context(cafile=str(made.cert))
    connection = HTTPSConnection("localhost", port, context=trusting, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def test_large_bodies_pass_both_ways_for_many_at_once(made: Certificate, port: int) -> None:
    assert ask(made, port, "GET", "/where") == f"https://localhost:{port}/where".encode()
    digest = hashlib.sha256(LARGE).hexdigest().encode()
    with ThreadPoolExecutor(6) as crowd:
        got = crowd.map(lambda _: ask(made, port, "GET", "/large"), range(6))
        sent = crowd.map(lambda _: ask(made, port, "POST", "/digest", LARGE), range(6))
        assert all(each == LARGE for each in got)
        assert all(each == digest for each in sent)


def test_clients_that_stop_in_the_handshake_or_speak_no_tls_hold_up_nobody(
    made: Certificate, port: int
) -> None:
    with ExitStack() as open_until_the_end:
        for words in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n") * (THREADS + 1):
            client = socket.create_connection(("127.0.0.1", port))
            open_until_the_end.callback(client.close)
            client.sendall(words)
        assert ask(made, port, "GET", "/where")
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        open_until_the_end.callback(plain.close)
        plain.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            assert not plain.recv(1 << 16).startswith(b"HTTP")
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(
            socket.create_connection(("127.0.0.1", port)), server_hostname="localhost"
        )
    assert ask(made, port, "GET", "/where")


def test_a_second_start_finds_the_certificate_of_the_first(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, ["127.0.0.1", "localhost"])
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.key.parent.stat().st_mode) == 0o700
    assert own_certificate(tmp_path, ["localhost"]) == first
    moved = own_certificate(tmp_path, ["localhost", "10.0.0.7"])
    assert moved.fingerprint != first.fingerprint
    first.cert.write_text("broken")
    assert own_certificate(tmp_path, ["localhost"]).fingerprint != moved.fingerprint
    open_context(moved.cert, moved.key)


def test_sharing_serves_other_machines_by_https(settings: Settings) -> None:
    found = shared(settings)
    assert (found.settings.host, found.settings.opened_by) == ("0.0.0.0", "HEATERS_HOST")
    assert found.settings.local_address == f"https://127.0.0.1:{settings.review_port}"
    assert found.settings.public_address.startswith("https://")
    assert shared(settings).fingerprint == found.fingerprint
    own = {"tls_cert": Path("/a.pem"), "tls_key": Path("/b.pem"), "host": "10.0.0.7"}
    assert shared(settings.model_copy(update=own)) == (settings.model_copy(update=own), None)
    with pytest.raises(InputError, match="a proxy serves other machines"):
        shared(settings.model_copy(update={"trusted_proxies": 1}))
    with pytest.raises(InputError, match="are no certificate and its key"):
        open_context(Path("/a.pem"), Path("/b.pem"))
