"""How well themes find what belongs together, and the order `novel` what does not, against
scikit-learn on the same vectors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.footage import films_with_truth
from benchmarks.report import Rate, Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.clustering import Clusters, Floats, Numbers, divide, novelties
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.themes import LARGEST_WHOLE, NEIGHBOURS, how_many
from heaters_pipeline.media.clips.embeddings import LayoutDescriptor

DIMENSIONS = 512
KINDS = 40
SPREAD = 0.045
"""Of each number of a vector around its kind's: two vectors of a kind are 0.5 alike."""

ODD = 20
FRAMES_OF_A_SHOT = 8
LEAST_FRAMES = 12
"""Shorter shots are left out."""

PEER = "scikit-learn"


@benchmark("themes")
@click.option("--clips", default=20_000, show_default=True, type=click.IntRange(1000))
@click.option("--films", default=5, show_default=True, type=click.IntRange(1))
def main(clips: int, films: int) -> Iterator[Result]:
    """Two sets of vectors whose classes are known: CLIPS generated ones of 512 numbers, of 40 kinds
    of unequal size; and frames of up to FILMS films of the real footage, by shot, with the built-in
    descriptor. Both are divided into as many clusters as there are classes, by our k-means and by
    scikit-learn's: normalised mutual information with the classes, purity (the share of vectors
    whose class is the most frequent of their cluster), seconds. Then the generated ones are made
    into themes with parts and novelties, as the library's are, against scikit-learn's KMeans twice
    and its exact neighbours; 20 odd vectors among them are looked for in the first hundredth of the
    order `novel`."""
    chance = np.random.default_rng(11)
    rows, kinds = _mixture(clips, chance)
    yield from _compared("generated", rows, kinds)
    with work_folder() as folder:
        yield from _compared("frames", *_frames(folder, films))
    odd = _unit(chance.normal(size=(ODD, DIMENSIONS)))
    yield from _whole(np.concatenate([rows, odd.astype(np.float16)]))


def _compared(name: str, rows: npt.NDArray[np.float16], classes: Numbers) -> Iterator[Result]:
    from sklearn.metrics import normalized_mutual_info_score as information

    count = len(np.unique(classes))
    ours, seconds = _timed(lambda: divide(rows, count))
    theirs, their_seconds = _timed(lambda: _k_means(rows.astype(np.float32), count))
    for what, value in (("nmi", information), ("purity", _purity)):
        yield Rate(f"{what}/{name}", value(classes, ours.of), "", PEER, value(classes, theirs))
    yield Result(f"time/{name}", seconds, "s", PEER, their_seconds)


def _whole(rows: npt.NDArray[np.float16]) -> Iterator[Result]:
    """The last ODD of the rows are the odd ones."""
    ours, seconds = _timed(lambda: _themes(rows))
    theirs, their_seconds = _timed(lambda: _themes_of_peer(rows.astype(np.float32)))
    yield Result("time/themes", seconds, "s", PEER, their_seconds)
    yield Rate("odd_found", _odd_found(ours), "", PEER, _odd_found(theirs))


def _themes(rows: npt.NDArray[np.float16]) -> Floats:
    """As `work.themes` makes them; the novelties."""
    members: list[Numbers] = []
    centres: list[Floats] = []

    def keep(found: Clusters, of: Numbers) -> None:
        members.extend(of[found.of == number] for number in range(len(found.centres)))
        centres.extend(found.centres)

    tops = divide(rows, how_many(len(rows)))
    for number in range(len(tops.centres)):
        own = np.flatnonzero(tops.of == number)
        parts = how_many(len(own)) if len(own) > LARGEST_WHOLE else 1
        keep(divide(rows[own], parts), own)
    return novelties(rows, members, np.stack(centres))


def _themes_of_peer(rows: Floats) -> Floats:
    from sklearn.neighbors import NearestNeighbors

    of = _k_means(rows, how_many(len(rows)))
    for number in np.unique(of):
        own = np.flatnonzero(of == number)
        if len(own) > LARGEST_WHOLE:
            _k_means(rows[own], how_many(len(own)))
    search = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute").fit(rows)
    distances: Floats = search.kneighbors()[0].mean(axis=1)
    return distances


def _k_means(rows: Floats, count: int) -> Numbers:
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        raise HeatersError(
            "scikit-learn is not installed, which comes with the extra models."
        ) from error
    found: Numbers = KMeans(count, n_init=4, random_state=0).fit_predict(rows)
    return found


def _odd_found(novelty: Floats) -> float:
    """The share of the odd ones among the first hundredth."""
    first = np.argsort(-novelty, kind="stable")[: len(novelty) // 100]
    return float(np.isin(np.arange(len(novelty) - ODD, len(novelty)), first).mean())


def _purity(classes: Numbers, clusters: Numbers) -> float:
    together = np.zeros((clusters.max() + 1, classes.max() + 1), int)
    np.add.at(together, (clusters, classes), 1)
    return float(together.max(axis=1).sum() / len(classes))


def _mixture(number: int, chance: np.random.Generator) -> tuple[npt.NDArray[np.float16], Numbers]:
    shares = 1 / (5 + np.arange(KINDS))
    kinds = chance.choice(KINDS, number, p=shares / shares.sum())
    centres = _unit(chance.normal(size=(KINDS, DIMENSIONS)))
    rows = centres[kinds] + SPREAD * chance.normal(size=(number, DIMENSIONS))
    return _unit(rows).astype(np.float16), kinds


def _frames(folder: Path, most: int) -> tuple[npt.NDArray[np.float16], Numbers]:
    """Of each shot of the films some frames, and which shot each is of."""
    import cv2

    pictures: list[npt.NDArray[np.uint8]] = []
    shots: list[int] = []
    films = films_with_truth(folder, most, shots=24)
    for film, truth in tqdm(films, unit="film", disable=None):
        told: dict[str, Any] = json.loads(truth.read_text())
        wanted = _wanted(told, first_shot=max(shots, default=-1) + 1)
        opened, frame = cv2.VideoCapture(str(film)), 0
        while (read := opened.read())[0]:
            if frame in wanted:
                pictures.append(cv2.resize(read[1][:, :, ::-1], (128, 72)))
                shots.append(wanted[frame])
            frame += 1
    vectors = LayoutDescriptor().encode_images(pictures).astype(np.float16)
    return vectors, np.unique(shots, return_inverse=True)[1]


def _wanted(truth: dict[str, Any], first_shot: int) -> dict[int, int]:
    """The shot of each frame that is taken, evenly spread over the clean frames of its shot."""
    ends = [int(each["start"]) for each in truth["transitions"]] + [int(truth["frames"]) - 1]
    begins = [0] + [int(each["end"]) for each in truth["transitions"]]
    return {
        int(frame): first_shot + number
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True))
        if end - begin + 1 >= LEAST_FRAMES
        for frame in np.linspace(begin, end, FRAMES_OF_A_SHOT).round()
    }


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


if __name__ == "__main__":
    main()
