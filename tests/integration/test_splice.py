"""Physical videos: a file of every scene before the review, and what becomes of it by decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from heaters_pipeline.db import (
    archiving,
    artifacts,
    clip_exports,
    clip_work,
    clips,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.db.removal import remove
from heaters_pipeline.domain.archive import Archived
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP, Merge, Nudge, Side, Split
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.domain.storage_check import Finding, Outcome
from heaters_pipeline.orchestration.sensors import (
    approved_clips,
    missing_exports,
    new_source_videos,
)
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.archive import archive_source
from heaters_pipeline.work.clip_sprites import make_sprites
from heaters_pipeline.work.exports import Added
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.move_over import move_back, move_over
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.register import add_source
from heaters_pipeline.work.splice import splice
from heaters_pipeline.work.storage_check import check_storage
from tests.decisions import decide, live, undo
from tests.footage import NumberedFilm, read_number
from tests.integration.test_healing import skip_pauses
from tests.integration.test_media_footage import numbers
from tests.integration.test_pipeline import everything
from tests.jobs import run_job, tick
from tests.made_once import Worlds
from tests.sprites import read_tiles

FILM = NumberedFilm(48, (16, 32), size=(64, 36))
SCENES = [range(16), range(16, 32), range(32, 48)]

PENDING = ClipState.PENDING_REVIEW


@dataclass(frozen=True)
class World:
    """A film of three scenes, spliced."""

    work: Pipeline
    key: str

    @property
    def clips(self) -> list[Clip]:
        """Those that are alive, in film order."""
        with self.work.transaction() as session:
            video = source_videos.get(session, self.key)
        return live(self.work.engine, video)

    def files(self) -> list[list[int] | None]:
        """The frames that the file of each live clip shows; None of a clip without one."""
        return [self.shown(clip) for clip in self.clips]

    def shown(self, clip: Clip) -> list[int] | None:
        assert clip.is_virtual == (clip.clip_filepath is None)
        if clip.clip_filepath is None:
            return None
        with self.work.storage.fetch(clip.clip_filepath) as path:
            return numbers(path)

    def exports(self) -> set[int]:
        """What the rows are called that tell of the files of live clips."""
        ids = [clip.id for clip in self.clips]
        with self.work.transaction() as session:
            found = clip_exports.of_clips(session, ids)
        return {export.id for exports in found.values() for export in exports}

    def tiles(self) -> list[list[int] | None]:
        """The frames that the sprite sheets of each live clip show, as their pixels tell; None of a
        clip without any."""
        found = self.clips
        with self.work.transaction() as session:
            sheets = artifacts.sprites_of(session, [clip.id for clip in found])
        return [self._numbers(sheets[clip.id]) if clip.id in sheets else None for clip in found]

    def _numbers(self, made: object) -> list[int]:
        index = SpriteIndex.from_json(made.sprites)  # type: ignore[attr-defined]
        content = b"".join(self.work.storage.stream(made.filepath))  # type: ignore[attr-defined]
        told = [read_number(tile) for tile in read_tiles(content, index)]
        assert told == list(index.frames)
        return told

    def go_on(self) -> Added:
        """What the pipeline does by itself, until nothing is left to do."""
        added = export_clips(self.work, self.key).added
        assert make_sprites(self.work, self.key).failed == 0
        with self.work.transaction() as session:
            archiving.archive_rested(session, 0, 99)
            archiving.drop_replaced(session, 0, 99)
        delete_due(self.work)
        return added

    def assert_nothing_is_wrong(self) -> None:
        """The clips cover the film, and the storage has what rows name and nothing else."""
        assert [each for clip in self.clips for each in range(*clip.frames)] == list(range(48))
        delete_due(self.work)
        told: list[object] = []
        check_storage(self.work, told.append, deep=True)
        assert told == []


def spliced(work: Pipeline, film: Path) -> str:
    """The film's key."""
    report = ingest(work, str(film), clip_pipeline=ClipPipeline.PHYSICAL)
    assert (report.error, report.state) == (None, SourceState.SPLICED)
    return report.key


