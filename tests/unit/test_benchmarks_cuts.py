"""How the cuts benchmark matches what was found with what is there."""

from fractions import Fraction

import numpy as np
import pytest

from benchmarks.cuts import HELD_OUT_SEEDS, Searched, best_threshold, compare
from benchmarks.finders import of_network
from benchmarks.report import Rate
from benchmarks.scoring import FilmTruth, Found, Score, Tally, Truth, cut_score
from benchmarks.train_blends import TUNING_SEEDS
from benchmarks.train_jumps import EDITED_TUNING_SEEDS, pulled_down
from benchmarks.training import fit
from heaters_pipeline.media.cuts.blends import FEATURES

TRUTHS = [Truth("cut", 9, 10), Truth("dissolve", 30, 40), Truth("cut", 59, 60)]
RATE = Fraction(25)


def found(*cuts: int) -> Found:
    return Found([*cuts], [*cuts], 1.0)


def film(name: str, truth: FilmTruth, *cuts: int, likely: dict[float, Found] | None = None):
    detectors = {"transition": found(*cuts), "adaptive": found()}
    return Searched(name, truth, RATE, detectors, likely or {})


@pytest.mark.parametrize(
    ("cuts", "told"),
    [
        ([10, 35, 60], Score(3, 0, 0)),
        ([9, 30, 61], Score(3, 0, 0)),
        ([8, 40, 62], Score(1, 2, 2)),
        ([10, 11, 31, 39], Score(2, 2, 1)),
        ([], Score(0, 0, 3)),
    ],
)
def test_each_truth_is_met_once(cuts: list[int], told: Score) -> None:
    assert Tally.of(found(*cuts), FilmTruth(100, TRUTHS), RATE).whole == told


def test_hard_cuts_are_scored_without_what_lies_in_gradual_transitions() -> None:
    assert cut_score(found(10, 35, 50), FilmTruth(100, TRUTHS)) == Score(1, 1, 1)


def test_what_nobody_can_tell_counts_neither_way() -> None:
    truth = FilmTruth(100, TRUTHS, ignore=[(5, 20), (60, 70)])
    assert Tally.of(found(10, 15, 35, 60, 65, 71), truth, RATE).whole == Score(2, 1, 0)
    assert Tally.of(found(), truth, RATE).whole == Score(0, 0, 2)
    assert cut_score(found(10, 15, 60, 65, 71), truth) == Score(1, 1, 0)


def test_recall_is_told_by_kind_and_for_shots_of_less_than_a_second() -> None:
    truth = FilmTruth(100, TRUTHS)
    told = dict(Tally.of(found(10, 60), truth, RATE).rates())
    assert told["recall_cut"] == 1
    assert told["recall_dissolve"] == 0
    # The shots from 0 to 9, 10 to 30, and 40 to 59.
    assert told["recall_short"] == pytest.approx(2 / 3)
    late = FilmTruth(100, [Truth("cut", 49, 50), Truth("cut", 80, 81)])
    assert late.of_short_shots(RATE) & {*late.transitions} == {Truth("cut", 80, 81)}


def test_rates() -> None:
    told = Score(hits=3, false=1, missed=2)
    assert (told.precision, told.recall, told.f1) == (0.75, 0.6, 6 / 9)
    assert Score(0, 0, 0).f1 == 0
    assert Rate("f1", 0.9, "1", "peer", 0.0).ratio > 1


def test_films_are_pooled() -> None:
    films = [
        film("one", FilmTruth(100, TRUTHS, flashes=[80]), 10, 35, 60, 80),
        film("other", FilmTruth(100, TRUTHS[:1])),
    ]
    results = {result.name: result.value for result in compare("all", films)}
    assert results["f1/one/transition"] == pytest.approx(6 / 7)
    assert results["f1/other/transition"] == 0
    assert results["f1/all/transition"] == pytest.approx(6 / 8)
    assert results["recall_cut/all/transition"] == pytest.approx(2 / 3)
    assert results["flashes/all/transition"] == 1
    assert results["seconds/all/transition"] == 2
    alone = [result.name for result in compare("drawn", films[:1])]
    assert not any("/drawn/" in name for name in alone)


def test_the_network_is_told_at_its_own_threshold_and_at_the_best_one() -> None:
    cold, warm = found(10), found(10, 35, 60)
    films = [film("one", FilmTruth(100, TRUTHS), 10, likely={0.2: warm, 0.5: cold})]
    assert best_threshold(films) == 0.2
    results = {result.name: result.value for result in compare("all", films)}
    assert results["recall/one/transnet"] == pytest.approx(1 / 3)
    assert results["recall/one/transnet-best"] == 1
    assert results["threshold/all/transnet-best"] == 0.2


def test_a_scene_begins_after_the_network_s_likeliest_frame(tmp_path) -> None:
    likely = np.zeros(20, np.float32)
    likely[[0, 4, 9, 10, 11, 19]] = 0.9, 0.9, 0.3, 0.9, 0.3, 0.9
    thumbnails = tmp_path / "thumbnails.rgb"
    thumbnails.write_bytes(bytes(20 * 48 * 27 * 3))
    told = of_network(lambda _: likely, thumbnails)
    assert told[0.5].cuts == told[0.2].cuts == [1, 5, 11]
    likely[10] = 0.4
    assert of_network(lambda _: likely, thumbnails)[0.5].cuts == [1, 5]


def test_nothing_is_tuned_on_films_that_are_held_out() -> None:
    assert not set(HELD_OUT_SEEDS) & {*TUNING_SEEDS, *EDITED_TUNING_SEEDS}


def test_pulling_down_repeats_each_fourth_frame() -> None:
    frames = np.arange(16, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(3, 3)
    truth = {"transitions": [{"kind": "cut", "start": 3, "end": 4}]}
    shown, moved = pulled_down(frames, truth)
    assert shown[:, 0, 0, 0].tolist()[:8] == [0, 0, 1, 2, 3, 4, 4, 5]
    assert moved["transitions"] == [{"kind": "cut", "start": 4, "end": 5}]


def test_training_learns_what_can_be_told_apart() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(8000, FEATURES)).astype(np.float32)
    labels = features[:, 0] + np.abs(features[:, 1]) > 1
    weights = np.ones(len(labels), np.float32)
    said = fit(features, labels, 24, epochs=24, weights=weights)(features) > 0
    assert said[labels].mean() > 0.9
    assert said[~labels].mean() < 0.3
