"""Vectors in clusters, and how far each is from its nearest."""

from __future__ import annotations

import numpy as np
import pytest

from heaters_pipeline.domain.clustering import divide, examples, novelties


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mixture(kinds: int, each: int, dimensions: int = 32, spread: float = 0.12):
    """Vectors around as many directions as there are kinds, as halfs, and the kind of each."""
    chance = np.random.default_rng(3)
    centres = unit(chance.normal(size=(kinds, dimensions)))
    of = np.repeat(np.arange(kinds), each)
    rows = unit(centres[of] + spread * chance.normal(size=(len(of), dimensions)))
    return rows.astype(np.float16), of


def test_vectors_of_one_kind_are_one_cluster() -> None:
    rows, of = mixture(6, 700)  # more than are learnt from
    found = divide(rows, 6)
    assert found.centres.shape == (6, 32)
    assert np.linalg.norm(found.centres, axis=1) == pytest.approx(1, abs=1e-5)
    for kind in range(6):
        assert len({*found.of[of == kind].tolist()}) == 1
    assert found.distances == pytest.approx(
        1 - (rows.astype(np.float32) * found.centres[found.of]).sum(axis=1), abs=1e-3
    )


def test_the_same_vectors_give_the_same_clusters() -> None:
    rows, _ = mixture(5, 40)
    once, again = divide(rows, 4), divide(rows, 4)
    assert np.array_equal(once.of, again.of)


def test_known_centres_are_kept_in_their_order_where_they_still_fit() -> None:
    rows, of = mixture(5, 40)
    first = divide(rows[of < 4], 4)
    shifted = np.roll(first.centres, 1, axis=0)
    again = divide(rows, 5, shifted)
    likeness = again.centres[:4] @ shifted.T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert {*again.of[of == 4].tolist()} == {4}
    # Centres of something else altogether give way.
    far = np.tile(shifted[:1], (5, 1))
    assert len(divide(rows, 5, far).centres) == 5


@pytest.mark.parametrize("count", [1, 3, 9])
def test_no_cluster_is_empty_however_much_is_the_same(count: int) -> None:
    rows = np.repeat(np.eye(2, dtype=np.float16), 4, axis=0)
    found = divide(rows, count)
    assert len(found.centres) == min(count, 2)
    assert {*found.of.tolist()} == {*range(len(found.centres))}


def test_novelty_is_the_mean_distance_of_the_nearest_and_finds_what_is_odd() -> None:
    rows, _ = mixture(4, 60)
    rows = np.concatenate([rows, unit(np.random.default_rng(5).normal(size=(3, 32)))])
    found = divide(rows, 5)
    members = [np.flatnonzero(found.of == each) for each in range(len(found.centres))]
    novelty = novelties(rows, members, found.centres)
    whole = rows.astype(np.float32) @ rows.astype(np.float32).T
    np.fill_diagonal(whole, -np.inf)
    exact = 1 - np.sort(whole, axis=1)[:, -5:].mean(axis=1)
    assert novelty == pytest.approx(exact, abs=2e-3)
    assert {*np.argsort(-novelty)[:3].tolist()} == {240, 241, 242}


def test_neighbours_are_looked_for_further_away_where_the_nearest_clusters_hold_too_few() -> None:
    rows = np.eye(12, dtype=np.float16)
    members = [np.array([each]) for each in range(12)]
    assert novelties(rows, members, rows.astype(np.float32)) == pytest.approx(1)
    assert novelties(rows[:1], members[:1], rows[:1].astype(np.float32)).tolist() == [0]


def test_examples_begin_with_the_nearest_and_are_unlike_one_another() -> None:
    angles = np.radians([0, 1, 2, 20, 21, -20, -21, 80])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16)
    members = np.arange(8)
    shown = examples(rows, members, (1 - rows[:, 0]).astype(np.float32), 3)
    assert shown[0] == 0
    assert len({*shown}) == 3
    assert all(1 <= each < 7 for each in shown[1:])
    assert examples(rows, members[:2], np.zeros(2, np.float32), 3) == [0, 1]
