"""Vectors in clusters: spherical k-means, and how far each vector is from its nearest.

Vectors come as halfs and are worked on in blocks of single floats, so that half a million of them
need no more memory than they take themselves. The same vectors give the same clusters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.themes import NEIGHBOURS

Rows = npt.NDArray[Any]
"""Unit vectors, (n, dimensions), halfs or floats; a memory map will do."""
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

BLOCK = 8192
"""Rows that are single floats at a time."""

LEARNT_FROM = 256
"""Rows a centre: more move it by less than k-means leaves to chance (as in Faiss)."""

TRIES = 4
"""Starting points, of which the best is kept."""

SMALLEST = 3
"""Rows of a cluster: fewer are odd ones, which go where they fit best."""

ROUNDS = 25
LAST_ROUNDS = 2
"""Over all rows, where the centres were learnt from some."""

WORTH_A_CHANGE = 0.95
"""New centres take the place of known ones where they are this much nearer to the vectors."""

SEARCHED = 8
"""Clusters in which neighbours are looked for, the clip's own included."""

COMPARED = 1000
"""Members of a cluster from which its examples are chosen."""

CELLS = 1 << 24
"""Of the largest matrix of similarities, in single floats."""


class Clusters(NamedTuple):
    centres: Floats
    """Unit vectors, (clusters, dimensions). None is empty."""
    of: Numbers
    """The cluster of each row, (n,)."""
    distances: Floats
    """Of each row to its centre, cosine distance, (n,)."""


def divide(rows: Rows, count: int, known: Floats | None = None) -> Clusters:
    """At most `count` clusters by spherical k-means (Dhillon and Modha, 2001), begun by k-means++.
    Where centres are `known` from before, they are kept as the beginning, unless others fit far
    better."""
    chance = np.random.default_rng(0)
    count = min(count, len(rows))
    learnt = _some(rows, count * LEARNT_FROM, chance)
    tried = [_learn(learnt, _begin(learnt, count, chance)) for _ in range(TRIES)]
    centres, distance = min(tried, key=lambda each: each[1])
    if known is not None and len(known):
        kept, its_distance = _learn(learnt, _begin(learnt, count, chance, known[:count]))
        if distance > its_distance * WORTH_A_CHANGE:
            centres = kept
    if len(learnt) < len(rows):
        for _ in range(LAST_ROUNDS):
            centres, _ = _improve(rows, centres)
    found = _assign(rows, centres)
    large = np.bincount(found.of) >= SMALLEST
    return found if large.all() or not large.any() else _assign(rows, found.centres[large])


def _assign(rows: Rows, centres: Floats) -> Clusters:
    found = [_nearest(block, centres) for block in _blocks(rows)]
    of = np.concatenate([cluster for cluster, _ in found])
    used, renumbered = np.unique(of, return_inverse=True)
    distances = np.concatenate([distance for _, distance in found])
    return Clusters(centres[used], renumbered.astype(np.int64), distances)


def _some(rows: Rows, most: int, chance: np.random.Generator) -> Floats:
    if len(rows) <= most:
        return np.asarray(rows, np.float32)
    chosen = np.sort(chance.choice(len(rows), most, replace=False))
    return np.asarray(rows[chosen], np.float32)


def _begin(
    rows: Floats, count: int, chance: np.random.Generator, known: Floats | None = None
) -> Floats:
    """Centres by greedy k-means++ (Arthur and Vassilvitskii, 2007): each the best of a few rows
    drawn by their distance from the centres so far. The `known` ones come first."""
    centres = [rows[chance.integers(len(rows))]] if known is None else list(known)
    left = _nearest(rows, np.stack(centres))[1]
    drawn = 2 + int(np.log(count))
    while len(centres) < count and (weight := float(left.sum(dtype=np.float64))) > 1e-6:
        at = np.searchsorted(np.cumsum(left, dtype=np.float64), chance.random(drawn) * weight)
        offered = rows[np.minimum(at, len(rows) - 1)]
        each_left = np.minimum(left, _distance(offered @ rows.T))
        best = int(np.argmin(each_left.sum(axis=1)))
        centres.append(offered[best])
        left = each_left[best]
    return np.stack(centres)


