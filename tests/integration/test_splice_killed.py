"""kill -9 in the middle of a splice, of sprite sheets, and of the files of merges and splits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from heaters_pipeline.db import archiving, clips, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import Merge, Split
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.clip_sprites import make_sprites
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.storage_check import check_storage
from tests.children import CHILDREN, begin
from tests.decisions import decide
from tests.footage import NumberedFilm
from tests.integration.test_media_footage import numbers

pytestmark = pytest.mark.long

FRAMES = 96
FILM = NumberedFilm(FRAMES, (12, 24, 36, 48, 60, 72, 84), size=(64, 36))

KILLS = pytest.mark.parametrize("kills", [4, pytest.param(10, marks=pytest.mark.whole)])


def go_on(work: Pipeline, key: str) -> None:
    export_clips(work, key)
    make_sprites(work, key)
    with work.transaction() as session:
        archiving.drop_replaced(session, 0, 99)
    delete_due(work)


def work_for_ever(film: str, done: Event) -> None:
    """The body of a process that will be killed; `done` is set once all work is."""
    work = open_pipeline(open_engine(str(get_settings().database_url)), get_settings())
    key = ingest(work, film, clip_pipeline=ClipPipeline.PHYSICAL).key
    while True:
        go_on(work, key)
        done.set()
        time.sleep(0.05)


def start(film: Path) -> tuple[BaseProcess, Event]:
    done = CHILDREN.Event()
    return begin(work_for_ever, str(film), done), done


def live(engine: Engine) -> list[Clip]:
    with transaction(engine) as session:
        found = source_videos.newest_first(session)
        return list(clips.of_video(session, found[0].id)) if found else []


def is_splicing(engine: Engine) -> bool:
    return any(clip.state == ClipState.SPLICING for clip in live(engine))


def lacks_sheets(engine: Engine) -> bool:
    with transaction(engine) as session:
        (video,) = source_videos.newest_first(session)
    waits = {ClipState.SPLICED, ClipState.GENERATING_SPRITE}
    return video.state == SourceState.SPLICED and any(c.state in waits for c in live(engine))


def lacks_files(engine: Engine) -> bool:
    return any(clip.is_virtual for clip in live(engine))


def kill_while(
    engine: Engine, film: Path, condition: Callable[[Engine], bool], within: float
) -> bool:
    """Starts the process and kills it at a random moment of up to `within` seconds after the
    condition has come true; whether it was still true then. It never is where a kill before this
    one came so late that the work was done."""
    process, done = start(film)
    end = time.monotonic() + 120
    while not condition(engine) and not done.is_set():
        assert process.is_alive(), process.exitcode
        assert time.monotonic() < end, f"{condition.__name__} never was"
        time.sleep(0.01)
    time.sleep(random.uniform(0, within))
    there = condition(engine)
    process.kill()
    process.join()
    return there


def merge_or_split(engine: Engine) -> None:
    """Two decisions on clips that nobody has decided on yet."""
    found = live(engine)
    at = random.randrange(1, len(found))
    decide(engine, found[at], Merge())
    longest = max(live(engine), key=lambda clip: clip.frames.length)
    middle = (longest.start_frame + longest.end_frame) // 2
    decide(engine, longest, Split([middle]))


@KILLS
def test_what_is_killed_again_and_again_leaves_nothing_wrong(
    kills: int, pipeline: Engine, film_file: Path
) -> None:
    hits = sum(kill_while(pipeline, film_file, is_splicing, 1.0) for _ in range(kills // 2))
    hits += kill_while(pipeline, film_file, lacks_sheets, 0.5)
    work = open_pipeline(pipeline, get_settings())
    report = ingest(work, str(film_file), clip_pipeline=ClipPipeline.PHYSICAL)
    assert (report.error, report.state) == (None, SourceState.SPLICED)
    go_on(work, report.key)
    for _ in range(kills // 2):
        merge_or_split(pipeline)
        hits += kill_while(pipeline, film_file, lacks_files, 0.5)
    assert hits >= kills // 2

    go_on(work, report.key)
    go_on(work, report.key)
    found = live(pipeline)
    assert [frame for clip in found for frame in range(*clip.frames)] == list(range(FRAMES))
    assert {clip.state for clip in found} == {ClipState.PENDING_REVIEW}
    for clip in found:
        with work.storage.fetch(str(clip.clip_filepath)) as path:
            assert numbers(path) == list(range(*clip.frames))
    with work.transaction() as session:
        replaced = select(Clip.id).where(Clip.state == ClipState.SUPERSEDED, ~col(Clip.is_virtual))
        assert session.exec(replaced).all() == []
    # What a killed process had stored and not named yet goes a day later.
    check_storage(work, lambda _: None, fix=True, grace=timedelta(0))
    delete_due(work)
    told: list[object] = []
    check_storage(work, told.append, deep=True, grace=timedelta(0))
    assert told == []
    scratch = get_settings().home / "scratch"
    assert [path for path in scratch.iterdir() if path.name != ".lock"] == []
