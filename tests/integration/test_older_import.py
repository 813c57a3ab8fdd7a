"""Clips of the pipeline that Heaters succeeds come over with all that was decided on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy import Engine
from sqlmodel import col, select

from heaters_pipeline.cli import main
from heaters_pipeline.commands.older import usual_mapping
from heaters_pipeline.db import (
    artifacts,
    clips,
    embeddings,
    event_log,
    review_queue,
    source_videos,
    undoing,
)
from heaters_pipeline.db import imported as imported_clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.index_making import drop_index
from heaters_pipeline.db.models import Clip, ClipExport, ImportedClip, SourceVideo
from heaters_pipeline.db.older_system import open_system
from heaters_pipeline.db.removal import remove
from heaters_pipeline.db.replanning import replan
from heaters_pipeline.db.urls import for_psycopg, with_database
from heaters_pipeline.db.vector_indexes import VectorIndex, find_one
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import APPROVE, Action, Nudge, Side
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import NOBODY, Fate, OlderClip, OlderEvent
from heaters_pipeline.domain.older_mapping import parse
from heaters_pipeline.domain.states import APPROVED, ClipState
from heaters_pipeline.domain.storage_check import Finding
from heaters_pipeline.media.clips.embeddings import read_image
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.checks import clips_cover_video
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.move_over import move_back, move_over
from heaters_pipeline.work.objects import sweep
from heaters_pipeline.work.older_files import OlderFiles
from heaters_pipeline.work.older_import import Plan, Report, plan, take_over
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.storage_check import check_storage
from tests import older
from tests.decisions import decide, undo
from tests.footage import read_number
from tests.made_once import Statement, Worlds
from tests.older import BEGAN, OlderClipRow, OlderSystem
from tests.rows import ready_video

pytestmark = pytest.mark.long

CLIPS = 42
"""Of each film as many as there are states."""
NAME = "older"


@pytest.fixture(scope="module")
def older_system(
    tmp_path_factory: pytest.TempPathFactory, postgres: Statement, postgres_url: str
) -> Iterator[OlderSystem]:
    """With the file of one of its two films at hand."""
    folder = tmp_path_factory.mktemp("older")
    postgres(f"CREATE DATABASE {NAME}")
    url = with_database(postgres_url, NAME)
    yield older.fill(url, folder, older.make_files(folder, CLIPS), at_hand=("Harbour",))
    postgres(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture
def work(pipeline: Engine) -> Pipeline:
    return open_pipeline(pipeline, get_settings())


def run(
    work: Pipeline,
    system: OlderSystem,
    *,
    dry: bool = False,
    only: Sequence[OlderClipRow] | None = None,
) -> tuple[Plan, Report | None]:
    files = OlderFiles(LocalStorage(system.folder), work.settings.home)
    with open_system(system.url, usual_mapping()) as opened:
        planned = plan(work, opened, NAME, files)
        if only is not None:
            ids = {str(row.id) for row in only}
            new, known = (
                [clip for clip in some if clip.old_id in ids]
                for some in (planned.new, planned.known)
            )
            planned = replace(planned, new=new, known=known, at_hand=frozenset())
        return planned, None if dry else take_over(work, opened, planned, files)


@pytest.fixture
def imported(work: Pipeline, older_system: OlderSystem, worlds: Worlds) -> Report:
    """What an import of all of it told."""

    return worlds.fill(work, make_imported, older_system)


def make_imported(work: Pipeline, system: OlderSystem) -> Report:
    _, report = run(work, system)
    assert report is not None
    return report


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows that an import may write, but for times of change."""
    tables = (
        *("source_videos", "clips", "review_events", "clip_artifacts", "clip_embeddings"),
        *("clip_exports", "imported_clips", "stored_objects", "objects_to_delete"),
    )
    with engine.connect() as connection:
        return {
            table: [
                {name: value for name, value in row.items() if name != "updated_at"}
                for row in connection.execute(
                    sa.text(f"SELECT * FROM {table} ORDER BY 1")
                ).mappings()
            ]
            for table in tables
        }


