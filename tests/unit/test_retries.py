"""Pauses before work is tried again, and which failures may pass."""

from __future__ import annotations

import errno
from datetime import timedelta

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from heaters_pipeline.domain.errors import (
    Conflict,
    Faulty,
    HeatersError,
    InputError,
    NotFound,
    Refused,
    TransitionError,
    Unavailable,
)
from heaters_pipeline.domain.retries import MOST_TRIES, may_try_again, pause
from heaters_pipeline.storage.base import ObjectMissing
from heaters_pipeline.work.faults import may_pass

MINUTE = timedelta(minutes=1)


def test_pauses_grow_to_a_cap_and_differ_by_chance() -> None:
    assert [pause(tries, 1).total_seconds() for tries in range(1, 8)] == [
        *(5, 10, 20, 40, 80, 120, 120),
    ]
    for tries in range(1, 100):
        least, most = pause(tries, 0), pause(tries, 1)
        assert least * 2 == most <= 2 * MINUTE
        assert least < pause(tries, 0.5) < most


def test_a_fault_of_a_quarter_of_an_hour_makes_nothing_fail() -> None:
    tries, waited = 1, timedelta(0)
    while may_try_again(tries):
        waited += pause(tries, 0)
        tries += 1
    assert tries == MOST_TRIES
    assert waited > 15 * MINUTE


DRIVER = Exception("server closed the connection")


@pytest.mark.parametrize(
    "error",
    [
        HeatersError("ffmpeg was killed by signal SIGKILL."),
        Unavailable("storage", "The storage does not answer."),
        OperationalError("SELECT 1", {}, DRIVER),
        InterfaceError("SELECT 1", {}, DRIVER),
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EMFILE, "Too many open files"),
        OSError(errno.EIO, "Input/output error"),
        TimeoutError(),
        ConnectionResetError(),
        BrokenPipeError(),
    ],
)
def test_faults_may_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        InputError("This is no video."),
        NotFound("There is no clip 3."),
        Conflict("Somebody was first."),
        TransitionError("A row that is new can't become ready."),
        Refused("The bucket refused."),
        Faulty("Not frames 50 to 100."),
        ObjectMissing("clips/1/clip.mp4"),
        ProgrammingError("SELECT nothing", {}, DRIVER),
        OSError(errno.EACCES, "Permission denied"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        ValueError("a mistake in the program"),
        KeyboardInterrupt(),
    ],
)
def test_bad_input_and_mistakes_do_not(error: BaseException) -> None:
    assert not may_pass(error)


def test_what_a_library_wraps_is_judged_by_what_it_wraps() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("could not save") from error
    except RuntimeError as wrapped:
        assert may_pass(wrapped)
