"""Sprite sheets: tile i shows frame i times n, looked at in pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.media.products.sprites import read_sprites
from heaters_pipeline.media.products.transcode import Product, Transcoded, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, read_number
from tests.integration.test_media_footage import COLLAPSED, FRAMES, UNEVEN
from tests.sprites import read_tiles

FILMS: dict[str, tuple[int, int, tuple[int, int], dict[str, Any]]] = {
    "film.mp4": (FRAMES, 5, (160, 90), {}),
    "ntsc.mp4": (FRAMES, 6, (160, 90), {"rate": Fraction(30000, 1001)}),
    "fast.mp4": (FRAMES, 12, (160, 90), {"rate": Fraction(120)}),
    "slow.mp4": (205, 1, (160, 90), {"rate": Fraction(4), "audio": False}),
    "long.mp4": (1003, 5, (160, 90), {"size": (160, 90), "audio": False}),
    "one.mp4": (1, 5, (160, 90), {"audio": False}),
    "turned.mp4": (FRAMES, 5, (90, 160), {"orientation": Orientation(90), "size": (180, 320)}),
    "uneven.mkv": (FRAMES, 5, (160, 90), {"ticks": UNEVEN}),
    "collapsed.mp4": (FRAMES, 5, (160, 90), {"ticks": COLLAPSED}),
    "odd-size.mkv": (FRAMES, 5, (160, 90), {"size": (321, 181), "pixel_format": "yuv444p"}),
    "wide-pixels.mp4": (FRAMES, 5, (160, 68), {"sample_aspect": Fraction(4, 3)}),
    "tiny.mkv": (FRAMES, 5, (66, 34), {"size": (66, 34), "pixel_format": "yuv444p"}),
}
"""Frames, frames from tile to tile, size of a tile, and how the film is made."""


def make(film: Path, folder: Path) -> Transcoded:
    return transcode(
        film, probe(film), folder, frozenset({Product.REVIEW_PROXY}), stall_seconds=STALL_SECONDS
    )


@pytest.mark.parametrize("name", FILMS)
def test_every_tile_shows_its_frame(name: str, tmp_path: Path) -> None:
    frames, every, size, options = FILMS[name]
    made = make(make_numbered_film(tmp_path / name, frames, **options), tmp_path)
    index = made.sprite_index
    assert index and made.sprites
    assert (index.width, index.height) == size
    tiles = read_tiles(made.sprites.read_bytes(), index)
    assert [read_number(tile) for tile in tiles] == list(range(0, frames, every))
    assert (index.count, index.sheets) == (len(tiles), -(-len(tiles) // 100))


def test_colors_are_those_of_the_film(tmp_path: Path) -> None:
    made = make(make_numbered_film(tmp_path / "film.mp4", 6), tmp_path)
    assert made.sprites and made.sprite_index
    _, tile = read_tiles(made.sprites.read_bytes(), made.sprite_index)
    scene = tile[30:].reshape(-1, 3).astype(int)
    light, dark = (np.abs(scene - color).max(axis=1) for color in ((200, 60, 50), (100, 30, 25)))
    assert np.median(np.minimum(light, dark)) < 8
    numbers = tile[2:13]
    assert (numbers.min(), numbers.max()) == (0, 255)


def test_sheets_of_other_frames_are_refused(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 130, rate=Fraction(5), audio=False)
    made, facts = make(film, tmp_path), probe(film)
    assert made.review_proxy and made.sprites
    ticks = read_frame_index(made.review_proxy)["ticks"].astype(np.int64)
    assert read_sprites(made.sprites, facts, ticks) == made.sprite_index
    later = ticks + np.where(np.arange(130) < 100, 0, 1)
    for wrong in (ticks[:100], np.append(ticks, ticks[-1] + 90_000 * np.arange(1, 99)), later):
        with pytest.raises(HeatersError, match="has 2 sheets, which are not"):
            read_sprites(made.sprites, facts, wrong)
    made.sprites.write_bytes(made.sprites.read_bytes()[:2000])
    with pytest.raises(HeatersError, match="can't be read"):
        read_sprites(made.sprites, facts, ticks)


def test_nothing_is_left_of_a_proxy_whose_sheets_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", FRAMES, rate=Fraction(4))
    folder = tmp_path / "made"
    folder.mkdir()
    with monkeypatch.context() as patch:
        # The check expects two sheets of 50 tiles, where one has room for all.
        patch.setattr("heaters_pipeline.media.products.sprites.TILES_A_SHEET", 50)
        with pytest.raises(HeatersError, match="which are not the"):
            make(film, folder)
    assert list(folder.iterdir()) == []