def here(work: Pipeline) -> dict[int, Clip]:
    """The clips, by their older ids."""
    with work.transaction() as session:
        rows = session.exec(
            select(ImportedClip.old_id, Clip)
            .join(Clip, col(Clip.id) == col(ImportedClip.clip_id))
            .where(ImportedClip.system == NAME)
        )
        return {int(old_id): clip for old_id, clip in rows}


VERDICTS = {
    "review_skipped": ClipState.REVIEW_SKIPPED,
    "review_archived": ClipState.REVIEW_ARCHIVED,
    "merged": ClipState.SUPERSEDED,
    "split": ClipState.SUPERSEDED,
}


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    work: Pipeline, older_system: OlderSystem
) -> None:
    before = everything(work.engine), work.storage.list("")
    planned, _ = run(work, older_system, dry=True)
    assert (everything(work.engine), work.storage.list("")) == before
    takeable = [clip for clip in older_system.clips if clip.is_takeable]
    assert {clip.old_id for clip in planned.new} == {str(clip.id) for clip in takeable}
    assert {each.reason for each in planned.refused} == {"It has no file."}
    assert len(planned.refused) + len(planned.new) == CLIPS
    assert planned.decisions == sum(clip.reviewer is not None for clip in takeable)
    assert planned.at_hand == {"1"}
    assert set(older.STATES) == {clip.state for clip in older_system.clips}


def test_no_decision_is_lost(work: Pipeline, older_system: OlderSystem, imported: Report) -> None:
    assert imported.failed == {}
    found = here(work)
    takeable = {clip.id: clip for clip in older_system.clips if clip.is_takeable}
    assert found.keys() == takeable.keys()
    decided = 0
    with work.transaction() as session:
        for old_id, row in takeable.items():
            clip = found[old_id]
            if row.reviewer is None:
                assert clip.state == ClipState.PENDING_REVIEW
                assert {event.action for event in clips.history(session, clip.id)} == {
                    Action.REPLAN
                }
                continue
            decided += 1
            if row.state in older.APPROVED:
                assert clip.state in APPROVED
            else:
                assert clip.state == VERDICTS[row.state]
            events = [
                event
                for event in clips.history(session, clip.id)
                if event.action not in (Action.UNDO, Action.GROUP) and event.actor != "pipeline"
            ]
            known = row.id % 7 != 0
            assert events[-1].actor == (row.reviewer if known else NOBODY)
            assert events[-1].created_at == clip.decided_at == row.decided_at
            assert events[-1].after[0]["state"] == (
                ClipState.REVIEW_APPROVED if row.state in older.APPROVED else clip.state
            )
    assert decided > CLIPS / 2


