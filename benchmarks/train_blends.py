"""Fits the weights of media.blends to drawn films, and to the first half of films with a truth
file; writes heaters_pipeline/media/blend_weights.py. The weights there come from

    python -m benchmarks.train_blends shots_a.mp4 shots_a.json

which takes six minutes of a core, most of it to draw the films."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks.scratch import work_folder
from heaters_pipeline.media.cuts import blend_weights
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.blends import FEATURES, HIDDEN, Network, windows_of
from heaters_pipeline.media.cuts.hard_cuts import find_jumps
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import survey
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import Thumbnails, open_thumbnails
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.settings import get_settings

TUNING_SEEDS = (*range(84), *range(100, 116), *range(200, 220), *range(1000, 1004))
"""Of drawn films; benchmarks.cuts reports others."""

_EPOCHS, _BATCH, _RATE = 24, 1024, 0.01
_POSITIVE = 3.0
"""Weight of a window on a transition against one that is on none: there are fifty times as many."""


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--films", default=len(TUNING_SEEDS), show_default=True, type=click.IntRange(1))
def main(files: tuple[Path, ...], films: int) -> None:
    """Train on drawn films and on FILES: a film, its truth file, and so on."""
    from tests.films import draw_film

    parts = []
    for seed in tqdm(TUNING_SEEDS[:films], unit="film", disable=None):
        drawn = draw_film(seed)
        parts.append(labelled(drawn.small(), drawn.truth, 1.0))
    for film, truth in zip(files[::2], files[1::2], strict=True):
        with work_folder() as folder:
            made = transcode(
                film,
                probe(film),
                folder,
                frozenset({Product.FRAME_SCORES}),
                stall_seconds=get_settings().stall_seconds,
            )
            assert made.thumbnails
            parts.append(
                labelled(open_thumbnails(made.thumbnails), json.loads(truth.read_text()), 0.5)
            )
    features, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    network = fit(features, labels)
    said = network(features) > 0
    write(network)
    print(
        f"{len(labels)} windows, {int(labels.sum())} on transitions: "
        f"{said[labels].mean():.3f} of these found, {int(said[~labels].sum())} others"
    )


def labelled(
    thumbnails: Thumbnails, truth: Mapping[str, Any], part: float
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Windows of the first `part` of a film. Those that fit a dissolve or wipe are true; those that
    do not fit it though their middle is in it are left out."""
    count = len(thumbnails)
    seen, distances = survey(thumbnails)
    distances.heal(Healed(thumbnails, find_jumps(thumbnails, seen).flashes), 1)
    shots = np.zeros(count, np.int64)
    faded = np.zeros(count, bool)
    blends = []
    for each in truth["transitions"]:
        shots[each["end"] :] += 1
        if each["kind"] == "fade":
            shots[each["start"] + 1 :] += 1
            faded[each["start"] + 1 : each["end"]] = True
        elif each["kind"] != "cut":
            shots[each["end"] :] -= 1
            blends.append((each["start"], each["end"]))
    features, labels = [], []
    for windows in windows_of(distances, np.where(faded, -shots, shots)):
        middles = windows.middles
        true, unclear = np.zeros(len(middles), bool), middles >= count * part
        for start, end in blends:
            length = end - start
            central = np.abs(middles - (start + end) / 2) <= max(0.6, length / 10)
            fits = 0.75 * length <= 2 * windows.reach <= 1.6 * length + 2
            true |= central & fits
            unclear |= (middles >= start - 1) & (middles <= end + 1) & ~(central & fits)
        features.append(windows.features[~unclear])
        labels.append(true[~unclear])
    return np.concatenate(features), np.concatenate(labels)


def fit(features: Floats, labels: np.ndarray[Any, np.dtype[np.bool_]]) -> Network:
    """Least cross entropy, by Adam (Kingma and Ba, 2015); the same input gives the same weights."""
    random = np.random.default_rng(0)
    mean, scale = features.mean(axis=0), 1 / (features.std(axis=0) + 1e-6)
    inputs = np.concatenate(
        [(features - mean) * scale, np.ones((len(features), 1))], axis=1, dtype=np.float32
    )
    targets = labels.astype(np.float32)
    weights = np.where(labels, _POSITIVE, 1).astype(np.float32)
    hidden = random.normal(0, FEATURES**-0.5, (HIDDEN, FEATURES + 1)).astype(np.float32)
    output = random.normal(0, HIDDEN**-0.5, HIDDEN + 1).astype(np.float32)
    parameters: Sequence[Floats] = (hidden, output)
    first = [np.zeros_like(each) for each in parameters]
    second = [np.zeros_like(each) for each in parameters]
    turn = 0
    for epoch in tqdm(range(_EPOCHS), unit="epoch", disable=None):
        rate = _RATE * (1 - epoch / _EPOCHS)
        order = random.permutation(len(inputs))
        for begin in range(0, len(order), _BATCH):
            rows = order[begin : begin + _BATCH]
            gradients = _gradients(inputs[rows], targets[rows], weights[rows], hidden, output)
            turn += 1
            for each, gradient, low, high in zip(parameters, gradients, first, second, strict=True):
                low += 0.1 * (gradient - low)
                high += 0.001 * (gradient * gradient - high)
                step = low / (1 - 0.9**turn) / (np.sqrt(high / (1 - 0.999**turn)) + 1e-8)
                each -= rate * (step + 1e-3 * each)
    return Network(mean, scale, hidden, output)


def _gradients(
    inputs: Floats, targets: Floats, weights: Floats, hidden: Floats, output: Floats
) -> Iterable[Floats]:
    inner = np.tanh(inputs @ hidden.T)
    said = inner @ output[:-1] + output[-1]
    wrong = weights * (1 / (1 + np.exp(-said)) - targets) / len(targets)
    back = wrong[:, np.newaxis] * output[:-1] * (1 - inner * inner)
    return back.T @ inputs, np.append(wrong @ inner, wrong.sum()).astype(np.float32)


def write(network: Network) -> None:
    numbers = np.concatenate([each.ravel() for each in network])
    words = [f"{number:.4g}" for number in numbers]
    rows = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    assert blend_weights.__file__
    Path(blend_weights.__file__).write_text(HEADER + "\n".join(rows) + FOOTER)


HEADER = '''"""The weights of `blends.Network`, packed; written by
`python -m benchmarks.train_blends`."""

import numpy as np

WEIGHTS = np.fromstring(
    """
'''
FOOTER = '''
""",
    dtype=np.float32,
    sep=" ",
)
'''


if __name__ == "__main__":
    main()
