"""How the cuts benchmark matches what was found with what is there."""

import numpy as np
import pytest

from benchmarks.cuts import HELD_OUT_SEEDS, Found, Rate, Score, Truth, cut_score, score
from benchmarks.train_blends import TUNING_SEEDS, fit
from heaters_pipeline.media.cuts.blends import FEATURES

TRUTHS = [Truth("cut", 9, 10), Truth("dissolve", 30, 40), Truth("cut", 59, 60)]


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
    assert score(cuts, TRUTHS) == told


def test_hard_cuts_are_scored_without_what_lies_in_gradual_transitions() -> None:
    found = Found([10, 35, 50], [10, 35, 50], 1.0)
    assert cut_score(found, TRUTHS) == Score(1, 1, 1)


def test_rates() -> None:
    told = Score(hits=3, false=1, missed=2)
    assert (told.precision, told.recall, told.f1) == (0.75, 0.6, 6 / 9)
    assert Score(0, 0, 0).f1 == 0
    assert Rate("f1", 0.9, "1", "peer", 0.0).ratio > 1


def test_nothing_is_tuned_on_films_that_are_held_out() -> None:
    assert not set(HELD_OUT_SEEDS) & set(TUNING_SEEDS)


def test_training_learns_what_can_be_told_apart() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(8000, FEATURES)).astype(np.float32)
    labels = features[:, 0] + np.abs(features[:, 1]) > 1
    said = fit(features, labels)(features) > 0
    assert said[labels].mean() > 0.9
    assert said[~labels].mean() < 0.3