def test_an_undone_decision_stays_undone(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    clip = here(work)[
        next(row.id for row in older_system.clips if row.id % 3 == 0 and row.reviewer)
    ]
    with work.transaction() as session:
        events = clips.history(session, clip.id)
        skip, undo, last = [event for event in events if event.action != Action.REPLAN][:3]
    assert (skip.action, skip.actor) == (Action.SKIP, "cem")
    assert (undo.action, undo.undoes_event_id) == (Action.UNDO, skip.id)
    assert last.actor in ("ann", "ben", NOBODY)


def test_groups_are_whole_again(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    found = here(work)
    assert imported.grouped == len(older_system.groups) > 0
    for member, first in older_system.groups.items():
        assert found[member].grouped_with_clip_id == found[first].id


def test_files_stills_and_vectors_come_along(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    found = here(work)
    rows = {row.id: row for row in older_system.clips}
    reached: Counter[ClipState] = Counter()
    with work.transaction() as session:
        for old_id, clip in found.items():
            row = rows[old_id]
            if row.state not in older.APPROVED:
                assert clip.is_virtual
                continue
            reached[ClipState(clip.state)] += 1
            [export] = session.exec(select(ClipExport).where(ClipExport.clip_id == clip.id))
            with work.storage.fetch(export.filepath) as file:
                own = older_system.folder / str(row.path)
                assert file.read_bytes() == own.read_bytes()
            stills = artifacts.keyframes(session, clip.id)
            if row.still is None:
                assert not stills
                continue
            [still] = stills
            assert still.frame == row.still - row.frames.start
            with work.storage.fetch(still.filepath) as image:
                assert read_number(read_image(image)) == row.still
            has_vector = embeddings.models_of_clip(session, clip.id)
            assert bool(has_vector) == (row.state == "embedded")
    assert reached.keys() == {ClipState.EXPORTED, ClipState.KEYFRAMED, ClipState.EMBEDDED}


def test_a_second_import_changes_nothing(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    before = everything(work.engine), work.storage.list("")
    planned, report = run(work, older_system)
    assert report is not None
    assert (len(planned.new), report.taken, report.failed) == (0, 0, {})
    assert (everything(work.engine), work.storage.list("")) == before


def test_vectors_that_came_are_searched_by_an_index(
    work: Pipeline, older_system: OlderSystem
) -> None:
    """One that an import which was stopped before has left out, too."""
    row = next(row for row in older_system.clips if row.state == "embedded")
    run(work, older_system, only=[row])
    with work.transaction() as session:
        [kind] = embeddings.kinds(session)
    index = VectorIndex(kind.model, kind.strategy, kind.dimensions, half=False)
    for _ in range(2):
        with work.engine.connect() as connection:
            assert find_one(connection, [index])
        drop_index(work.engine, kind.model, kind.strategy, kind.dimensions)
        run(work, older_system, only=[row])


class Killed(BaseException):
    """Nothing of the import notices it, as it is with a kill."""


@pytest.mark.parametrize(
    "place",
    [
        "older_import.add_upload",  # the file is there, and no row
        "older_import.ingest_known",
        "older_files._bring_stills",  # a copy is there, and no row of it
        "older_files._name",
        "older_import._group",
    ],
)
def test_an_import_that_was_killed_goes_on(
    work: Pipeline, older_system: OlderSystem, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    few = [row for row in older_system.clips if row.still is not None][:2]
    few += [row for row in older_system.clips if row.state == "merged"][:1]
    module, _, name = place.partition(".")
    with monkeypatch.context() as patch:

        def killed(*_: object, **__: object) -> None:
            raise Killed

        patch.setattr(f"heaters_pipeline.work.{module}.{name}", killed)
        with pytest.raises(Killed):
            run(work, older_system, only=few)
    _, report = run(work, older_system, only=few)
    assert report is not None
    assert report.failed == {}
    found = here(work)
    assert found.keys() == {row.id for row in few}
    with work.transaction() as session:
        for row in few[:2]:
            clip = found[row.id]
            assert clip.state in {ClipState.KEYFRAMED, ClipState.EMBEDDED}
            assert [still.frame for still in artifacts.keyframes(session, clip.id)] == [
                (row.still or 0) - row.frames.start
            ]
            assert clip.decided_at == row.decided_at
        assert len(session.exec(select(SourceVideo)).all()) == 2 + 2
    assert no_troubles(work)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'path = "clip_filepath"',
            'path = "file"',
            "The table clips of the older system has no column file, which the mapping names for "
            "clips.path",
        ),
        (
            'table = "clip_events"',
            'table = "events"',
            "The older system has no table events, which the mapping names for clip_events",
        ),
        ('merged = "merged"', 'merged = "gone"', "is no mapping of an older system"),
        ('state = "ingest_state"', "", "it has no clips.state"),
    ],
)
def test_a_wrong_mapping_says_what_is_missing(
    work: Pipeline, older_system: OlderSystem, tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    shown = CliRunner().invoke(main, ["import", "--show-mapping"]).output
    assert old in shown
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(shown.replace(old, new))
    told = CliRunner().invoke(
        main, ["import", for_psycopg(older_system.url), "--dry-run", "--mapping", str(mapping)]
    )
    assert told.exit_code == 1
    assert sentence in " ".join(told.output.split())


def test_what_an_older_system_says_in_other_types_is_read_too(
    work: Pipeline, older_system: OlderSystem
) -> None:
    kept = older_system.clips[0]
    with psycopg.connect(for_psycopg(older_system.url)) as database:
        database.execute(
            "CREATE OR REPLACE VIEW said AS SELECT *, 'calm,  blue' AS tags, 0 AS stars,"
            " reviewed_at::text AS decided, 'none' AS nonsense, 5 AS number,"
            " ARRAY[NULL, ' calm', ''] AS words, 4.00::numeric AS mark,"
            " reviewed_at::date AS day FROM clips"
        )
    usual = CliRunner().invoke(main, ["import", "--show-mapping"]).output
    other = usual.replace('table = "clips"', 'table = "said"\nlabels = "tags"\nrating = "stars"')
    with open_system(
        older_system.url, parse(other.replace('"reviewed_at"', '"decided"'), "m")
    ) as it:
        read = next(clip for clip in it.clips() if clip.old_id == str(kept.id))
        assert (list(read.labels), read.rating) == (["calm", "blue"], None)
        told = "ratings of clips (The rating is 0; it must be 1 to 5, or null)"
        assert it.strange == {told: CLIPS}
    typed = other.replace('"tags"', '"words"').replace('"stars"', '"mark"')
    with open_system(older_system.url, parse(typed.replace('"reviewed_at"', '"day"'), "m")) as it:
        read = next(clip for clip in it.clips() if clip.old_id == str(kept.id))
        assert (read.labels, read.rating, it.strange) == (["calm"], 4, {})
        days = {clip.decided_at for clip in it.clips()} - {None}
        assert days == {datetime(BEGAN.year, BEGAN.month, BEGAN.day, tzinfo=UTC)}
    numbered = parse(other.replace('"tags"', '"number"').replace('"stars"', '"mark"'), "m")
    with open_system(older_system.url, numbered) as it:
        it.clips()
        assert it.strange == {
            "labels of clips (The labels are 5; they must be a list of texts)": CLIPS
        }
    for column, told in (("nonsense", "'none'"), ("number", "5")):
        wrong = parse(other.replace('"reviewed_at"', f'"{column}"'), "m")
        with (
            open_system(older_system.url, wrong) as it,
            pytest.raises(InputError, match=f"has {told} where the mapping names a time"),
        ):
            it.clips()


def keys(report: Report) -> dict[str, str]:
    """Of the films here, by their titles."""
    return {title: key for key, title in report.films.items()}


def judged(work: Pipeline) -> dict[int, tuple[Any, ...]]:
    """What people decided on the clips, by older id."""
    return {
        old_id: (clip.state, clip.decided_at, clip.labels, clip.rating, clip.note)
        for old_id, clip in here(work).items()
    }


def test_clips_move_to_their_places_in_the_film(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    film = keys(imported)["Harbour"]
    before = judged(work)
    moved = move_over(work, film)
    rows = {row.id: row for row in older_system.with_files("Harbour")}
    found = here(work)
    exact = [found[old_id].frames == row.frames for old_id, row in rows.items()]
    assert sum(exact) >= 0.99 * len(rows)
    assert len(moved.left) == exact.count(False)
    assert judged(work) == before
    with work.transaction() as session:
        for row in rows.values():
            for still in artifacts.keyframes(session, found[row.id].id):
                assert still.frame == row.still
    assert clips_cover_video(work, film).passed
    again = move_over(work, film)
    assert (again.moved, len(again.left)) == ([], len(moved.left))
    # Of the film's gold master, not of the older file.
    made = export_clips(work, film)
    assert (made.batch.failed, made.added.failed) == ([], [])
    with work.transaction() as session:
        rests = [row for row in rows.values() if row.state in older.APPROVED]
        for row in rests:
            [export] = session.exec(
                select(ClipExport).where(ClipExport.clip_id == found[row.id].id)
            )
            assert export.exported_frames == row.frames.as_json()
            with work.storage.fetch(export.filepath) as file:
                assert first_number(file) == row.frames.start
    assert no_troubles(work)


def first_number(film: Path) -> int:
    with av.open(str(film)) as container:
        return read_number(next(container.decode(video=0)).to_ndarray(format="rgb24"))


def no_troubles(work: Pipeline) -> bool:
    """Whether the storage has just what rows name."""
    troubles: list[Finding] = []
    sweep(work)
    check_storage(work, troubles.append, grace=timedelta(0))
    return not troubles


def test_decisions_can_be_undone_after_the_move(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    move_over(work, keys(imported)["Harbour"])
    row = next(
        row
        for row in older_system.with_files("Harbour")
        if row.state == "embedded" and row.id % 7 and row.id not in older_system.groups.values()
    )
    clip = here(work)[row.id]
    with work.transaction() as session:
        event = event_log.latest_on_clip(session, clip.id)
        assert event is not None
        assert event.actor == row.reviewer
        undoing.undo(session, actor="ann", event_id=event.id)
    undone = here(work)[row.id]
    assert (undone.state, undone.frames, undone.is_virtual) == (
        ClipState.PENDING_REVIEW,
        row.frames,
        True,
    )
    assert no_troubles(work)


def test_clips_move_back_to_files_of_their_own(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    film = keys(imported)["Harbour"]
    before, there = judged(work), here(work)
    move_over(work, film)
    with work.transaction() as session:
        video = source_videos.get(session, film)
        others = {clip.id for clip in clips.of_video(session, video.id)}
    others -= {clip.id for clip in there.values()}
    returned = move_back(work, film)
    assert returned.left == []
    assert set(returned.made) == others
    assert judged(work) == before
    for old_id, clip in here(work).items():
        assert (clip.source_video_id, clip.frames) == (
            there[old_id].source_video_id,
            there[old_id].frames,
        )
    with work.transaction() as session:
        assert clips.of_video(session, video.id) == []
    assert clips_cover_video(work, film).passed
    assert no_troubles(work)
    assert len(move_over(work, film).left) == 0


def test_a_clip_whose_file_is_none_of_it_any_more_goes_back_to_a_new_one(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    """Of one the older file was removed here, of two the frames have changed in the film."""
    film = keys(imported)["Harbour"]
    move_over(work, film)
    moved = {clip.id: row for row, clip in here(work).items()}
    with work.transaction() as session:
        video = source_videos.get(session, film)
        lying = list(clips.of_video(session, video.id))
        second = next(
            clip
            for before, clip in pairwise(lying)
            if clip.id in moved and {before.state, clip.state} == {ClipState.PENDING_REVIEW}
        )
        removed = next(clip for clip in reversed(lying) if clip.id in moved)
        older_file = session.exec(
            select(SourceVideo)
            .join(ImportedClip, col(ImportedClip.video_id) == col(SourceVideo.id))
            .where(ImportedClip.clip_id == removed.id)
        ).one()
        remove(session, older_file.key, actor="ann")
    decide(work.engine, second.id, Nudge(Side.PREVIOUS, second.start_frame - 2))
    returned = move_back(work, film)
    assert returned.left == []
    assert {second.id, removed.id} <= set(returned.made)
    with work.transaction() as session:
        assert clips.of_video(session, video.id) == []
        lengths = [clip.frames for clip in clips.with_ids(session, [second.id, removed.id])]
    assert sorted(lengths) == sorted(
        FrameRange(0, length) for length in (second.frames.length + 2, removed.frames.length)
    )
    assert no_troubles(work)
    over = move_over(work, film)
    assert over.left == []
    with work.transaction() as session:
        found = {clip.id: clip.frames for clip in clips.of_video(session, video.id)}
    assert found[second.id] == (second.start_frame - 2, second.end_frame)
    assert found[removed.id] == removed.frames
    # The same once more: the files that were made then are none of these clips any more either.
    with work.transaction() as session:
        made = session.exec(
            select(SourceVideo)
            .join(ImportedClip, col(ImportedClip.video_id) == col(SourceVideo.id))
            .where(ImportedClip.clip_id == removed.id)
        ).one()
        remove(session, made.key, actor="ann")
    decide(work.engine, second.id, Nudge(Side.PREVIOUS, second.start_frame - 3))
    again = move_back(work, film)
    assert again.left == []
    assert {second.id, removed.id} <= set(again.made)
    assert no_troubles(work)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("began", [timedelta(days=-9), timedelta(days=9)])
def test_times_of_an_older_system_that_do_not_ascend_keep_nothing_from_being_undone(
    engine: Engine, began: timedelta
) -> None:
    """Nor do times in the future: what is decided here afterwards is undone first."""
    at = datetime.now(UTC) + began
    known = OlderClip(
        *("1", "1", "clip", "1.mp4", None, Fate.SKIPPED),
        [OlderEvent("approve", "ann", at + HOUR), OlderEvent("skip", "ann", at)],
        labels=["calm"],
    )
    [clip] = adopted(engine, known)
    _, [own] = ready_video(engine, "own", cuts=())
    decide(engine, own.id, APPROVE)
    assert [clip.id for clip in undo(engine).clips] == [own.id]
    with transaction(engine) as session:
        told = [event for event in clips.history(session, clip) if event.actor == "ann"]
        times = [event.created_at for event in told if event.clip_ids == [clip]]
        assert times == sorted(times)
        if began < timedelta(0):
            assert times == [at + HOUR, at + HOUR]
    states = [undo(engine).clips[0].state for _ in range(2)]
    assert states == [ClipState.REVIEW_APPROVED, ClipState.PENDING_REVIEW]


def adopted(engine: Engine, *known: OlderClip) -> list[int]:
    """The clips of these files, by their ids here."""
    found = []
    for each in known:
        video, [clip] = ready_video(engine, f"older-{each.old_id}", cuts=())
        with transaction(engine) as session:
            imported_clips.register(session, NAME, each, video.id, video.id)
            imported_clips.adopt(session, video.id)
        found.append(clip.id)
    return found


def test_a_group_is_undone_before_the_approval_of_its_first_clip(engine: Engine) -> None:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    first, member = (
        OlderClip(
            *(name, "1", "clip", "1.mp4", None, Fate.APPROVED),
            reviewer="ann",
            decided_at=decided_at,
        )
        for name, decided_at in (("1", at + HOUR), ("2", at))
    )
    ids = adopted(engine, first, member)
    with transaction(engine) as session:
        assert imported_clips.write_group(session, ids[1], ids[0], member)
    assert [clip.id for clip in undo(engine).clips] == [ids[1]]
    assert [undo(engine).clips[0].id for _ in ids] == [ids[0], ids[1]]


def test_what_was_decided_here_is_undone_before_what_came_along(
    work: Pipeline, older_system: OlderSystem
) -> None:
    waiting, decided = (
        next(
            row for row in older_system.clips if row.path and (row.reviewer == "ann") == is_decided
        )
        for is_decided in (False, True)
    )
    run(work, older_system, only=[waiting])
    own = here(work)[waiting.id]
    decide(work.engine, own, APPROVE)
    run(work, older_system, only=[decided])
    with work.transaction() as session:
        mine = event_log.latest(session, "ann", 9)
        assert [event.clip_ids for event in mine] == [[own.id], [here(work)[decided.id].id]]
        assert list(event_log.latest(session, "ann", 9, before=mine[0].id)) == list(mine[1:])
    assert [clip.id for clip in undo(work.engine).clips] == [own.id]


def test_a_clip_that_was_removed_here_does_not_come_again(
    work: Pipeline, older_system: OlderSystem
) -> None:
    few = [row for row in older_system.clips if row.still is not None][:2]
    run(work, older_system, only=few)
    with work.transaction() as session:
        key = (
            source_videos.with_ids(session, [here(work)[few[0].id].source_video_id])
            .popitem()[1]
            .key
        )
        remove(session, key, actor="ann")
    planned, report = run(work, older_system, only=few)
    assert report is not None
    assert (planned.removed, report.taken, report.failed) == (1, 0, {})


def test_a_clip_whose_film_is_not_at_hand_is_reviewed_by_its_own_proxy(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    row = next(row for row in older_system.with_files("Market") if row.state == "pending_review")
    clip = here(work)[row.id]
    with pytest.raises(InputError, match="--into"):
        move_over(work, keys(imported)["Market"])
    with work.transaction() as session:
        queue = review_queue.lease_queue(session, "ann", 100, 60)
        assert clip.id in [each.clip.id for each in queue]
    decide(work.engine, clip.id, APPROVE)
    with work.transaction() as session:
        video = source_videos.with_ids(session, [clip.source_video_id])[clip.source_video_id]
        assert video.proxy_id
        assert video.playlist_id is not None
    assert export_clips(work, video.key).batch.done == [clip.id]
    with work.transaction() as session:
        [export] = session.exec(select(ClipExport).where(ClipExport.clip_id == clip.id))
    with work.storage.fetch(export.filepath) as file:
        assert first_number(file) == row.frames.start


def test_a_film_that_turns_up_later_takes_the_clips(
    work: Pipeline, older_system: OlderSystem, imported: Report
) -> None:
    """Among them one that somebody has decided on meanwhile; where somebody has decided on what
    lies there in the film, the clip stays as it is, and is named."""
    rows = older_system.with_files("Market")
    made = ingest(work, str(older_system.films["Market"]), needs_splicing=False)
    taken = rows[3]
    with work.transaction() as session:
        film = source_videos.get(session, made.key)
        replan(session, film, taken.frames)
        [there] = [clip for clip in clips.of_video(session, film.id) if clip.frames == taken.frames]
    decide(work.engine, there.id, APPROVE)
    moved = move_over(work, keys(imported)["Market"], into=made.key)
    assert [each.old_id for each in moved.left] == [str(taken.id)]
    assert moved.left[0].best == taken.frames.start
    assert f"Clip {there.id} lies there already" in moved.left[0].reason
    found = here(work)
    assert [found[row.id].frames for row in rows if row is not taken] == [
        row.frames for row in rows if row is not taken
    ]


@pytest.mark.whole
def test_500_clips_come_over_and_find_their_places(
    work: Pipeline, tmp_path: Path, postgres: Statement, postgres_url: str
) -> None:
    postgres("CREATE DATABASE older_500")
    url = with_database(postgres_url, "older_500")
    made = older.make_files(tmp_path / "older", 500)
    system = older.fill(url, tmp_path / "older", made, at_hand=("Harbour", "Market"))
    report = make_imported(work, system)
    postgres("DROP DATABASE older_500 WITH (FORCE)")
    takeable = {row.id: row for row in system.clips if row.is_takeable}
    assert report.failed == {}
    found = here(work)
    assert found.keys() == takeable.keys()
    assert {
        old_id: clip.decided_at for old_id, clip in found.items() if clip.decided_at is not None
    } == {old_id: row.decided_at for old_id, row in takeable.items() if row.decided_at is not None}
    before = judged(work)
    rows = [row for row in takeable.values() if row.path]
    moved = {title: move_over(work, key) for title, key in keys(report).items()}
    assert judged(work) == before
    found = here(work)
    exact = [row for row in rows if found[row.id].frames == row.frames]
    assert len(exact) >= 0.99 * len(rows)
    placed = {each.clip_id for over in moved.values() for each in over.moved}
    assert {found[row.id].id for row in exact} == placed
