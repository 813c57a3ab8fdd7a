"""Profiles come, change and go: exactly the files that this touches are made, each in its turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clip_exports, clips, ledger, profiles, source_videos
from heaters_pipeline.db.profiles import Lack
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.profiles import BUILT_IN, Profile
from heaters_pipeline.media.clips import encoders, gold_range
from heaters_pipeline.media.ffmpeg.process import run
from heaters_pipeline.orchestration.ended_runs import give_up
from heaters_pipeline.orchestration.resources import Database
from heaters_pipeline.orchestration.sensor_rest import Look
from heaters_pipeline.orchestration.sensors import missing_exports
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.exports import Added
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import annotate, decide, live, undo
from tests.footage import NumberedFilm
from tests.jobs import tick, ticked
from tests.made_once import Worlds


class World:
    """A film of three clips, approved and exported."""

    def __init__(self, work: Pipeline, key: str) -> None:
        self.work, self.key = work, key
        with work.transaction() as session:
            video = source_videos.get(session, key)
        self.clips = [clip.id for clip in live(work.engine, video)]

    def files(self) -> dict[int, list[str]]:
        """Kinds of files by clip, from the tables; the storage has the same."""
        delete_due(self.work)
        with self.work.transaction() as session:
            found = clip_exports.of_clips(session, self.clips)
        paths = {each.filepath for exports in found.values() for each in exports}
        assert paths == {path for path in self.work.storage.list("clips/") if "/clip-" in path}
        return {clip: [each.profile for each in found.get(clip, [])] for clip in self.clips}

    def added(self) -> Added:
        exported = export_clips(self.work, self.key)
        assert exported.batch.done == exported.batch.failed == []
        return exported.added

    def save(self, name: str, profile: Profile) -> None:
        with self.work.transaction() as session:
            profiles.save(session, name, profile)

    def use(self, name: str, label: str | None = None) -> None:
        with self.work.transaction() as session:
            profiles.use(session, name, video_key=None, label=label)

    def undo(self) -> None:
        undo(self.work.engine)
        delete_due(self.work)

    def lack(self, name: str) -> Lack:
        with self.work.transaction() as session:
            return profiles.lack_now(session, name)


FILM = NumberedFilm(45, (15, 30), size=(64, 36))


def make_world(work: Pipeline, film: Path) -> str:
    """The film's key."""
    made = World(work, ingest(work, str(film)).key)
    for clip in made.clips:
        decide(work.engine, clip, APPROVE)
    assert export_clips(work, made.key).batch.done == made.clips
    return made.key


@pytest.fixture
def world(pipeline: Engine, film_file: Path, worlds: Worlds) -> World:
    work = open_pipeline(pipeline, get_settings())
    return World(work, worlds.fill(work, make_world, film_file))


WEB = BUILT_IN["web"]


def test_exactly_what_a_profile_touches_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = world.clips
    main = ["delivery"]
    assert world.files() == {first: main, second: main, third: main}
    assert world.added() == Added()

    annotate(world.work.engine, second, labels=["sea"])
    world.use("web", "sea")
    assert world.lack("web") == Lack(1, 1)
    assert len(world.added().made) == 1
    assert world.files() == {first: main, second: ["delivery", "web"], third: main}
    assert world.added() == Added()

    world.save("web", replace(WEB, name="{clip}"))
    world.save("delivery", replace(BUILT_IN["delivery"], trimmed=True))
    assert world.added() == Added(), "no clip has a transition, and names are no part of files"

    world.save("web", replace(WEB, quality=30))
    (path,) = world.added().made
    assert path.startswith(f"clips/{second}/clip-web-{replace(WEB, quality=30).hash}-")
    assert world.files()[second] == ["delivery", "web"], "the file before is gone"
    with world.work.transaction() as session:
        export = clip_exports.get(session, second, "web")
        video = source_videos.get(session, world.key)
        entered = ledger.numbers(session, [video.id])[video.id]
    assert export.receipt and export.receipt["profile"] == "web"
    assert export.bytes == world.work.storage.size(path) == export.receipt["size"]
    assert entered == len(list(world.work.storage.list("")))

    with world.work.transaction() as session:
        profiles.retire(session, "web")
    world.use("web")
    assert world.added() == Added()
    with world.work.transaction() as session:
        profiles.retire(session, "web", retired=False)
    world.use("archive")
    decoded: list[str] = []

    def noted(*outputs: Any, what: str, stall_seconds: float) -> None:
        decoded.append(what)
        run(*outputs, what=what, stall_seconds=stall_seconds)

    monkeypatch.setattr(gold_range, "run", noted)
    assert len(world.added().made) == 5
    assert len(decoded) == 3, "each clip is decoded once, by however many profiles it is encoded"


