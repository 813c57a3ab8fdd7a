"""Downloads that are cancelled, and encodings that end early: neither leaves half a video."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.download.fetch import download
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.ffmpeg.probe import probe
from tests.site import OPEN, Site

ENCODED_AGAIN = "long-short-sound.mpd"
ALMOST_AT_ONCE = 2.5
"""Seconds: a program that is asked to end has two, before it is killed."""


class Stop(BaseException):
    """What a signal's handler raises; no Exception."""


@contextmanager
def stopped_when(condition: Callable[[], object]) -> Iterator[None]:
    """The body ends with Stop, almost at once when `condition` comes true."""
    over, sent = threading.Event(), []

    def stop(*_: object) -> None:
        raise Stop

    def watch() -> None:
        while not over.wait(0.001):
            with suppress(FileNotFoundError):  # a part that was listed and is gone
                if not condition():
                    continue
                sent.append(time.monotonic())
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                return

    before = signal.signal(signal.SIGUSR1, stop)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with pytest.raises(Stop):
            yield
        assert time.monotonic() - sent[0] < ALMOST_AT_ONCE
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)


def looked_up(url: str) -> WebVideo:
    video = look_up(url, OPEN)
    assert isinstance(video, WebVideo)
    return video


def encoders() -> list[int]:
    """Our own children that encode a video again."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                if b".normalised." in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def encoding(folder: Path) -> bool:
    return any(each.stat().st_size for each in folder.rglob("*.normalised.mp4*"))


# Cancelled


def test_a_look_up_that_nobody_answers_is_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        asked = threading.Event()

        def answer_nothing() -> None:
            with suppress(OSError):
                connection, _ = silent.accept()
                with connection:
                    connection.recv(1)
                    asked.set()
                    connection.recv(1 << 20)
                    connection.recv(1)

        listener = threading.Thread(target=answer_nothing, daemon=True)
        listener.start()
        with stopped_when(asked.is_set):
            look_up(f"http://{host}:{port}/film.mp4", OPEN)
    listener.join(10)


@pytest.mark.parametrize("path", ["stall/film.mp4", "slow/film.mp4", "slow/dash/manifest.mpd"])
def test_a_download_is_stopped_and_goes_on_later(site: Site, tmp_path: Path, path: str) -> None:
    site.bytes_per_second = 100_000
    video = looked_up(site.url(path))
    with stopped_when(lambda: any(each.stat().st_size for each in tmp_path.rglob("*.part*"))):
        download(video, tmp_path, OPEN)
    left = list(tmp_path.iterdir())
    assert left and all(each.name.startswith("parts-") for each in left)
    site.stalls, site.bytes_per_second = False, 10_000_000
    assert probe(download(video, tmp_path, OPEN).path).height == 360


def test_an_encoding_is_stopped_and_leaves_nothing_of_its_own(site: Site, tmp_path: Path) -> None:
    video = looked_up(site.url(ENCODED_AGAIN))
    with stopped_when(lambda: encoding(tmp_path)):
        download(video, tmp_path, OPEN)
    assert encoders() == []
    assert list(tmp_path.rglob("*.normalised.*")) == []
    got = download(video, tmp_path, OPEN)
    assert got.quality["normalised"] is not None
    assert probe(got.path).duration_seconds == pytest.approx(60, abs=0.2)


# Ended by something else


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGTERM, "Could not encode"),
        (signal.SIGKILL, "killed by signal SIGKILL"),
        (signal.SIGSTOP, "no progress"),
    ],
)
def test_an_encoding_that_is_interrupted_is_no_video(
    site: Site, tmp_path: Path, number: signal.Signals, words: str
) -> None:
    """Not even one in a lesser format: another try gets it whole."""
    options = dataclasses.replace(OPEN, stall_seconds=1)
    video = looked_up(site.url(ENCODED_AGAIN))

    def interrupt() -> None:
        while not encoding(tmp_path):
            if over.wait(0.001):
                return
        for process in encoders():
            os.kill(process, number)

    over = threading.Event()
    interrupter = threading.Thread(target=interrupt, daemon=True)
    interrupter.start()
    try:
        with pytest.raises(HeatersError, match=words) as caught:
            download(video, tmp_path, options)
    finally:
        over.set()
        interrupter.join()
    assert type(caught.value) is HeatersError
    assert list(tmp_path.rglob("*.normalised.*")) == []
    assert list(tmp_path.glob("*.mp4")) == []