@pytest.fixture
def work(pipeline: Engine) -> Pipeline:
    return open_pipeline(pipeline, get_settings())


@pytest.fixture
def world(work: Pipeline, film_file: Path, worlds: Worlds) -> World:
    return World(work, worlds.fill(work, spliced, film_file))


def frames_of(scenes: Sequence[range]) -> list[list[int]]:
    return [list(scene) for scene in scenes]


def test_every_scene_has_a_file_of_exactly_its_frames_before_anybody_reviews_it(
    world: World,
) -> None:
    assert [clip.state for clip in world.clips] == [PENDING] * 3
    assert [clip.decided_at for clip in world.clips] == [None] * 3
    assert [range(*clip.frames) for clip in world.clips] == SCENES
    assert world.files() == frames_of(SCENES)
    assert [clip.exported_frames for clip in world.clips] == [
        FrameRange(scene.start, scene.stop).as_json() for scene in SCENES
    ]
    assert world.tiles() == [[0, 5, 10, 15], [16, 21, 26, 31], [32, 37, 42, 47]]
    assert world.go_on() == Added()
    world.assert_nothing_is_wrong()


def test_an_approved_clip_keeps_the_file_that_it_has(world: World) -> None:
    work, (first, second, third) = world.work, world.clips
    decide(work.engine, first, APPROVE)
    decide(work.engine, second, SKIP)
    decide(work.engine, third, ARCHIVE)
    assert [clip.clip_filepath for clip in world.clips] == [
        each.clip_filepath for each in (first, second, third)
    ]
    exported = export_clips(work, world.key)
    assert exported.batch.done == [first.id]
    with work.transaction() as session:
        (made,) = clip_exports.of_clips(session, [first.id])[first.id]
    assert (made.filepath, made.made_at < first.updated_at) == (first.clip_filepath, True)
    assert take_keyframes(work, world.key).done == [first.id]
    assert embed_clips(work, world.key).batch.done == [first.id]
    world.go_on()
    states = [ClipState.EMBEDDED, ClipState.REVIEW_SKIPPED, ClipState.ARCHIVED]
    assert [clip.state for clip in world.clips] == states
    assert world.files() == [list(SCENES[0]), list(SCENES[1]), None]
    world.assert_nothing_is_wrong()

    for _ in range(3):
        undo(work.engine)
    assert [clip.state for clip in world.clips] == [PENDING, PENDING, PENDING]
    with work.transaction() as session:
        assert artifacts.keyframes(session, first.id) == []
    world.go_on()
    assert world.files() == frames_of(SCENES)
    world.assert_nothing_is_wrong()


def test_an_archive_decision_that_is_undone_gives_back_what_the_clip_still_has(
    world: World,
) -> None:
    work, first = world.work, world.clips[0]
    decide(work.engine, first, ARCHIVE)
    undo(work.engine)
    assert (world.clips[0].state, world.files()[0]) == (PENDING, list(SCENES[0]))
    decide(work.engine, first, APPROVE)
    for step in (export_clips, take_keyframes, embed_clips):
        step(work, world.key)
    decide(work.engine, first, ARCHIVE)
    undo(work.engine)
    assert world.clips[0].state == ClipState.EMBEDDED
    decide(work.engine, first, ARCHIVE)
    decide(work.engine, first, SKIP)
    undo(work.engine)
    undo(work.engine)
    (now, *_) = world.clips
    assert now.state == ClipState.REVIEW_APPROVED, "its stills went with the skip"
    assert world.files()[0] == list(SCENES[0])


def later(world: World) -> World:
    """The same, with an undo window that does not end."""
    settings = world.work.settings.model_copy(update={"undo_window_seconds": 3600})
    return replace(world, work=replace(world.work, settings=settings))