def test_a_profile_that_fails_fails_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.use("av1")
    world.use("web")
    with monkeypatch.context() as patch:
        patch.setattr(encoders, "_available", lambda: frozenset({"libx264"}))
        added = world.added()
        assert (added.failed, len(added.made)) == (world.clips, 3)
        assert world.added() == Added(), "what failed is not tried again by itself"
    first = world.clips[0]
    with world.work.transaction() as session:
        (failure,) = clip_exports.failures(session, [first])[first]
        assert "has no encoder for av1" in failure.error
        clip_exports.retry(session, first)
    assert [path.split("/")[1] for path in world.added().made] == [str(first)]
    assert world.files()[first] == ["delivery", "web", "av1"]
    with world.work.transaction() as session, pytest.raises(InputError, match="nothing to try"):
        clip_exports.retry(session, first)


def test_a_clip_is_exported_where_one_of_its_profiles_succeeds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.clips[0]
    world.undo()  # the third clip's approval
    third = world.clips[2]
    assert world.files()[third] == [], "its file left with it"
    world.use("prores")
    with world.work.transaction() as session:
        profiles.retire(session, "delivery")
    decide(world.work.engine, third, APPROVE)
    done = export_clips(world.work, world.key)
    assert (done.batch.done, len(done.added.made)) == ([third], 2)
    with world.work.transaction() as session:
        clip = clips.get(session, third)
        assert clip.clip_filepath == clip_exports.get(session, third, "prores").filepath
        kept = clips.get(session, first)
        assert kept.clip_filepath == clip_exports.get(session, first, "delivery").filepath
        profiles.retire(session, "prores")
    assert take_keyframes(world.work, world.key).failed == []
    world.undo()
    decide(world.work.engine, third, APPROVE)
    assert export_clips(world.work, world.key).batch.failed == [third]
    with world.work.transaction() as session:
        assert "No profile is for this clip" in str(clips.get(session, third).error)


def test_the_sensor_rests_after_a_long_look_until_profiles_change(
    world: World, instance: dg.DagsterInstance
) -> None:
    look = Look.of_cursor(ticked(missing_exports, instance).cursor)
    assert look is not None
    long = replace(look, took=60.0).cursor
    for _ in range(2):
        assert ticked(missing_exports, instance, long).cursor is None, "it stays"
    world.use("web")
    found = ticked(missing_exports, instance, long)
    assert (len(found.run_requests), found.cursor) == (1, None)


def test_the_sensor_asks_once_for_each_thing_that_is_missing(
    world: World, instance: dg.DagsterInstance
) -> None:
    def keys() -> list[str]:
        return tick(missing_exports, instance)

    assert keys() == []
    world.use("web")
    (first,) = keys()
    assert keys() == [first]
    with world.work.video_lock(world.key):
        assert keys() == [], "a run is at work on it"
    seen = {first}
    for quality in (30, 20, 30):  # the same spec comes back, and is something new to do
        world.added()
        world.save("web", replace(WEB, quality=quality))
        (key,) = keys()
        assert key not in seen
        seen.add(key)
    run = dg.DagsterRun(
        job_name="library", tags={"dagster/run_key": key, "dagster/partition": world.key}
    )
    database = Database()
    database._engine = world.work.engine
    give_up(database, run, "The run died before it had ended: try again.")
    assert keys() == []
    with world.work.transaction() as session:
        clip_exports.retry(session, world.clips[0])
    (again,) = keys()
    assert again not in seen
