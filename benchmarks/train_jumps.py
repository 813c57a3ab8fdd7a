"""Fits the weights of media.cuts.hard_cuts to drawn films, and to films with a truth file; writes
heaters_pipeline/media/cuts/jump_weights.py. The weights there come from

    python -m benchmarks.train_jumps edited_3.mp4 edited_3.json edited_6.mp4 edited_6.json

which takes ten minutes of a core, most of them to draw the films. edited_1 and edited_2 are left
for proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from benchmarks.train_blends import TUNING_SEEDS
from benchmarks.training import Labels, fit, save_weights, thumbnails_of
from heaters_pipeline.media.cuts import jump_weights
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.cuts.hard_cuts import HIDDEN, examine
from heaters_pipeline.media.cuts.survey import survey
from heaters_pipeline.media.products.thumbnails import Frames, Thumbnails

EDITED_TUNING_SEEDS = range(24)
"""Of films drawn as editors make them; benchmarks.cuts reports others."""

Part = tuple[Floats, Labels, float]
"""Features, labels and the weight of a film."""
NO_CUT: Mapping[str, Any] = {"transitions": []}

_EPOCHS, _DECAY = 200, 0.05
_REAL = 16.0
"""The weight of a frame of a real film against one of a drawn film."""


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
def main(files: tuple[Path, ...]) -> None:
    """Train on drawn films and on FILES: a film, its truth file, and so on."""
    from tests.films import draw_edited_film, draw_film

    parts: list[Part] = []
    for seed in tqdm(TUNING_SEEDS[::5], unit="film", disable=None):
        film = draw_film(seed)
        parts += of_drawn(film.small(), film.truth)
    for seed in tqdm(EDITED_TUNING_SEEDS, unit="edited film", disable=None):
        film = draw_edited_film(seed)
        frames, truth = film.small(), film.truth
        parts += of_drawn(frames, truth)
        if seed % 2:
            parts += of_drawn(*pulled_down(frames, truth))
    for shot in tqdm(single_shots(), unit="shot", disable=None):
        parts += of_drawn(shot, NO_CUT)
    for path, told in zip(files[::2], files[1::2], strict=True):
        parts.append((*labelled(thumbnails_of(path), json.loads(told.read_text())), _REAL))
    train(parts)


def single_shots() -> Iterator[Frames]:
    """Shots in which something happens that is no cut, and pages that are scrolled at once."""
    from tests.drawn.happenings import HAPPENINGS
    from tests.drawn.shots import STYLES
    from tests.films import Film, Shot

    for number, (name, style) in enumerate(product(HAPPENINGS, STYLES)):
        for seed in (5000 + 2 * number, 5001 + 2 * number):
            shot = Film("shot", (Shot(seed, 70, style, name, 20 + seed % 7),), ()).small()
            yield shot
            page = shot[[0, -1]].reshape(54, 48, 3)
            for rows in (-13, -11, -8, -6, -4, 4, 6, 8, 11, 13):
                tops = np.where(np.arange(12) < 6, 13, 13 + rows)
                yield np.stack([page[top : top + 27] for top in tops])


def of_drawn(frames: Frames, truth: Mapping[str, Any]) -> list[Part]:
    """What lies within a drawn fade or dissolve is no cut; of a real one nobody can be sure."""
    slow = [each for each in truth["transitions"] if each["kind"] in ("fade", "dissolve")]
    others = [each for each in truth["transitions"] if each not in slow]
    return [(*labelled(frames, {**truth, "transitions": others}), 1.0)]


def train(parts: Sequence[Part]) -> None:
    features = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    weights = np.concatenate([np.full(len(part[1]), part[2]) for part in parts])
    network = fit(
        features, labels, HIDDEN, epochs=_EPOCHS, weights=weights / weights.mean(), decay=_DECAY
    )
    said = network(features) > 0
    save_weights(network, jump_weights, "hard_cuts", "train_jumps")
    print(
        f"{len(labels)} candidates, {int(labels.sum())} of them cuts: {said[labels].mean():.3f} of "
        f"these found, {int(said[~labels].sum())} others"
    )


def pulled_down(frames: Frames, truth: Mapping[str, Any]) -> tuple[Frames, dict[str, Any]]:
    """Every fourth frame shown twice, as films of 24 frames a second are brought to 30."""
    shown = np.arange(len(frames) * 5 // 4) * 4 // 5
    moved = [
        {
            **each,
            "start": int(np.searchsorted(shown, each["start"], "right")) - 1,
            "end": int(np.searchsorted(shown, each["end"])),
        }
        for each in truth["transitions"]
    ]
    return frames[shown], {"transitions": moved}


def labelled(thumbnails: Thumbnails, truth: Mapping[str, Any]) -> tuple[Floats, Labels]:
    """The candidates of a film, and which are cuts. Those right beside a cut, within a longer
    transition or not judged are left out."""
    found = examine(thumbnails, survey(thumbnails)[0])
    cuts = {each["end"] for each in truth["transitions"] if each["kind"] == "cut"}
    unclear = {frame + step for frame in cuts for step in (-1, 1)}
    for each in truth["transitions"]:
        if each["kind"] != "cut":
            unclear.update(range(each["start"] + 1, each["end"] + 1))
    for first, last in truth.get("ignore", ()):
        unclear.update(range(first, last + 1))
    clear = np.array([frame not in unclear - cuts for frame in found.frames.tolist()], bool)
    labels = np.array([frame in cuts for frame in found.frames.tolist()], bool)
    return found.features[clear], labels[clear]


if __name__ == "__main__":
    main()
