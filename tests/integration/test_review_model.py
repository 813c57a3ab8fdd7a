"""Reviewers, a pipeline and undos in any order, on the database and on a model of the review."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine
from sqlalchemy.orm.session import JoinTransactionMode
from sqlmodel import Session

from heaters_pipeline.db import archiving, clip_work, opinions, review_queue, reviews, undoing
from heaters_pipeline.db.models import ClipFile, SourceVideo
from heaters_pipeline.db.prepared import Prepared
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.annotations import AnnotationChanges
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Annotate,
    Decision,
    Group,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
)
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.states import EMBED, EXPORT, KEYFRAME
from tests.decisions import LEASE_SECONDS
from tests.review_model import (
    DECIDABLE,
    REPLACED,
    STEPS,
    Asked,
    Event,
    ModelClip,
    Refused,
    Review,
    Reviewer,
)
from tests.rows import ready_video

pytestmark = pytest.mark.long

Expected = TypeVar("Expected")
Found = TypeVar("Found")

EDGES = (0, 8, 11, 20, 30, 40)
LENGTHS = {4: 40, 7: 35, 12: 20, 20: 5}
"""Of each hundred sequences, how many have that many steps: most are short, so that as many as
`SEQUENCES` fit into what CI takes."""

SEQUENCES = 2000
LONG_FORM = int(os.environ.get("REVIEW_SEQUENCES", "10000"))
PARTS = 8

PIPELINE = {"export": EXPORT, "keyframe": KEYFRAME, "embed": EMBED}
MARKS = {"approve": APPROVE, "skip": SKIP, "archive": ARCHIVE}

LIVE_CLIPS = Prepared(
    sa.text("""
        SELECT id, start_frame, end_frame, state, made_by, grouped_with_clip_id, labels, rating,
            note, chosen_frames, opinions, NOT is_virtual AS has_file, version,
            CASE WHEN leased_until > now() THEN leased_page END AS page, decisions, undos
        FROM clips, (
            SELECT count(*) FILTER (WHERE action <> 'undo') AS decisions,
                count(*) FILTER (WHERE action = 'undo') AS undos
            FROM review_events WHERE source_video_id = :video_id AND action <> 'replan'
        ) AS written
        WHERE source_video_id = :video_id AND state <> 'superseded' ORDER BY start_frame
    """)
)
"""With how often it was decided, and undone."""

reviewers = st.sampled_from(
    [
        Reviewer("ann", "ann-1"),
        Reviewer("ann", "ann-2"),
        Reviewer("bob", "bob-1"),
        Reviewer("cyd", "cyd-1"),
    ]
)
GONE = 11
numbers = st.integers(0, GONE)
sides = st.sampled_from(["previous", "next"])
ages = st.sampled_from([0, 0, 0, 0, 0, 1, 2])
"""How many versions ago the clip was seen."""
descriptions: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.lists(st.sampled_from("xyz"), unique=True).map(tuple),
        "rating": st.none() | st.integers(1, 5),
        "note": st.none() | st.sampled_from(["one", "two"]),
        "chosen": st.sets(st.integers(0, 10), max_size=3),
    },
).filter(bool)


class ReviewMachine(RuleBasedStateMachine):
    """What it does with the database is rolled back at its end."""

    def __init__(self, connection: Connection, video: SourceVideo) -> None:
        super().__init__()
        self.connection, self.video = connection, video
        self.run = connection.begin()
        self.session = self.new_session()
        """To look at the database with."""
        self.model = Review(EDGES)
        self.first_state = self.model.live()
        self.ids: dict[int, int] = {}
        """The database's id of each clip of the model."""
        self.event_ids: dict[int, int] = {}
        """The database's id of each batch of the model."""
        self.agrees = False

    # --- What reviewers do ------------------------------------------------------------------------

    @rule(by=reviewers, number=numbers, action=st.sampled_from([*MARKS]), age=ages)
    def mark(self, by: Reviewer, number: int, action: str, age: int) -> None:
        self.decide(by, self.seen(number, age, action))

    @rule(by=reviewers, number=numbers, age=ages)
    def group(self, by: Reviewer, number: int, age: int) -> None:
        self.decide(by, self.seen(number, age, "group"))

    @rule(by=reviewers, number=numbers, age=ages)
    def ungroup(self, by: Reviewer, number: int, age: int) -> None:
        self.decide(by, self.seen(number, age, "ungroup"))

    @rule(by=reviewers, number=numbers, side=sides, age=ages)
    def merge(self, by: Reviewer, number: int, side: str, age: int) -> None:
        self.decide(by, replace(self.seen(number, age, "merge"), side=side))

    @rule(by=reviewers, number=numbers, at=st.sets(numbers, min_size=1, max_size=2), age=ages)
    def split(self, by: Reviewer, number: int, at: set[int], age: int) -> None:
        asked = self.seen(number, age, "split")
        clip = self.model.clips[asked.clip]
        frames = {clip.start + 1 + each % (clip.end - clip.start) for each in at}
        self.decide(by, replace(asked, frames=tuple(frames)))

    @rule(by=reviewers, number=numbers, side=sides, frames=st.integers(-4, 4), age=ages)
    def nudge(self, by: Reviewer, number: int, side: str, frames: int, age: int) -> None:
        asked = self.seen(number, age, "nudge")
        clip = self.model.clips[asked.clip]
        cut = clip.start if side == "previous" else clip.end
        self.decide(by, replace(asked, side=side, frames=(cut + frames,)))

    @rule(by=reviewers, number=numbers, changes=descriptions, age=ages)
    def annotate(self, by: Reviewer, number: int, changes: dict[str, Any], age: int) -> None:
        asked = self.seen(number, age, "annotate")
        if "chosen" in changes:
            start = self.model.clips[asked.clip].start
            chosen = tuple(start + each for each in sorted(changes["chosen"]))
            changes = {**changes, "chosen": chosen}
        self.decide(by, replace(asked, changes=tuple(changes.items())))

    @rule(
        by=reviewers,
        seen=st.dictionaries(numbers, ages, min_size=2, max_size=5),
        action=st.sampled_from([*MARKS, "annotate"]),
    )
    def decide_on_many(self, by: Reviewer, seen: dict[int, int], action: str) -> None:
        changes = (("rating", 3), ("labels", ("x",))) if action == "annotate" else ()
        many = {
            asked.clip: replace(asked, changes=changes)
            for asked in (self.seen(number, age, action) for number, age in seen.items())
        }
        before = len(self.model.events)
        refused = self.model.decide_all(by, [many[each] for each in sorted(many, key=self.ids.get)])
        with self.transaction() as session:
            made = reviews.decide_all(
                session,
                actor=by.name,
                versions={self.ids[clip]: asked.version for clip, asked in many.items()},
                decision=_decision(next(iter(many.values()))),
            )
        assert made.refused.keys() == {self.ids[each] for each in refused}
        assert (made.outcome is None) == (len(refused) == len(many))
        if len(self.model.events) > before:
            self.event_ids[before] = made.outcome.event_id

    @precondition(lambda self: self.model.events)
    @rule(by=reviewers, number=st.integers(0, 30))
    def send_again(self, by: Reviewer, number: int) -> None:
        """What somebody sent before, with the version of then."""
        self.decide(by, self.event(number).asked)

    @rule(by=reviewers)
    def undo_latest(self, by: Reviewer) -> None:
        latest = self.model.latest(by)
        if latest is not None:
            self.undo(by, latest, latest=True)

    @precondition(lambda self: self.model.events)
    @rule(by=reviewers, number=st.integers(0, 30), only_own=st.booleans())
    def undo_one(self, by: Reviewer, number: int, only_own: bool) -> None:
        self.undo(by, self.event(number), only_own=only_own)

    @rule(by=reviewers, limit=st.integers(1, 4))
    def lease(self, by: Reviewer, limit: int) -> None:
        with self.transaction() as session:
            queue = review_queue.lease_queue(session, by.name, limit, LEASE_SECONDS, page=by.page)
        numbers = {found: number for number, found in self.ids.items()}
        clips = {numbers[queued.clip.id] for queued in queue}
        possible = self.model.can_be_leased(by)
        assert clips <= possible
        assert len(clips) == min(limit, len(possible))
        self.model.lease(by, clips)

    @rule(by=reviewers)
    def release(self, by: Reviewer) -> None:
        self.model.release(by)
        with self.transaction() as session:
            review_queue.release(session, by.name, by.page)

    @rule(two=st.booleans())
    def ask_two(self, two: bool) -> None:
        self.model.asks_two = two
        with self.transaction() as session:
            opinions.put(session, Scope(), 100 if two else 0)

    # --- What the pipeline does -------------------------------------------------------------------

    @rule(
        step=st.sampled_from([*STEPS]),
        ends=st.lists(st.sampled_from(["well", "well", "failed", "killed"]), min_size=1),
    )
    def work(self, step: str, ends: list[str]) -> None:
        taken = self.model.claim(step)
        with self.transaction() as session:
            claimed = clip_work.claim(session, self.video.id, PIPELINE[step], 0)
            assert [clip.id for clip in claimed] == [self.ids[clip.id] for clip in taken]
        for number, clip in enumerate(taken):
            end = ends[number % len(ends)]
            if end != "killed":
                self.end(step, clip, well=end == "well")

    @rule()
    def retry(self) -> None:
        self.model.retry()
        with self.transaction() as session:
            clip_work.retry_failed(session)

    @rule()
    def archive_for_good(self) -> None:
        self.model.archive_for_good()
        with self.transaction() as session:
            archiving.archive_rested(session, 0, 99)

    # --- What holds after each step ---------------------------------------------------------------

    @invariant()
    def database_agrees(self) -> None:
        rows = LIVE_CLIPS(self.session, video_id=self.video.id)
        model = self.model.live()
        assert [row.start_frame for row in rows] == [0, *(row.end_frame for row in rows[:-1])]
        assert rows[-1].end_frame == EDGES[-1]
        assert len(rows) == len(model)
        for clip, row in zip(model, rows, strict=True):
            assert self.ids.setdefault(clip.id, row.id) == row.id
        groups = {clip.id: self.ids.get(clip.group) for clip in model}
        for clip, row in zip(model, rows, strict=True):
            assert tuple(row) == (
                *(self.ids[clip.id], clip.start, clip.end, clip.state, clip.made_by),
                *(groups[clip.id], [*clip.labels], clip.rating, clip.note, [*clip.chosen]),
                [{"actor": name, "action": action} for name, action in clip.opinions],
                *(clip.has_file, clip.version, clip.page),
                *(len(self.model.events), self.model.undos),
            )
        self.agrees = True

    @invariant()
    def clips_make_sense(self) -> None:
        live = {clip.id: clip for clip in self.model.live()}
        for clip in live.values():
            assert clip.with_range(clip.start, clip.end) == clip, "a chosen frame lies outside"
            assert not (clip.has_file and clip.state in DECIDABLE - {"review_archived"})
            if clip.group is not None:
                assert live[clip.group].group is None, "the first of a group is in another"

    def teardown(self) -> None:
        try:
            if self.agrees:
                self.undo_everything()
        finally:
            self.session.close()
            self.run.rollback()

    def undo_everything(self) -> None:
        """Undoes all that stands, the newest first; after that, cuts of clips that the pipeline
        had, which wait for the clip's approval to be undone."""
        for step, (_, doing, _, _) in STEPS.items():
            for clip in self.model.live():
                if clip.state == doing:
                    self.end(step, clip, well=True)
        while left := self.standing():
            undone = [self.undo(event.by, event) for event in reversed(left)]
            assert any(undone)
            self.database_agrees()
            self.clips_make_sense()
        clips = [replace(clip, version=1, page=None) for clip in self.model.live()]
        assert clips == self.first_state

    # --- Both sides -------------------------------------------------------------------------------

    def seen(self, number: int, age: int, action: str) -> Asked:
        """A decision on a clip as it was `age` versions ago; now and then on one that is gone."""
        live = self.model.live()
        gone = [clip for clip in self.model.clips.values() if clip.state == REPLACED]
        clip = gone[-1] if gone and number == GONE else live[number % len(live)]
        return Asked(clip.id, clip.version - age, action)

    def event(self, number: int) -> Event:
        """Counted from the newest."""
        return self.model.events[-1 - number % len(self.model.events)]

    def standing(self) -> list[Event]:
        """Of each batch the first event."""
        return [each for each in self.model.standing() if each is self.model.events[each.batch]]

    def decide(self, by: Reviewer, asked: Asked) -> None:
        answers = self.both(
            lambda: self.model.decide(by, asked),
            lambda session: reviews.decide(
                session,
                actor=by.name,
                clip_id=self.ids[asked.clip],
                version=asked.version,
                decision=_decision(asked),
                lease_seconds=LEASE_SECONDS,
                page=by.page,
            ),
        )
        if answers:
            event, outcome = answers
            assert self.event_ids.setdefault(event.batch, outcome.event_id) == outcome.event_id

    def undo(
        self, by: Reviewer, event: Event, *, latest: bool = False, only_own: bool = False
    ) -> bool:
        """Whether it could be undone."""
        answers = self.both(
            lambda: self.model.undo(by, event, only_own=only_own),
            lambda session: undoing.undo(
                session,
                actor=by.name,
                event_id=None if latest else self.event_ids[event.batch],
                lease_seconds=LEASE_SECONDS,
                page=by.page,
                only_own=only_own,
            ),
        )
        return answers is not None

    def end(self, step: str, clip: ModelClip, *, well: bool) -> None:
        self.model.end(step, clip, well=well)
        frames = {"start_frame": clip.start, "end_frame": clip.end}
        file: ClipFile = {"is_virtual": False, "clip_filepath": "f", "exported_frames": frames}
        with self.transaction() as session:
            if well:
                facts = file if step == "export" else None
                clip_work.finish(session, self.ids[clip.id], PIPELINE[step], facts)
            else:
                clip_work.fail(session, self.ids[clip.id], PIPELINE[step], "It failed.")

    def both(
        self, model: Callable[[], Expected], database: Callable[[Session], Found]
    ) -> tuple[Expected, Found] | None:
        """What both answer; None if both refuse."""
        try:
            expected = model()
        except Refused:
            with pytest.raises(HeatersError), self.transaction("create_savepoint") as session:
                database(session)
            return None
        with self.transaction() as session:
            return expected, database(session)

    @contextmanager
    def transaction(self, mode: JoinTransactionMode = "rollback_only") -> Iterator[Session]:
        """A part of the one of the whole sequence. What is to be undone alone takes a savepoint."""
        self.agrees = False
        with self.new_session(mode) as session, session.begin():
            yield session

    def new_session(self, mode: JoinTransactionMode = "rollback_only") -> Session:
        return Session(self.connection, expire_on_commit=False, join_transaction_mode=mode)


