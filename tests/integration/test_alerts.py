"""People are told what waits for them, by chat and mail: once, and when it is over."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from threading import Thread

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import outages, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.alerts import MOST_TOLD, Trouble, news, text
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.states import DOWNLOAD
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensors import alerts
from heaters_pipeline.platform.dagster_instance import DagsterFiles
from heaters_pipeline.settings import get_settings
from tests.decisions import decide
from tests.integration.test_webhooks import Receiver
from tests.rows import new_video, ready_video


class Mailbox:
    """As much of SMTP (RFC 5321) as one message takes."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        mailbox = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                def say(line: str) -> None:
                    self.wfile.write(line.encode() + b"\r\n")

                say("220 here")
                while line := self.rfile.readline().decode().strip():
                    if line.upper() == "DATA":
                        say("354 go on")
                        lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
                        mailbox.messages.append("\n".join(lines))
                    if line.upper() == "QUIT":
                        say("221 over")
                        return
                    say("250 yes")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


class Sensor:
    """The sensor, tick by tick, with the cursor that it leaves."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor = instance, ""

    def tick(self) -> str:
        resources = {"database": Database()}
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources
        ) as context:
            skipped = alerts(context)
            self.cursor = context.cursor or ""
        assert isinstance(skipped, dg.SkipReason)
        return str(skipped.skip_message)


def said(receiver: Receiver) -> str:
    return str(json.loads(receiver.taken[-1][1])["text"])


def test_people_are_told_once_and_when_it_is_over(
    pipeline: Engine,
    dagster_home: DagsterFiles,
    receiver: Receiver,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with dg.DagsterInstance.get() as instance:
        sensor = Sensor(instance)
        assert "Neither HEATERS_ALERT_WEBHOOK nor" in sensor.tick()
        monkeypatch.setenv("HEATERS_ALERT_WEBHOOK", receiver.url)
        monkeypatch.setenv("HEATERS_ALERT_MAIL", "ann@example.org, bob@example.org")
        monkeypatch.setenv("HEATERS_SMTP_URL", mailbox.url)
        get_settings.cache_clear()
        assert sensor.tick() == "0 things wait for a person, who knows it."

        new_video(pipeline, "bad")
        with transaction(pipeline) as session:
            source_videos.begin(session, "bad", DOWNLOAD)
            source_videos.fail(session, "bad", DOWNLOAD, "It is empty.")
            outages.begin(session, "storage", "503")
        assert sensor.tick() == "1 begun, 0 over."
        address = get_settings().public_address
        assert said(receiver).splitlines() == [
            "Heaters: 1 thing for a person to see to",
            f"- Bad: It is empty. {address}/sources?find=bad",
        ]
        (mail,) = mailbox.messages
        assert "To: ann@example.org, bob@example.org" in mail
        assert "Subject: Heaters: 1 thing for a person to see to" in mail
        assert "- Bad: It is empty." in mail
        assert sensor.tick() == "1 things wait for a person, who knows it."

        make_old(pipeline)
        _, (clip, *_) = ready_video(pipeline)
        decide(pipeline, clip, APPROVE)
        make_old(pipeline)
        run_check(instance)
        assert sensor.tick() == "3 begun, 0 over."
        assert "The storage does not answer since" in said(receiver)
        assert "1 clip approved more than 60 minutes ago and not in the library yet" in said(
            receiver
        )
        assert "The check gold_master_equals_source of film-1 fails." in said(receiver)

        receiver.status = 500
        with transaction(pipeline) as session:
            outages.end(session, "storage")
        assert "HEATERS_ALERT_WEBHOOK did not take it: it answered 500" in sensor.tick()
        receiver.status = 200
        assert sensor.tick() == "0 begun, 1 over.", "it is told once it can be"
        assert said(receiver).splitlines()[-1] == "1 thing that you were told of before: over."


def make_old(engine: Engine) -> None:
    """What has happened happened two hours ago."""
    with engine.begin() as connection:
        for change in (
            "UPDATE outages SET since = since - interval '2 hours'",
            "UPDATE clips SET decided_at = decided_at - interval '2 hours',"
            " updated_at = updated_at - interval '2 hours'",
        ):
            connection.execute(sa.text(change))


def run_check(instance: dg.DagsterInstance) -> None:
    """A check of a video that ends with an error, and one that warns."""
    for check, severity in (
        ("gold_master_equals_source", dg.AssetCheckSeverity.ERROR),
        ("source_is_undamaged", dg.AssetCheckSeverity.WARN),
    ):
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("gold_master"),
            check_name=check,
            passed=False,
            metadata={},
            severity=severity,
            partition="film-1",
        )
        instance.report_runless_asset_event(evaluation)


def test_many_troubles_are_one_message_that_can_be_read() -> None:
    now = [Trouble(f"video {number}", f"Film {number}: no.", "") for number in range(30)]
    found = news(now, ["video 3", "video 99"])
    assert (len(found.begun), found.over, found.last) == (29, 1, 30)
    lines = text(found).splitlines()
    assert lines[0] == "Heaters: 29 things for a person to see to"
    assert lines[MOST_TOLD + 1] == "- and 9 more"
    assert news(now, [each.mark for each in now]).is_none
