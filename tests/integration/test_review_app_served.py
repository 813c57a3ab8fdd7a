"""The review app as people run it: `python -m review_app` in a process of its own, by itself and
behind reverse proxies."""

from __future__ import annotations

import csv
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from io import StringIO
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import open_storage
from review_app.senders import LARGEST_OF_STRANGERS
from review_app.server import THREADS, open_server
from tests.people import PASSWORD, add_people, csrf_token
from tests.rows import ready_video

SITE = "films.example.org"
FORWARDED = {"X-Forwarded-For": "10.0.0.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": SITE}
"""What a proxy that ends TLS says of a request to https://films.example.org."""
CLIP_FILE = "clips/1/clip.mp4"


class Server:
    """The app in a process of its own, and one browser's session with it."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.cookie = ""

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[HTTPResponse, str]:
        return self.send("GET", path, headers)

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection(self.host, self.port, timeout=20)
        connection.request(method, path, body, {"Cookie": self.cookie, **(headers or {})})
        answer = connection.getresponse()
        self.cookie = (answer.headers["Set-Cookie"] or self.cookie).partition(";")[0]
        return answer, answer.read().decode()


@contextmanager
def serving(
    host: str = "127.0.0.1", log: Path = Path(os.devnull), **environment: str
) -> Iterator[Server]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "review_app"],
        env={
            **os.environ,
            "HEATERS_HOST": host,
            "HEATERS_REVIEW_PORT": str(port),
            **environment,
        },
        stderr=log.open("wb"),
    )
    try:
        end = time.monotonic() + 60
        while socket.socket(family).connect_ex((host, port)):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        yield Server(host, port)
    finally:
        process.kill()  # a worker of pytest-xdist ignores SIGTERM, and so do its children
        process.wait()


@pytest.fixture
def exported(settings: Settings) -> Clip:
    """A clip with a file."""
    engine = open_engine(str(settings.database_url))
    _, (clip, *_) = ready_video(engine)
    facts = {"state": "embedded", "is_virtual": False, "clip_filepath": CLIP_FILE}
    facts |= {"exported_frames": clip.frames.as_json()}
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == clip.id).values(**facts))
    engine.dispose()
    return clip


def link(server: Server, headers: dict[str, str]) -> str:
    """Where the CSV of the library says that the clip's file is."""
    answer, text = server.get("/library.csv", headers)
    assert answer.status == 200
    (line,) = csv.DictReader(StringIO(text, newline=""))
    return line["file"]


def sign_in(server: Server, headers: dict[str, str]) -> None:
    _, page = server.get("/login", headers)
    form = {"name": "ann", "password": PASSWORD, "csrf_token": csrf_token(page)}
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"https://{SITE}/login",
        **headers,
    }
    assert server.send("POST", "/login", sent, urlencode(form))[0].status == 303


def release(server: Server, headers: dict[str, str]) -> int:
    """A write of the review page that was loaded with the FORWARDED headers."""
    _, page = server.get("/review", FORWARDED)
    ours = {"Content-Type": "application/json", "X-CSRFToken": csrf_token(page)}
    answer, _ = server.send("POST", "/api/v1/release", ours | FORWARDED | headers, "{}")
    return answer.status


@pytest.fixture
def ann(engine: Engine) -> None:
    """Where others reach the app there is an admin."""
    add_people(engine, ann=Role.ADMIN)


def test_behind_a_proxy_it_knows_the_browsers_address(exported: Clip, ann: None) -> None:
    public = f"https://{SITE}/clips/clip-{exported.id}.mp4"
    with serving(HEATERS_TRUSTED_PROXIES="1", HEATERS_TRUSTED_HOSTS=SITE) as server:
        sign_in(server, FORWARDED)
        assert link(server, FORWARDED) == public
        # The proxy appends; what stands before is the client's own.
        forged = {"X-Forwarded-Host": f"evil.example, {SITE}", "X-Forwarded-Proto": "http, https"}
        assert link(server, FORWARDED | forged) == public
        answer, said = server.get("/library", FORWARDED | {"X-Forwarded-Host": "evil.example"})
        assert (answer.status, "HEATERS_TRUSTED_HOSTS" in said) == (400, True)
        below = link(server, FORWARDED | {"X-Forwarded-Prefix": "/heaters"})
        assert below == f"https://{SITE}/heaters/clips/clip-{exported.id}.mp4"

        server.cookie = ""
        answer, _ = server.get("/login", FORWARDED)
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")

        sign_in(server, FORWARDED)
        ours = {"Referer": f"https://{SITE}/review", "Sec-Fetch-Site": "same-origin"}
        assert release(server, ours) == 200
        assert release(server, ours | {"Referer": "https://evil.example/review"}) == 400
        assert release(server, ours | {"Sec-Fetch-Site": "cross-site"}) == 403