def _learn(rows: Floats, centres: Floats) -> tuple[Floats, float]:
    """Lloyd's rounds until nothing moves; the mean distance then."""
    distance = np.inf
    for _ in range(ROUNDS):
        centres, found = _improve(rows, centres)
        if found > distance * (1 - 1e-4):
            break
        distance = found
    return centres, found


def _improve(rows: Rows, centres: Floats) -> tuple[Floats, float]:
    """The centres of those that were nearest to each; the mean distance before."""
    sums = np.zeros(centres.shape, np.float64)
    total = 0.0
    for block in _blocks(rows):
        cluster, distance = _nearest(block, centres)
        belongs = np.zeros((len(centres), len(block)), np.float32)
        belongs[cluster, np.arange(len(block))] = 1
        sums += belongs @ block
        total += float(distance.sum(dtype=np.float64))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    moved = np.divide(sums, lengths, out=centres.astype(np.float64), where=lengths > 1e-9)
    return moved.astype(np.float32), total / len(rows)


def _nearest(block: Floats, centres: Floats) -> tuple[Numbers, Floats]:
    likeness = block @ centres.T
    cluster = likeness.argmax(axis=1)
    return cluster, _distance(likeness[np.arange(len(block)), cluster])


def _distance(likeness: Floats) -> Floats:
    return np.maximum(1 - likeness, 0)


def _blocks(rows: Rows, size: int = BLOCK) -> Iterator[Floats]:
    for at in range(0, len(rows), size):
        yield np.asarray(rows[at : at + size], np.float32)


def novelties(rows: Rows, members: Sequence[Numbers], centres: Floats) -> Floats:
    """How unlike all others each row is, (n,): the mean cosine distance of its NEIGHBOURS nearest,
    0 to 2; 0 of a row by itself. They are looked for in the clusters whose centres are nearest to
    that of its own (an inverted file; Jégou and others, 2011). `members` are the rows of each
    cluster."""
    found = np.zeros(len(rows), np.float32)
    for own, likeness in zip(members, centres @ centres.T, strict=True):
        others = _enough(members, np.argsort(-likeness, kind="stable"))
        wanted = min(NEIGHBOURS, len(others) - 1)
        if wanted < 1:
            continue
        against = np.asarray(rows[others], np.float32).T
        place = np.searchsorted(others, own)
        for at in range(0, len(own), size := max(1, CELLS // len(others))):
            part = own[at : at + size]
            alike = np.asarray(rows[part], np.float32) @ against
            alike[np.arange(len(part)), place[at : at + size]] = -np.inf
            nearest = np.partition(alike, len(others) - wanted, axis=1)[:, -wanted:]
            found[part] = _distance(nearest.mean(axis=1))
    return found


def _enough(members: Sequence[Numbers], order: Numbers) -> Numbers:
    """The rows of the first clusters, ascending: of SEARCHED, or more where those hold too few."""
    taken = [members[each] for each in order[:SEARCHED]]
    for each in order[SEARCHED:]:
        if sum(map(len, taken)) > NEIGHBOURS:
            break
        taken.append(members[each])
    return np.sort(np.concatenate(taken))


def examples(rows: Rows, members: Numbers, distances: Floats, most: int) -> list[int]:
    """Those of the `members` of a cluster, `distances` from its centre, that show what it holds:
    the nearest, then, of the nearer half, each time the one that is least like those before."""
    order = members[np.argsort(distances, kind="stable")]
    near = order[: max(most, min((len(order) + 1) // 2, COMPARED))]
    vectors = np.asarray(rows[near], np.float32)
    chosen = [0]
    alike = vectors @ vectors[0]
    while len(chosen) < min(most, len(near)):
        alike[chosen] = np.inf
        chosen.append(int(alike.argmin()))
        alike = np.maximum(alike, vectors @ vectors[chosen[-1]])
    return [int(near[each]) for each in chosen]
