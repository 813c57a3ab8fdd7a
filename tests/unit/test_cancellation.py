"""Interrupting a step that is cancelled."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from heaters_pipeline.work import cancellation
from heaters_pipeline.work.cancellation import Cancelled, cancellable

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(cancellation, "AGAIN_SECONDS", 0.1)


def test_what_waits_is_interrupted() -> None:
    began = time.monotonic()
    with pytest.raises(Cancelled, match="enough"), cancellable(lambda: True, "enough"):
        time.sleep(30)
    assert time.monotonic() - began < 5


def test_a_library_that_gets_over_every_failure_is_interrupted_all_the_same() -> None:
    with pytest.raises(Cancelled), cancellable(lambda: True, "enough"):
        while True:
            with suppress(Exception):
                time.sleep(30)


def test_what_swallows_it_hears_of_it_again_and_ends_as_cancelled() -> None:
    with pytest.raises(Cancelled), cancellable(lambda: True, "enough"):
        for _ in range(2):
            with suppress(Cancelled):
                time.sleep(30)


def test_work_that_nobody_cancels_goes_through() -> None:
    with cancellable(lambda: False, "enough"):
        time.sleep(0.1)