def test_behind_two_proxies_it_believes_both(exported: Clip, ann: None) -> None:
    both = {"X-Forwarded-Host": f"{SITE}, inner.example", "X-Forwarded-Proto": "https, http"}
    with serving(HEATERS_TRUSTED_PROXIES="2", HEATERS_TRUSTED_HOSTS=SITE) as server:
        sign_in(server, both)
        assert link(server, both) == f"https://{SITE}/clips/clip-{exported.id}.mp4"


def test_without_a_proxy_it_believes_no_header(exported: Clip) -> None:
    with serving() as server:
        here = f"http://127.0.0.1:{server.port}/clips/clip-{exported.id}.mp4"
        assert link(server, FORWARDED) == here
        standard = {"Forwarded": f"for=10.0.0.7;proto=https;host={SITE}"}
        assert link(server, FORWARDED | standard | {"X-Forwarded-Prefix": "/heaters"}) == here
        server.cookie = ""
        answer, _ = server.get("/review", FORWARDED)
        assert "Secure" not in answer.headers["Set-Cookie"].split("; ")
        assert release(server, {"Sec-Fetch-Site": "same-origin"}) == 200
        assert release(server, {"Sec-Fetch-Site": "cross-site"}) == 403


PAGES = ("/review", "/sources", "/library", "/statistics", "/healthz", "/nowhere", "/api/v1/queue")


