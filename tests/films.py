"""Labelled films: what a cut detector meets, drawn from a seed, with the truth beside them.

A film is a row of shots. A shot looks at a world of its own (fractal noise in a palette, with
shapes painted on it and objects that move) through a camera that rests, pans, zooms or is held by
hand; something that is no cut may happen in it. Shots follow one another by a transition. The same
seed gives the same film at any size.

The truth has the form of the real footage's truth files: `start` is the last clean frame of the
outgoing shot, `end` the first clean frame of the incoming one, both 0-based.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH
from tests.drawn.genres import GENRES, Genre
from tests.drawn.happenings import HAPPENINGS, LASTS, flashed_at
from tests.drawn.joins import FORMS, WIPES, Join, joined
from tests.drawn.shots import STYLES, Shot
from tests.drawn.views import View
from tests.drawn.worlds import Picture

__all__ = ["Film", "Frames", "Join", "Shot", "draw_edited_film", "draw_film"]

Frames = npt.NDArray[np.uint8]

TRANSITIONS = ("cut", "dissolve", "fade", "wipe")


@dataclass(frozen=True)
class Film:
    name: str
    shots: tuple[Shot, ...]
    joins: tuple[Join, ...]
    """One less than the shots."""
    rate: Fraction = Fraction(25)
    truth: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        transitions, flashes, frame = [], [], 0
        for shot, join in zip(self.shots, (*self.joins, None), strict=True):
            flashes += [frame + at for at in flashed_at(shot)]
            frame += shot.frames
            if join:
                last = frame - 1
                frame += join.frames
                transitions.append({"kind": join.kind, "start": last, "end": frame})
        truth = {
            "video": f"{self.name}.mp4",
            "fps": f"{self.rate.numerator}/{self.rate.denominator}",
            "frames": frame,
            "transitions": transitions,
            "flashes": flashes,
        }
        object.__setattr__(self, "truth", truth)

    def pictures(self, width: int, height: int) -> Iterator[npt.NDArray[np.uint8]]:
        before: View | None = None
        for number, shot in enumerate(self.shots):
            view = View(shot, width, height)
            if before:
                join = self.joins[number - 1]
                for step in range(join.frames):
                    after = view.at(step - join.frames)
                    yield _bytes(joined(join, step, before.at(before.shot.frames + step), after))
            for frame in range(shot.frames):
                yield _bytes(view.at(frame))
            before = view

    def small(self, detail: int = 3) -> Frames:
        """What frame scores hold, drawn `detail` times larger and averaged."""
        frames = np.empty((self.truth["frames"], HEIGHT, WIDTH, 3), np.uint8)
        for number, picture in enumerate(self.pictures(WIDTH * detail, HEIGHT * detail)):
            blocks = picture.reshape(HEIGHT, detail, WIDTH, detail, 3)
            frames[number] = blocks.mean(axis=(1, 3)) + 0.5
        return frames

    def write(self, folder: Path, width: int = 384, height: int = 216) -> tuple[Path, Path]:
        """The film as H.264 in MP4, and its truth file."""
        video, truth = folder / f"{self.name}.mp4", folder / f"{self.name}.json"
        with av.open(str(video), "w") as container:
            stream: Any = container.add_stream("libx264", rate=self.rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "20", "threads": "2"}
            for picture in self.pictures(width, height):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        truth.write_text(json.dumps(self.truth))
        return video, truth


def draw_film(seed: int, shots: int = 24) -> Film:
    """A film of about 70 frames a shot, in which half of the joins are cuts; the style goes with
    the seed."""
    random = np.random.default_rng(seed)
    style = STYLES[seed % len(STYLES)]
    drawn: list[Shot] = []
    for number in range(shots):
        frames = int(random.integers(45, 95))
        happening = str(random.choice(HAPPENINGS)) if random.random() < 0.5 else ""
        again = drawn and random.random() < 0.2
        drawn.append(
            Shot(
                drawn[-1].seed if again else seed * 1000 + number,
                frames,
                style,
                happening or None,
                int(random.integers(9, frames - 9 - LASTS.get(happening, 3))),
                drawn[-1].place + 1 if again else 0,
            )
        )
    return Film(f"drawn_{seed}", tuple(drawn), tuple(_draw_join(random, style) for _ in drawn[1:]))


def draw_edited_film(seed: int, shots: int = 40) -> Film:
    """A film as editors make them, of some 35 frames a shot: very short shots in runs, jump cuts,
    dark on dark, lightning and muzzle flashes, animated wipes, bars. The genre goes with the
    seed."""
    random = np.random.default_rng((seed, 6))
    genre = GENRES[seed % len(GENRES)]
    bars = float(random.uniform(0.07, 0.14)) if random.random() < genre.bars else 0.0
    drawn: list[Shot] = []
    while len(drawn) < shots:
        run = int(random.integers(3, 9)) if random.random() < genre.runs else 1
        style = str(random.choice(genre.styles))
        for _ in range(min(run, shots - len(drawn))):
            frames = int(random.integers(4, 16) if run > 1 else random.integers(*genre.lengths))
            before = drawn[-1] if drawn else None
            drawn.append(_draw_shot(random, genre, seed, frames, style, bars, before, len(drawn)))
    joins = (_draw_edited_join(random, genre, *pair) for pair in pairwise(drawn))
    return Film(f"drawn_edited_{seed}", tuple(drawn), tuple(joins))


def _draw_shot(
    random: np.random.Generator,
    genre: Genre,
    seed: int,
    frames: int,
    style: str,
    bars: float,
    before: Shot | None,
    number: int,
) -> Shot:
    fitting = [each for each in genre.happenings if frames >= LASTS.get(each, 3) + 14]
    happens = fitting and random.random() < 0.6
    happening = str(random.choice(fitting)) if happens else None
    latest = frames - 6 - LASTS.get(happening or "", 3)
    at = int(random.integers(7, latest)) if happening else 0
    if before and before.take is not None and random.random() < genre.takes:
        return replace(before, frames=frames, happening=happening, at=at, take=before.take + 1)
    take = 0 if random.random() < genre.figures else None
    if before and random.random() < 0.12:
        return replace(
            before, frames=frames, happening=happening, at=at, place=before.place + 1, take=take
        )
    return Shot(500_000 + seed * 1000 + number, frames, style, happening, at, 0, take, bars)


def _draw_edited_join(random: np.random.Generator, genre: Genre, before: Shot, after: Shot) -> Join:
    least = min(before.frames, after.frames)
    jumps = after.take and (before.seed, before.place) == (after.seed, after.place)
    if jumps or random.random() < (genre.cuts if least >= 16 else 0.93):
        return Join("cut")
    longest = min(least, 48)
    kind = str(random.choice(TRANSITIONS[1:], p=(0.3, 0.25, 0.45)))
    if kind == "dissolve":
        return Join(kind, int(random.integers(2, longest + 1)))
    if kind == "fade":
        hold = int(random.integers(1, 6))
        color = 255 if random.random() < 0.35 else 0
        return Join(kind, int(random.integers(2, longest + 1)) + hold, color, hold)
    form = FORMS[int(random.integers(len(FORMS)))]
    frames = int(random.integers(2 if form in range(WIPES) else 6, 25))
    return Join(kind, frames, form=form, seed=int(random.integers(1 << 31)))


def _draw_join(random: np.random.Generator, style: str) -> Join:
    kind = str(random.choice(TRANSITIONS, p=(0.5, 0.25, 0.17, 0.08)))
    if kind == "dissolve":
        # Nobody dissolves slowly between shots that race.
        return Join(kind, int(random.integers(4, 25 if style == "hectic" else 61)))
    if kind == "fade":
        hold = int(random.integers(0, 12))
        color = 255 if random.random() < 0.25 else 0
        return Join(kind, int(random.integers(8, 40)) + hold, color, hold)
    if kind == "wipe":
        return Join(kind, int(random.integers(8, 30)), form=int(random.integers(4)))
    return Join(kind)


def _bytes(picture: Picture) -> npt.NDArray[np.uint8]:
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
