"""Small pictures of several clips in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, COLUMNS = 144, 81, 4
QUALITY = 70
"""Of JPEG: a dozen pictures take about 20 KB."""


def contact_sheet(pictures: Sequence[Path]) -> bytes:
    """A JPEG of the pictures, four in a row, each fitted into 144 x 81 on black."""
    import cv2

    rows = -(-len(pictures) // COLUMNS)
    sheet = np.zeros((rows * HEIGHT, min(len(pictures), COLUMNS) * WIDTH, 3), np.uint8)
    for place, path in enumerate(pictures):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        top, left = place // COLUMNS * HEIGHT, place % COLUMNS * WIDTH
        fitted = _fitted(picture)
        top += (HEIGHT - fitted.shape[0]) // 2
        left += (WIDTH - fitted.shape[1]) // 2
        sheet[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    _, encoded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


def _fitted(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    import cv2

    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    fitted: NDArray[np.generic] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return fitted