def test_an_untrusted_name_is_refused_in_one_sentence_and_one_line(
    settings: Settings, ann: None, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(log=log, HEATERS_TRUSTED_HOSTS=SITE) as server:
        # `heaters up` asks by address whether the app answers.
        assert server.get("/healthz")[0].status == 200
        assert server.get("/login", {"Host": SITE})[0].status == 200
        before = len(log.read_text().splitlines())
        for path in PAGES:
            answer, said = server.get(f"{path}%0aforged", {"Host": "evil.example"})
            assert answer.status == 400
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert said.splitlines() == [
                "The review app is not known by this name: add it to HEATERS_TRUSTED_HOSTS."
            ]
        lines = log.read_text().splitlines()[before:]
    assert [re.findall(r" (/\S*) of host evil.example,", line) for line in lines] == [
        [rf"{path}\nforged"] for path in PAGES
    ]


def test_it_listens_on_ipv6(settings: Settings) -> None:
    with serving("::1") as server:
        assert server.get("/sources")[0].status == 200
        assert server.get("/sources", {"Host": "evil.example"})[0].status == 400


def test_without_a_database_it_says_what_to_do(heaters_home: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "review_app"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr == (
        "The review app has no database: run `heaters up`, which starts one and the review app "
        "with it, or set DATABASE_URL.\n"
    )


def test_of_strangers_no_large_body_is_taken(settings: Settings, ann: None) -> None:
    size = 2 * LARGEST_OF_STRANGERS

    def sent(server: Server, length: str, browser: str = "10.0.0.7") -> bytes:
        """The answer to headers that announce a body, of which nothing comes. The proxy adds the
        browser's address to what the browser says."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
            head = f"POST /sources HTTP/1.1\r\nHost: {SITE}\r\nExpect: 100-continue\r\n"
            head += f"X-Forwarded-For: 10.0.0.7, {browser}\r\n"
            client.sendall(f"{head}{length}\r\n\r\n".encode())
            return client.recv(12)

    with serving(HEATERS_TRUSTED_PROXIES="1", HEATERS_TRUSTED_HOSTS=SITE) as server:
        while (answer := sent(server, f"Content-Length: {size}")) == b"HTTP/1.1 503":
            time.sleep(0.05)  # it asks what other apps know
        assert answer == b"HTTP/1.1 401"
        assert sent(server, "Transfer-Encoding: chunked") == b"HTTP/1.1 401"
        small = f"Content-Length: {LARGEST_OF_STRANGERS}"
        assert sent(server, small) == b"HTTP/1.1 100"
        sign_in(server, FORWARDED)
        server.get("/review", FORWARDED)
        assert sent(server, f"Content-Length: {size}") == b"HTTP/1.1 100"
        assert sent(server, f"Content-Length: {size}", "10.0.0.8") == b"HTTP/1.1 401"


def test_clients_that_are_slow_hold_up_nobody(
    settings: Settings, exported: Clip, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(64 << 20)  # no socket takes that in by itself
    open_storage(settings.storage_url, settings.home).put(film, CLIP_FILE)
    path = f"/clips/clip-{exported.id}.mp4"
    with serving() as server, ExitStack() as open_connections:

        def connect(said: str) -> socket.socket:
            client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            open_connections.enter_context(client)
            client.sendall(said.encode())
            return client

        for _ in range(300):
            connect("")
        for _ in range(20):
            connect(
                "POST /api/v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
            )
        readers = [
            connect(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(THREADS + 4)
        ]
        for reader in readers:
            assert reader.recv(12) == b"HTTP/1.1 200"
        answer, _ = server.get("/healthz")
        assert answer.status == 200
        answer, content = server.get(path, {"Range": "bytes=67108860-"})
        assert (answer.status, content) == (206, "\0\0\0\0")


def test_one_address_never_takes_all_connections(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.server.CONNECTIONS", 40)
    server = open_server(app, "127.0.0.1", 0)
    running = Thread(target=server.run, daemon=True)
    running.start()
    place = ("127.0.0.1", server.effective_port)
    with ExitStack() as held:
        closed = 0
        for _ in range(35):
            greedy = held.enter_context(socket.create_connection(place, timeout=20))
            greedy.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                closed += greedy.recv(1) == b""
            except ConnectionResetError:
                closed += 1
        assert closed == 5
        other = HTTPConnection(*place, timeout=20, source_address=("127.0.0.2", 0))
        other.request("GET", "/healthz", headers={"Host": "localhost"})
        assert other.getresponse().status == 200
        other.close()
    server.close()
    running.join(20)


HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""A second request, in what a proxy may take for the body of the first."""

LENGTH = f"Content-Length: {len(HIDDEN)}"
CHUNKED = "Transfer-Encoding: chunked"
ODD_FRAMES = {
    "a length and chunks": f"HTTP/1.1\r\n{LENGTH}\r\n{CHUNKED}\r\n\r\n0\r\n\r\n",
    "chunks and a length": f"HTTP/1.1\r\n{CHUNKED}\r\n{LENGTH}\r\n\r\n0\r\n\r\n",
    "chunks in 1.0": f"HTTP/1.0\r\n{CHUNKED}\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
    "two lengths": f"HTTP/1.1\r\nContent-Length: 0\r\n{LENGTH}\r\n\r\n",
    "the same length twice": f"HTTP/1.1\r\n{LENGTH}\r\n{LENGTH}\r\n\r\n",
    "a length with a sign": "HTTP/1.1\r\nContent-Length: +0\r\n\r\n",
    "a negative length": "HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length in hex": "HTTP/1.1\r\nContent-Length: 0x0\r\n\r\n",
    "a space before the colon": f"HTTP/1.1\r\nTransfer-Encoding : chunked\r\n{LENGTH}\r\n\r\n",
    "an encoding of another name": f"HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n{LENGTH}\r\n\r\n",
    "an encoding that is none": f"HTTP/1.1\r\n{CHUNKED}, identity\r\n\r\n0\r\n\r\n",
    "an encoding after a tab": "HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a line that ends early": f"HTTP/1.1\r\nX: y\n{CHUNKED}\r\n\r\n",
    "a null": "HTTP/1.1\r\nX: y\0z\r\n\r\n",
    "a chunk with a sign": f"HTTP/1.1\r\n{CHUNKED}\r\n\r\n+0\r\n\r\n",
    "a chunk in hex": f"HTTP/1.1\r\n{CHUNKED}\r\n\r\n0x0\r\n\r\n",
    "a chunk that is longer": f"HTTP/1.1\r\n{CHUNKED}\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
}


def test_no_request_is_hidden_in_another(settings: Settings) -> None:
    """Where the end of a request is in doubt, it is refused, and its connection ends: what follows
    is no request, whatever a proxy made of it."""
    with serving() as server:
        for name, frame in ODD_FRAMES.items():
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
                sent = f"POST /healthz {frame}{HIDDEN}"
                named = sent.replace("\r\n", "\r\nHost: localhost\r\n", 1)
                client.sendall(named.encode("latin-1"))
                answer = b"".join(iter(partial(client.recv, 65536), b""))
            statuses = re.findall(rb"^HTTP/1\.[01] (\d+)", answer, re.M)
            assert statuses in ([b"400"], [b"501"]), (name, answer)