def test_a_merge_shows_at_once_and_gets_its_file_after_the_undo_window(world: World) -> None:
    work, (first, second, _) = world.work, world.clips
    decide(work.engine, second, Merge())
    merged, third = world.clips
    assert (merged.state, merged.is_virtual, merged.frames) == (PENDING, True, (0, 32))
    assert export_clips(later(world).work, world.key).added == Added()
    with work.transaction() as session:
        assert archiving.drop_replaced(session, 0, 99) == 0, "what replaced them has no file yet"
        assert archiving.drop_replaced(session, 3600, 99) == 0

    undo(work.engine)
    assert [clip.id for clip in world.clips] == [first.id, second.id, third.id]
    assert world.files() == frames_of(SCENES)
    assert world.go_on() == Added(), "the files had stayed"

    decide(work.engine, second, Merge())
    assert len(world.go_on().made) == 1
    assert world.files() == [list(range(32)), list(SCENES[2])]
    assert world.tiles() == [[0, 5, 10, 15, 20, 25, 30], [32, 37, 42, 47]]
    with work.transaction() as session:
        gone = clips.with_ids(session, [first.id, second.id])
    assert [(clip.is_virtual, clip.clip_filepath) for clip in gone] == [(True, None)] * 2
    world.assert_nothing_is_wrong()

    undo(work.engine)
    assert [clip.id for clip in world.clips] == [first.id, second.id, third.id]
    assert len(world.go_on().made) == 2
    assert world.files() == frames_of(SCENES)
    world.assert_nothing_is_wrong()


def test_a_split_and_a_moved_cut_get_their_files_too(world: World) -> None:
    work, (_, second, third) = world.work, world.clips
    decide(work.engine, third, Split([40]))
    decide(work.engine, second, Nudge(Side.PREVIOUS, 14))
    assert world.files()[0] == list(range(16)), "until it has rested the file stays as it was"
    assert len(world.go_on().made) == 4
    assert world.files() == frames_of([range(14), range(14, 32), range(32, 40), range(40, 48)])
    assert world.tiles()[1] == [14, 19, 24, 29]
    world.assert_nothing_is_wrong()
    undo(work.engine)
    undo(work.engine)
    world.go_on()
    assert world.files() == frames_of(SCENES)
    world.assert_nothing_is_wrong()


def test_scenes_whose_source_was_deleted_keep_their_files(world: World) -> None:
    work, (first, second, third) = world.work, world.clips
    decide(work.engine, third, Split([40]))
    world.go_on()
    decide(work.engine, second, Split([20]))
    archive_source(work, world.key, Archived.AWAY)
    delete_due(work)
    before = set(work.storage.list(""))
    moves = Nudge(Side.NEXT, 12), Split([5]), Merge(Side.NEXT)
    for decision in moves:
        with pytest.raises(Conflict, match=r"nobody can make again.*leave its frames as they are"):
            decide(work.engine, first, decision)
    for mark in (SKIP, APPROVE, SKIP):
        decide(work.engine, first, mark)
        assert world.files()[0] == list(SCENES[0]), "it stays with a scene whatever is decided"
    undo(work.engine)
    undo(work.engine)
    undo(work.engine)
    decide(work.engine, first, ARCHIVE)
    world.go_on()
    undo(work.engine)
    undo(work.engine)
    assert world.files() == frames_of([*SCENES[:2], range(32, 40), range(40, 48)])
    with pytest.raises(Conflict, match="nobody can make again"):
        undo(work.engine)
    delete_due(work)
    assert set(work.storage.list("")) == before


def test_a_clip_that_is_approved_before_its_file_is_cut_is_exported_with_its_new_frames(
    world: World,
) -> None:
    work, second = world.work, world.clips[1]
    decide(work.engine, second, Nudge(Side.PREVIOUS, 14))
    decide(work.engine, second, APPROVE)
    assert export_clips(work, world.key).batch.done == [second.id]
    assert world.files()[1] == list(range(14, 32))
    world.go_on()
    world.assert_nothing_is_wrong()


def test_scenes_that_new_cut_points_make_are_cut_by_themselves(world: World) -> None:
    work = world.work
    with work.transaction() as session:
        found = source_videos.get(session, world.key).scene_cut_points
        source_videos.record(
            session,
            world.key,
            {"scene_cut_points": {**(found or {}), "imported": True, "cuts": [24]}},
        )
    from heaters_pipeline.work.clips import lay_clips

    lay_clips(work, world.key)
    assert [clip.state for clip in world.clips] == [ClipState.SPLICING] * 2
    assert len(world.go_on().made) == 2
    assert [clip.state for clip in world.clips] == [PENDING] * 2
    assert world.files() == frames_of([range(24), range(24, 48)])
    world.assert_nothing_is_wrong()