def _decision(asked: Asked) -> Decision:
    side = Side(asked.side)
    match asked.action:
        case "group":
            return Group()
        case "ungroup":
            return Ungroup()
        case "merge":
            return Merge(side)
        case "split":
            return Split(asked.frames)
        case "nudge":
            return Nudge(side, *asked.frames)
        case "annotate":
            changes = dict(asked.changes)
            if "chosen" in changes:
                changes["chosen_frames"] = changes.pop("chosen")
            given = {
                name: [*value] if isinstance(value, tuple) else value
                for name, value in changes.items()
            }
            return Annotate(AnnotationChanges(**given))
    return MARKS[asked.action]


def _try(engine: Engine, video: SourceVideo, steps: int, sequences: int, **how: bool) -> None:
    made = 0

    def make() -> ReviewMachine:
        nonlocal made
        made += 1
        return ReviewMachine(connection, video)

    with engine.connect() as connection:
        run_state_machine_as_test(
            make,
            settings=settings(
                stateful_step_count=steps,
                max_examples=sequences,
                deadline=None,
                database=None,
                suppress_health_check=[*HealthCheck],
                **how,
            ),
        )
    assert made >= sequences


@pytest.fixture(autouse=True)
def _nothing_in_the_checkout(tmp_path: Path) -> Iterator[None]:
    """What Hypothesis remembers goes with the test."""
    set_hypothesis_home_dir(tmp_path)
    yield
    set_hypothesis_home_dir(None)


@pytest.fixture
def video(engine: Engine) -> SourceVideo:
    video, _ = ready_video(engine, frame_count=EDGES[-1], cuts=EDGES[1:-1])
    return video


@pytest.mark.parametrize("steps", LENGTHS)
def test_any_order_of_actions_leaves_what_the_model_says(
    engine: Engine, video: SourceVideo, steps: int
) -> None:
    _try(engine, video, steps, SEQUENCES * LENGTHS[steps] // 100, derandomize=True)


@pytest.mark.whole
@pytest.mark.parametrize("steps", LENGTHS)
@pytest.mark.parametrize("part", range(PARTS))
def test_many_orders_of_actions_leave_what_the_model_says(
    engine: Engine, video: SourceVideo, part: int, steps: int
) -> None:
    """Others each time. The parts may run side by side."""
    _try(engine, video, steps, LONG_FORM * LENGTHS[steps] // 100 // PARTS)
