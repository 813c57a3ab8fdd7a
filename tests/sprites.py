"""Tiles as a page cuts them out of sprite sheets."""

from __future__ import annotations

import numpy as np

from heaters_pipeline.domain.sprites import SpriteIndex
from tests.footage import Picture


def read_sheet(jpeg: bytes) -> Picture:
    """RGB pixels, uint8 (height, width, 3)."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return picture


def read_tiles(content: bytes, index: SpriteIndex) -> list[Picture]:
    """Every tile of a whole file of sheets, in order."""
    tiles: list[Picture] = []
    for sheet in range(index.sheets):
        offset, length = index.span(sheet)
        picture = read_sheet(content[offset : offset + length])
        assert picture.shape == (index.rows * index.height, index.columns * index.width, 3)
        tiles += cut(picture, index)
    return tiles[: index.count]


def cut(sheet: Picture, index: SpriteIndex) -> list[Picture]:
    return [
        sheet[y : y + index.height, x : x + index.width]
        for y in range(0, sheet.shape[0], index.height)
        for x in range(0, sheet.shape[1], index.width)
    ]
