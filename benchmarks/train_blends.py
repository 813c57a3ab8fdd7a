"""Fits the weights of media.blends to drawn films, and to the first half of films with a truth
file; writes heaters_pipeline/media/blend_weights.py. The weights there come from

    python -m benchmarks.train_blends shots_a.mp4 shots_a.json

which takes six minutes of a core, most of it to draw the films."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks.training import Labels, fit, save_weights, thumbnails_of
from heaters_pipeline.media.cuts import blend_weights
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.blends import HIDDEN, windows_of
from heaters_pipeline.media.cuts.hard_cuts import find_jumps
from heaters_pipeline.media.cuts.healed import Healed
from heaters_pipeline.media.cuts.survey import survey
from heaters_pipeline.media.products.thumbnails import Thumbnails

TUNING_SEEDS = (*range(84), *range(100, 116), *range(200, 220), *range(1000, 1004))
"""Of drawn films; benchmarks.cuts reports others."""

_EPOCHS = 24
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
        parts.append(labelled(thumbnails_of(film), json.loads(truth.read_text()), 0.5))
    features, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    network = fit(features, labels, HIDDEN, epochs=_EPOCHS, weights=np.where(labels, _POSITIVE, 1))
    said = network(features) > 0
    save_weights(network, blend_weights, "blends", "train_blends")
    print(
        f"{len(labels)} windows, {int(labels.sum())} on transitions: "
        f"{said[labels].mean():.3f} of these found, {int(said[~labels].sum())} others"
    )


def labelled(
    thumbnails: Thumbnails, truth: Mapping[str, Any], part: float
) -> tuple[Floats, Labels]:
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


if __name__ == "__main__":
    main()
