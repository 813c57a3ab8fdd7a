"""Clips and films for tests of timelines and cut lists."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.edit_clip import EditClip, EditFile, EditFilm
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.editors.cut_list import ListedFilm

NTSC = {nominal: Fraction(nominal * 1000, 1001) for nominal in (24, 30, 60)}

FILMS = [
    pytest.param(NTSC[24], "01:00:00:00", id="23.976"),
    pytest.param(Fraction(24), None, id="24"),
    pytest.param(Fraction(25), "10:00:00:00", id="25"),
    pytest.param(NTSC[30], "00:59:50:00", id="29.97-ndf"),
    pytest.param(NTSC[30], "00:59:50;00", id="29.97-df"),
    pytest.param(Fraction(50), "01:00:00:00", id="50"),
    pytest.param(NTSC[60], None, id="59.94-ndf"),
    pytest.param(NTSC[60], "09:59:00;04", id="59.94-df"),
]
"""Rate and first timecode of films: some pass minutes at which frames are dropped."""

LENGTH = 40_000


def film(
    rate: Fraction = Fraction(25),
    timecode: str | None = None,
    *,
    key: str = "film",
    length: int = LENGTH,
    has_audio: bool = False,
) -> EditFilm:
    return EditFilm(
        key=key,
        title=f"The {key}",
        file_name=f"{key} 1.mov",
        path=f"/films/{key} 1.mov",
        rate=rate,
        length=length,
        width=1920,
        height=1080,
        has_audio=has_audio,
        timecode=timecode,
    )


def clip(clip_id: int, of: EditFilm, start: int, end: int, **more: object) -> EditClip:
    frames = FrameRange(start, end)
    return EditClip(clip_id, of, frames, frames, **more)


def exported(one: EditClip) -> EditFile:
    name = f"clip-{one.clip_id}.mp4"
    length = one.place.length
    film = one.film
    key = f"clips/{name}"
    return EditFile(name, key, "delivery", film.rate, length, film.has_audio, 1, "0" * 64)


def shots(of: EditFilm, seed: int = 1, count: int = 60) -> list[EditClip]:
    """Neighbours that fill the film, cut at random frames and around minutes."""
    rng = random.Random(seed)
    nominal = of.start.counting.nominal
    near = [60 * nominal * minute + step for minute in (1, 5, 10) for step in (-1, 0, 1, 2)]
    cuts = {*rng.sample(range(1, of.length), count), *(n for n in near if n < of.length)}
    edges = [0, *sorted(cuts), of.length]
    return [clip(n, of, *pair) for n, pair in enumerate(itertools.pairwise(edges), 1)]


def listed(of: EditFilm, ticks: list[int] | None = None) -> ListedFilm:
    """The same film as it is when lists are read; at a constant rate where no times are given."""
    per_frame, frames = TICKS_PER_SECOND * of.rate.denominator, of.rate.numerator
    times = ticks or [n * per_frame // frames for n in range(of.length)]
    return ListedFilm(of.title, of.file_name, of.rate, of.start, times)
