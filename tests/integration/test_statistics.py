"""What the page of statistics counts, from decisions in a real Postgres."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import replanning, source_videos, statistics
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Action,
    Merge,
    Nudge,
    Side,
    Split,
)
from heaters_pipeline.settings import Settings
from review_app import create_app
from review_app.presenters import figures
from tests.decisions import decide, undo
from tests.reviewer import Reviewer
from tests.rows import ready_video


def an_event(session: Any, video_id: int, actor: str, when: datetime, **fields: Any) -> None:
    """A decision made at `when`."""
    values = {"action": Action.APPROVE, "clip_ids": [], "before": [], "after": [], **fields}
    session.add(ReviewEvent(source_video_id=video_id, actor=actor, created_at=when, **values))


def edges(hours: int) -> list[datetime]:
    now = datetime.now(UTC)
    return [now - timedelta(hours=hour) for hour in range(hours, 0, -1)]


def test_decisions_are_counted_by_period_reviewer_and_action(engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine)
    now = datetime.now(UTC)
    with transaction(engine) as session:
        an_event(session, video.id, "bob", now - timedelta(hours=2.5))
        an_event(session, video.id, "bob", now - timedelta(hours=2.2), action=Action.SKIP)
        an_event(session, video.id, "bob", now - timedelta(hours=9))
    decide(engine, first, APPROVE)
    decide(engine, second, APPROVE)
    undo(engine, decide(engine, second, ARCHIVE).event_id)
    with transaction(engine) as session:
        found = statistics.done(session, edges(3))
    assert sorted(found) == [
        (0, "bob", "approve", 1),
        (0, "bob", "skip", 1),
        (2, "ann", "approve", 2),
    ]


def test_the_pace_leaves_pauses_out(engine: Engine) -> None:
    video, _ = ready_video(engine)
    start = datetime.now(UTC) - timedelta(hours=1)
    with transaction(engine) as session:
        # A batch has several events of one moment.
        for seconds in (0, 2, 2, 2, 5, 15, 15 + 61, 15 + 61 + 4):
            an_event(session, video.id, "ann", start + timedelta(seconds=seconds))
        for seconds in (1, 2):
            an_event(session, video.id, "bob", start + timedelta(seconds=seconds))
        an_event(session, video.id, "eve", start)
        pace = statistics.pace(session, start - timedelta(minutes=1))
        alone = statistics.pace(session, start - timedelta(minutes=1), "ann")
    # Ann made 6 decisions in 19 s of work, and 3 of them at once.
    assert [*pace["ann"]] == [*alone["ann"]] == [pytest.approx(3600 * 6 / 19), 3.5]
    assert pace["bob"] == (None, 1), "one step says nothing about an hour"
    assert [*pace[None]] == [pytest.approx(3600 * 7 / 20), 3]  # 1 2 3 4 10
    assert "eve" not in pace


def test_the_pages_name_one_pace(settings: Settings, engine: Engine) -> None:
    video, _ = ready_video(engine)
    reviewer = Reviewer(create_app(settings))
    assert reviewer.client.get("/api/v1/progress").get_json()["pace"] is None
    assert reviewer.post("/api/v1/reviewer", {"name": "ann"}).status_code == 200
    start = datetime.now(UTC) - timedelta(days=2)
    with transaction(engine) as session:
        for number in range(11):
            an_event(session, video.id, "ann", start + timedelta(seconds=5 * number))
    assert reviewer.client.get("/api/v1/progress").get_json()["pace"] == pytest.approx(720)
    text = reviewer.client.get("/statistics").get_data(as_text=True)
    assert "<dd>720</dd>" in text
    assert 'data-name="An hour">720</td>' in text


def test_the_backlog_is_counted_back_through_every_kind_of_decision(engine: Engine) -> None:
    video, (first, second, third) = ready_video(engine)
    moments: list[datetime] = []
    waited: list[int] = []

    def look() -> None:
        with transaction(engine) as session:
            waited.append(statistics.waiting(session).number)
            moments.append(session.scalar(sa.select(sa.func.clock_timestamp())))

    look()
    decide(engine, first, APPROVE)
    look()
    skipped = decide(engine, first, SKIP)
    look()
    decide(engine, third, Split([60]))
    look()
    undo(engine, skipped.event_id)
    look()
    decide(engine, second, Merge())
    look()
    with transaction(engine) as session:
        replanning.replan(session, source_videos.get(session, video.key), [5])
    look()
    assert waited == [3, 2, 2, 3, 3, 3, 3]
    with transaction(engine) as session:
        counted = statistics.backlog(session, moments, waited[-1])
    # Each as it was at the end of the period that began with a look.
    assert counted == [*waited[1:], waited[-1]]


def test_sources_tell_approval_and_the_detectors_errors(engine: Engine) -> None:
    _, (first, second, third) = ready_video(engine, "film-1")
    ready_video(engine, "untouched")
    _, (other, *_) = ready_video(engine, "film-2")
    decide(engine, first, APPROVE)
    merged = decide(engine, second, Merge()).clips[-1]
    decide(engine, merged, APPROVE)
    parts = decide(engine, third, Split([70])).clips[1:]
    decide(engine, parts[0], SKIP)
    decide(engine, parts[1], ARCHIVE)
    undo(engine, decide(engine, merged, ARCHIVE).event_id)
    for frame in (68, 71):  # a cut that is moved twice is one misplaced cut
        decide(engine, parts[1], Nudge(Side.PREVIOUS, frame))
    decide(engine, other, APPROVE)
    with transaction(engine) as session:
        latest, before = statistics.sources(session, 10)
        assert statistics.sources(session, 1, 1) == [before]
    assert latest.key == "film-2"
    assert (latest.pending, latest.approved, latest.cuts) == (2, 1, 0)
    assert latest.per_hundred_cuts(latest.missed) is None
    assert (before.pending, before.approved, before.skipped, before.archived) == (0, 1, 1, 1)
    assert before.approval == pytest.approx(1 / 3)
    # Of the detector's cuts at 10 and 50 one was none; the one at 70 it had not found.
    assert (before.cuts, before.false, before.missed, before.misplaced) == (2, 1, 1, 1)
    assert before.per_hundred_cuts(before.false) == 50


def test_the_page_shows_it_all(settings: Settings, engine: Engine) -> None:
    client = create_app(settings).test_client()
    empty = client.get("/statistics").get_data(as_text=True)
    assert "Nobody has decided" in empty
    _, (first, second, _) = ready_video(engine)
    decide(engine, first, APPROVE, "ann")
    decide(engine, second, SKIP, "bob & co")
    text = client.get("/statistics").get_data(as_text=True)
    assert "bob &amp; co" in text
    assert text.count('class="part-approved"') == 2  # the hour's and the day's bar
    alone = client.get("/statistics?reviewer=ann").get_data(as_text=True)
    assert 'class="part-skipped"' not in alone
    assert "bob &amp; co" in alone, "the table stays whole"
    assert client.get("/statistics?page=7").status_code == 200


def test_hours_begin_at_a_local_midnight_and_end_with_the_present_one() -> None:
    now = datetime(2026, 3, 29, 14, 25, tzinfo=UTC)
    found = figures.hours(now)
    assert found[-1] <= now < found[-1] + timedelta(hours=1)
    assert found[0].astimezone().time().isoformat() == "00:00:00"
    days = {edge.astimezone().date() for edge in found}
    assert len(days) == figures.DAYS
