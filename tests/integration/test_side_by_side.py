"""Clips side by side: a batch that is stopped, or that fails, leaves no ffmpeg running."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import ffmpeg
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.side_by_side import PIXELS_AT_ONCE, Room, room_for
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.media.ffmpeg.process import run
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.cancellation import Cancelled, cancellable
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.side_by_side import side_by_side
from tests.decisions import decide, live
from tests.footage import STALL_SECONDS, make_numbered_film
from tests.waiting import until


def running() -> list[str]:
    """ffmpeg's runs that this process has started."""
    found = subprocess.run(
        ["ps", "-o", "comm=", "--ppid", str(os.getpid())], capture_output=True, text=True
    ).stdout.split()
    return [name for name in found if name.startswith("ffmpeg")]


def endless(_: object) -> None:
    picture = ffmpeg.input("testsrc2=size=64x36", format="lavfi", re=None)
    run(picture.output("-", format="null"), what="run for ever", stall_seconds=STALL_SECONDS)


def test_results_come_in_order_and_each_end_is_told() -> None:
    threads: set[int] = set()
    told: list[int] = []
    here = threading.get_ident()

    def squared(number: int) -> int:
        threads.add(threading.get_ident())
        time.sleep(0.02 * (5 - number))
        return number**2

    def tell(number: int) -> None:
        assert threading.get_ident() == here
        told.append(number)

    assert side_by_side(squared, range(5), 3, tell) == [0, 1, 4, 9, 16]
    assert sorted(told) == [0, 1, 2, 3, 4]
    assert here not in threads and 1 < len(threads) <= 3


def test_a_batch_that_is_cancelled_leaves_no_ffmpeg() -> None:
    with pytest.raises(Cancelled), cancellable(lambda: len(running()) == 2, "enough"):
        side_by_side(endless, range(9), 2)
    assert running() == []


def test_a_batch_that_fails_leaves_no_ffmpeg() -> None:
    def do(number: int) -> None:
        if number == 2:
            until(lambda: len(running()) == 2)
            raise ValueError("broken")
        endless(number)

    with pytest.raises(ValueError, match="broken"):
        side_by_side(do, range(9), 3)
    assert running() == []


def test_as_many_at_once_as_cores_and_memory_allow() -> None:
    hd, uhd = 1920 * 1080, 3840 * 2160
    assert room_for(9, 2, hd) == Room(clips=2, threads=1, profiles=4)
    assert room_for(1, 2, hd) == Room(clips=1, threads=0, profiles=8)
    assert room_for(99, 64, hd) == Room(clips=8, threads=8, profiles=1)
    assert room_for(99, 64, uhd) == Room(clips=2, threads=32, profiles=1)
    assert room_for(9, 64, PIXELS_AT_ONCE * 2).clips == room_for(9, 1, 0).clips == 1


@pytest.fixture
def approved(pipeline: Engine, tmp_path: Path) -> tuple[Pipeline, str, list[Clip]]:
    """Four approved clips of a film."""
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(tmp_path / "film.mp4", 40, (64, 36), scenes=(10, 20, 30))
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        video = source_videos.get(session, key)
    clips = live(pipeline, video)
    for clip in clips:
        decide(pipeline, clip, APPROVE)
    return work, key, clips


def test_a_bad_clip_fails_alone_and_each_is_told_of(
    approved: tuple[Pipeline, str, list[Clip]], caplog: pytest.LogCaptureFixture
) -> None:
    work, key, clips = approved
    with work.transaction() as session:
        sums = str(source_videos.get(session, key).frame_checksums_filepath)
    with work.storage.fetch(sums) as path:
        lines = path.read_text().splitlines()
        spoilt = path.with_name("spoilt.txt")
    lines[-15] = lines[-15][:-4] + ("0000" if lines[-15][-4:] != "0000" else "1111")
    spoilt.write_text("\n".join(lines) + "\n")
    work.storage.put(spoilt, sums)
    with caplog.at_level(logging.INFO, "heaters"):
        batch = export_clips(work, key).batch
    ids = [clip.id for clip in clips]
    assert (batch.done, batch.failed) == ([ids[0], ids[1], ids[3]], [ids[2]])
    told = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert len(told) == 4
    assert f"Clip {ids[2]}: export failed in " in " ".join(told)
    assert sorted(batch.seconds) == ids
    assert "4 of 4 clips" in told[-1]
    scratch = work.settings.home / "scratch"
    assert [path.name for path in scratch.iterdir()] == [".lock"]


def test_a_batch_that_is_stopped_says_so_of_every_clip(
    approved: tuple[Pipeline, str, list[Clip]],
) -> None:
    work, key, clips = approved

    def stop(record: logging.LogRecord) -> bool:
        if record.levelno == logging.INFO:  # the first clip is done
            raise Cancelled("enough")
        return True

    log = logging.Logger("stopping")
    log.addFilter(stop)
    with pytest.raises(Cancelled):
        export_clips(replace(work, log=log), key)
    assert running() == []
    with work.transaction() as session:
        video = source_videos.get(session, key)
    left = [clip for clip in live(work.engine, video) if clip.state != ClipState.EXPORTED]
    assert 1 <= len(left) < len(clips)
    assert {(clip.state, clip.error) for clip in left} == {(ClipState.EXPORT_FAILED, "enough")}
