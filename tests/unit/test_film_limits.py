"""Limits of films: what is refused, and that no real film is."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.film_limits import SMALL, FilmLimits
from heaters_pipeline.settings import Settings

TEN_HOURS = 10 * 3600
"""In seconds."""


def test_no_real_film_is_refused() -> None:
    limits = Settings().film_limits
    for width, height in ((7680, 4320), (8192, 4320), (4320, 7680)):
        limits.check_picture("film.mp4", width, height)
    limits.check_frames("film.mp4", TEN_HOURS * 120)
    # A dark room in 1080p: 200 kbit/s become 2 MB for each frame.
    limits.check_growth("film.mp4", TEN_HOURS * 25_000, TEN_HOURS * 25 * 2 * 10**6)
    limits.check_growth("image.png", 600, 30_000_000)


def test_each_refusal_names_its_setting() -> None:
    limits = FilmLimits(pixels=1.5e6, frames=1000, growth=2)
    limits.check_picture("film.mp4", 1000, 1500)
    limits.check_frames("film.mp4", 1000)
    limits.check_growth("film.mp4", SMALL, 2 * SMALL)
    limits.check_growth("film.mp4", 1, SMALL)
    with pytest.raises(InputError) as caught:
        limits.check_picture("film.mp4", 1000, 1501)
    assert str(caught.value) == (
        "film.mp4 has frames of 1000x1501 pixels, more than the 1.5 million that are allowed: "
        "raise HEATERS_MAX_FRAME_MEGAPIXELS to take it."
    )
    with pytest.raises(InputError) as caught:
        limits.check_frames("film.mp4", 1001)
    assert str(caught.value) == (
        "film.mp4 has more than the 1,000 frames that are allowed: raise "
        "HEATERS_MAX_SOURCE_FRAMES to take it."
    )
    with pytest.raises(InputError) as caught:
        limits.check_growth("film.mp4", 10**9, 2 * 10**9 + 1)
    assert str(caught.value) == (
        "What is made of film.mp4 takes more than 2 times its 1,000,000,000 bytes: raise "
        "HEATERS_MAX_GROWTH to take it."
    )
