"""Addresses that are told what happens: a real server that takes it, fails, hangs, or is gone."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import clip_work, source_videos, webhooks
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import WebhookDelivery
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError, NotFound
from heaters_pipeline.domain.states import DOWNLOAD, EXPORT
from heaters_pipeline.domain.webhooks import MOST_TRIES
from heaters_pipeline.work.webhooks import deliver_due, send_test
from tests.decisions import decide
from tests.rows import new_video, ready_video

SECRET = "whsec_test"
QUICK = 0.5


class Receiver:
    """Answers with `status`, or not at all while it `hangs`."""

    def __init__(self) -> None:
        self.status, self.hangs, self.over = 200, False, Event()
        self.taken: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append((dict(self.headers), sent))
                if receiver.hangs:
                    receiver.over.wait(20)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def hook(engine: Engine, url: str) -> None:
    with transaction(engine) as session:
        webhooks.add(session, url, SECRET)


def make_due(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE webhook_deliveries SET next_try_at = now()"))


def rows(engine: Engine) -> list[tuple[str, int, str | None]]:
    with transaction(engine) as session:
        found = session.exec(sa.select(WebhookDelivery).order_by(WebhookDelivery.id)).scalars()
        return [(each.state, each.tries, each.error) for each in found]


def test_what_happens_is_told_once_and_signed(engine: Engine, receiver: Receiver) -> None:
    ready_video(engine, "before")
    assert rows(engine) == [], "nobody wanted to know"
    hook(engine, receiver.url)
    video, (clip, *_) = ready_video(engine)
    decide(engine, clip, APPROVE)
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
        facts = {"clip_filepath": "f", "is_virtual": False}
        facts |= {"exported_frames": clip.frames.as_json()}
        clip_work.finish(session, clip.id, EXPORT, facts)
    new_video(engine, "bad")
    with transaction(engine) as session:
        source_videos.begin(session, "bad", DOWNLOAD)
        source_videos.fail(session, "bad", DOWNLOAD, "It is empty.")
    assert receiver.taken == [], "nothing is sent before its transaction has ended"
    assert deliver_due(engine).delivered == 3
    assert deliver_due(engine).delivered == 0
    told = [json.loads(sent) for _, sent in receiver.taken]
    assert [each["type"] for each in told] == ["source.ready", "clip.exported", "source.failed"]
    assert told[0]["source"]["key"] == "film-1"
    assert told[1]["clip"] == {
        "id": clip.id, "state": "exported", "start_frame": 0, "end_frame": 10, "labels": [],
        "file": "f", "error": None,
    }  # fmt: skip
    assert told[2]["source"]["error"] == "It is empty."
    for (headers, sent), each in zip(receiver.taken, told, strict=True):
        assert headers["Heaters-Event-Id"] == each["id"]
        at, given = (part.partition("=")[2] for part in headers["Heaters-Signature"].split(","))
        wanted = hmac.new(SECRET.encode(), f"{at}.".encode() + sent, hashlib.sha256).hexdigest()
        assert given == wanted
        assert abs(int(at) - time.time()) < 60


def test_what_is_not_taken_is_sent_again_with_the_same_id(
    engine: Engine, receiver: Receiver
) -> None:
    hook(engine, receiver.url)
    ready_video(engine)
    receiver.status = 500
    (failure,) = deliver_due(engine).failures
    assert "answered 500" in failure
    assert deliver_due(engine).failures == [], "it rests first"
    receiver.status, receiver.hangs = 200, True
    make_due(engine)
    (failure,) = deliver_due(engine, QUICK).failures
    assert "Timeout" in failure
    receiver.hangs = False
    receiver.over.set()
    make_due(engine)
    assert deliver_due(engine).delivered == 1
    assert rows(engine) == [("delivered", 3, None)]
    make_due(engine)
    assert deliver_due(engine).delivered == 0, "what was delivered is never sent again"
    ids = {headers["Heaters-Event-Id"] for headers, _ in receiver.taken}
    assert (len(receiver.taken), len(ids), len({sent for _, sent in receiver.taken})) == (3, 1, 1)


def test_a_server_that_is_gone_holds_up_no_other_and_is_given_up(
    engine: Engine, receiver: Receiver
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    hook(engine, gone)
    hook(engine, receiver.url)
    ready_video(engine)
    done = deliver_due(engine)
    assert (done.delivered, len(done.failures)) == (1, 1)
    for _ in range(MOST_TRIES - 1):
        make_due(engine)
        deliver_due(engine)
    make_due(engine)
    assert deliver_due(engine).failures == []
    assert {row[:2] for row in rows(engine)} == {("given_up", MOST_TRIES), ("delivered", 1)}


def test_an_address_that_failed_is_asked_once_in_a_while(
    engine: Engine, receiver: Receiver
) -> None:
    """Each try may take as long as an answer may: what waits for others is sent meanwhile."""
    receiver.status = 500
    hook(engine, receiver.url)
    for key in ("one", "two", "three"):
        ready_video(engine, key)
    other = Receiver()
    try:
        hook(engine, other.url)
        ready_video(engine, "four")
        done = deliver_due(engine)
    finally:
        other.close()
    assert (done.delivered, len(done.failures)) == (1, 1)
    receiver.status = 200
    assert deliver_due(engine).delivered == 3, "the others have not lost a try"


def test_a_killed_sender_leaves_the_delivery_as_it_was(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(engine, receiver.url)
    ready_video(engine)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(webhooks, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        deliver_due(engine)
    assert rows(engine) == [("waiting", 0, None)]
    assert deliver_due(engine).delivered == 1
    ids = {headers["Heaters-Event-Id"] for headers, _ in receiver.taken}
    assert (len(receiver.taken), len(ids)) == (2, 1)


def test_deliveries_that_ended_long_ago_are_forgotten(engine: Engine, receiver: Receiver) -> None:
    hook(engine, receiver.url)
    ready_video(engine)
    assert deliver_due(engine).delivered == 1
    ready_video(engine, "other")
    with transaction(engine) as session:
        assert webhooks.forget_ended(session, 1, 9) == 0
        assert webhooks.forget_ended(session, 0, 9) == 1
    assert [state for state, *_ in rows(engine)] == ["waiting"]


def test_addresses_are_added_tested_and_removed(engine: Engine, receiver: Receiver) -> None:
    hook(engine, receiver.url)
    with pytest.raises(Conflict, match="already"):
        hook(engine, receiver.url)
    with pytest.raises(InputError, match="no address"):
        hook(engine, "ftp://films.example")
    send_test(receiver.url, SECRET)
    assert json.loads(receiver.taken[0][1])["type"] == "test"
    receiver.status = 302
    with pytest.raises(HeatersError, match="did not take the test: it answered 302"):
        send_test(receiver.url, SECRET)
    ready_video(engine)
    with transaction(engine) as session:
        webhooks.remove(session, receiver.url)
    assert rows(engine) == []
    with pytest.raises(NotFound), transaction(engine) as session:
        webhooks.remove(session, receiver.url)
