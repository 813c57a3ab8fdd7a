"""An ffmpeg child never outlives the step that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import ffmpeg
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.process import Progress, file_url, run
from tests.footage import STALL_SECONDS
from tests.waiting import until

ENDLESS = """
import ffmpeg, signal
from heaters_pipeline.media.ffmpeg.process import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
endless = ffmpeg.input("testsrc2", format="lavfi", re=None).output("-", format="null")
told = lambda _: print("going", flush=True)
run(endless, what="run for ever", on_progress=told, stall_seconds=60)
"""

DEAF = """#!/bin/sh
trap '' TERM
echo progress=continue
sleep 60 &
while :; do sleep 60; done
"""

STOPPED_BY_A_SIGNAL = """
import ffmpeg, signal, sys
from heaters_pipeline.media.ffmpeg import process as ours
ours.ffmpeg_binary = lambda: {binary!r}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
endless = ffmpeg.input("testsrc2", format="lavfi").output("-", format="null")
told = lambda _: print("going", flush=True)
ours.run(endless, what="run for ever", on_progress=told, stall_seconds=60)
"""


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_ffmpeg_goes_with_its_parent(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"going\n"
        (child,) = children(parent.pid)
        assert os.getpgid(child) == child
        parent.send_signal(number)
        parent.wait(20)
    until(lambda: gone(child))


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """It ignores TERM, as an ffmpeg does that hangs in a system call."""
    deaf = tmp_path / "ffmpeg"
    deaf.write_text(DEAF)
    deaf.chmod(0o755)
    program = STOPPED_BY_A_SIGNAL.format(binary=str(deaf))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdout.readline() == b"going\n"
        (child,) = children(parent.pid)
        family = [child, *children(child)]
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 3  # by themselves they would end later
        until(lambda: all(gone(pid) for pid in family), 20)


def test_progress_is_told_every_second_though_ffmpeg_says_nothing(tmp_path: Path) -> None:
    silent = tmp_path / "silent.rgb"
    os.mkfifo(silent)
    held = os.open(silent, os.O_RDWR)
    told: list[float] = []
    try:
        waiting = ffmpeg.input(file_url(silent), format="rawvideo", s="16x16", pix_fmt="rgb24")
        with pytest.raises(HeatersError, match="no progress"):
            run(
                waiting.output("-", format="null"),
                what="wait",
                on_progress=lambda _: told.append(time.monotonic()),
                stall_seconds=3.5,
            )
    finally:
        os.close(held)
    assert len(told) >= 2
    assert all(later - earlier < 2.5 for earlier, later in pairwise(told))


def test_an_exception_out_of_progress_stops_ffmpeg() -> None:
    seen: list[int] = []
    others = set(children(os.getpid()))

    def interrupt(_: Progress) -> None:
        seen.extend(set(children(os.getpid())) - others)
        raise KeyboardInterrupt

    endless = ffmpeg.input("testsrc2", format="lavfi", re=None).output("-", format="null")
    with pytest.raises(KeyboardInterrupt):
        run(endless, what="run for ever", on_progress=interrupt, stall_seconds=STALL_SECONDS)
    assert seen and all(gone(pid) for pid in seen)


def test_no_encoder_is_a_real_time_process() -> None:
    """SVT-AV1 asks for it where root runs it."""
    seen: set[int] = set()
    others = set(children(os.getpid()))

    def look(_: Progress) -> None:
        for pid in set(children(os.getpid())) - others:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with suppress(ProcessLookupError):
                    seen.add(os.sched_getscheduler(int(thread.name)))

    picture = ffmpeg.input("testsrc2=d=6", format="lavfi", readrate=4)
    encoded = picture.output("-", format="null", **{"c:v": "libsvtav1", "preset": 12})
    run(encoded, what="encode", on_progress=look, stall_seconds=STALL_SECONDS)
    assert seen == {os.SCHED_OTHER}


def test_a_stalled_run_is_stopped(tmp_path: Path) -> None:
    silent = tmp_path / "silent.rgb"
    os.mkfifo(silent)
    held = os.open(silent, os.O_RDWR)
    try:
        waiting = ffmpeg.input(file_url(silent), format="rawvideo", s="16x16", pix_fmt="rgb24")
        with pytest.raises(HeatersError, match=r"no progress for 1\.5 seconds"):
            run(waiting.output("-", format="null"), what="wait", stall_seconds=1.5)
    finally:
        os.close(held)


def test_a_full_disk_is_named() -> None:
    picture = ffmpeg.input("testsrc2=d=5", format="lavfi")
    with pytest.raises(HeatersError, match=r"Could not fill the disk: .*No space left on device"):
        run(
            picture.output("/dev/full", format="rawvideo"),
            what="fill the disk",
            stall_seconds=STALL_SECONDS,
        )