def test_a_removed_video_takes_the_files_of_replaced_clips_along(world: World) -> None:
    decide(world.work.engine, world.clips[1], Merge())
    with world.work.transaction() as session:
        remove(session, world.key, actor="ann")
    delete_due(world.work)
    assert list(world.work.storage.list("")) == []


def test_sprite_sheets_of_virtual_clips_are_made_where_somebody_asks(
    work: Pipeline, film_file: Path
) -> None:
    world = World(work, ingest(work, str(film_file)).key)
    assert (world.files(), world.tiles()) == ([None] * 3, [None] * 3)
    assert make_sprites(work, world.key, of_all=True).added == 3
    assert world.tiles() == [[0, 5, 10, 15], [16, 21, 26, 31], [32, 37, 42, 47]]
    assert make_sprites(work, world.key, of_all=True).added == 0
    world.assert_nothing_is_wrong()


def test_a_splice_that_breaks_off_goes_on_with_what_is_missing(
    work: Pipeline, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from heaters_pipeline.work import exports

    made: list[int] = []
    record = exports._record

    def breaks(pipeline: Pipeline, clip: Clip, *rest: object) -> bool:
        if made:
            raise OSError(28, "No space left on device")
        made.append(clip.id)
        return record(pipeline, clip, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(exports, "_record", breaks)
        report = ingest(work, str(film_file), clip_pipeline=ClipPipeline.PHYSICAL)
    assert (report.state, report.error) == ("new", "OSError: [Errno 28] No space left on device")
    world = World(work, report.key)
    assert sorted(clip.state for clip in world.clips) == ["spliced", "splicing", "splicing"]
    again = ingest(work, str(film_file), clip_pipeline=ClipPipeline.PHYSICAL)
    assert (again.error, again.state) == (None, "spliced")
    assert made[0] in [clip.id for clip in world.clips]
    assert world.files() == frames_of(SCENES)


def test_scenes_of_a_source_that_has_changed_since_are_cut_again(
    work: Pipeline, film_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(film_file.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.splice.find_faults", _fails)
        key = ingest(work, str(film), clip_pipeline=ClipPipeline.PHYSICAL).key
    world = World(work, key)
    assert {clip.state for clip in world.clips} == {ClipState.SPLICED}
    before = world.exports()
    with work.transaction() as session:
        source_videos.record(session, key, {"products_sha256": "another source's"})
    assert ingest(work, str(film), clip_pipeline=ClipPipeline.PHYSICAL).error is None
    assert [clip.state for clip in world.clips] == [PENDING] * 3
    assert len(world.exports()) == len(before) == 3
    assert world.exports().isdisjoint(before)
    assert world.files() == frames_of(SCENES)


def _fails(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def materialized(instance: dg.DagsterInstance, key: str) -> set[str]:
    assets = ("virtual_clips", "spliced_clips", "clip_sprites", "exported_clips")
    return {
        each for each in assets if key in instance.get_materialized_partitions(dg.AssetKey(each))
    }


def test_dagster_splices_a_physical_video_and_repeats_any_asset_of_it(
    work: Pipeline, instance: dg.DagsterInstance, film_file: Path
) -> None:
    with work.transaction() as session:
        video, _ = add_source(session, str(film_file), pipeline=ClipPipeline.PHYSICAL)
    assert tick(new_source_videos, instance) == [f"ingest:{video.key}:0"]
    assert run_job(instance, "ingest", video.key).success
    world = World(work, video.key)
    assert [clip.state for clip in world.clips] == [PENDING] * 3
    assert materialized(instance, video.key) == {"virtual_clips", "spliced_clips", "clip_sprites"}
    before = everything(work.engine, work.storage)
    for asset in (
        "gold_master",
        "scene_cut_points",
        "virtual_clips",
        "spliced_clips",
        "clip_sprites",
    ):
        assert run_job(instance, "ingest", video.key, [asset]).success, asset
        assert everything(work.engine, work.storage) == before, asset

    decide(work.engine, world.clips[1], Merge())
    (asked,) = tick(missing_exports, instance)
    assert asked.startswith(f"exports:{video.key}:")
    assert run_job(instance, "library", video.key, tags={"dagster/run_key": asked}).success
    assert world.files() == [list(range(32)), list(SCENES[2])]
    assert world.tiles() == [[0, 5, 10, 15, 20, 25, 30], [32, 37, 42, 47]]
    assert tick(missing_exports, instance) == []
    tick(approved_clips, instance)
    world.assert_nothing_is_wrong()


def test_clips_whose_sheets_were_not_made_are_taken_up_by_a_later_run(
    work: Pipeline, instance: dg.DagsterInstance, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with work.transaction() as session:
        video, _ = add_source(session, str(film_file), pipeline=ClipPipeline.PHYSICAL)
    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.clip_sprites.sprites_of_file", _fails)
        run_job(instance, "ingest", video.key)
    world = World(work, video.key)
    assert [clip.state for clip in world.clips] == [ClipState.SPLICED] * 3
    assert {clip.error for clip in world.clips} == {"OSError: [Errno 28] No space left on device"}
    skip_pauses(work.engine)
    (asked,) = tick(approved_clips, instance)
    assert asked.startswith(f"library:{video.key}:")
    assert run_job(instance, "library", video.key, tags={"dagster/run_key": asked}).success
    assert [clip.state for clip in world.clips] == [PENDING] * 3
    world.assert_nothing_is_wrong()


def test_the_file_of_a_scene_that_is_gone_before_its_sheets_are_made_is_cut_again(
    work: Pipeline, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.clip_sprites.sprites_of_file", _fails)
        world = World(work, ingest(work, str(film_file), clip_pipeline=ClipPipeline.PHYSICAL).key)
    first, second, _ = world.clips
    assert (first.state, second.state) == (ClipState.SPLICED, ClipState.SPLICED)
    work.storage.delete_each([str(first.clip_filepath)])
    skip_pauses(work.engine)
    assert make_sprites(work, world.key).batch.failed == [first.id]
    told: list[Finding] = []
    check_storage(work, told.append, fix=True, grace=timedelta(0))
    assert [each.outcome for each in told] == [Outcome.REMADE]
    assert len(export_clips(work, world.key).added.made) == 1
    with work.transaction() as session:
        clip_work.retry(session, first.id)
    make_sprites(work, world.key)
    assert [clip.state for clip in world.clips] == [PENDING] * 3
    assert world.files() == frames_of(SCENES)
    world.assert_nothing_is_wrong()


def test_physical_clips_become_videos_of_their_own_and_come_back(
    world: World, work: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.clips[0]
    decide(work.engine, first, APPROVE)
    returned = move_back(work, world.key)
    assert (len(returned.made), returned.left, world.clips) == (3, [], [])
    over = move_over(work, world.key)
    assert (len(over.moved), over.left) == (3, [])
    assert [clip.state for clip in world.clips] == ["review_approved", PENDING, PENDING]
    world.go_on()
    assert world.files() == frames_of(SCENES)
    world.assert_nothing_is_wrong()


def test_clips_that_nobody_can_review_yet_stay_in_their_film(
    work: Pipeline, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.clip_sprites.sprites_of_file", _fails)
        world = World(work, ingest(work, str(film_file), clip_pipeline=ClipPipeline.PHYSICAL).key)
    returned = move_back(work, world.key)
    assert (len(returned.left), returned.made, len(world.clips)) == (3, [], 3)


def test_nothing_is_spliced_of_a_virtual_video(work: Pipeline, film_file: Path) -> None:
    key = ingest(work, str(film_file)).key
    assert splice(work, key) is None
    with transaction(work.engine) as session:
        assert session.exec(select(ReviewEvent.action)).all() == ["replan"]
