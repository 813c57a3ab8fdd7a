"""Frame scores: each frame as a small picture, stored raw, so that another threshold decodes
nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heaters_pipeline.domain.errors import HeatersError

WIDTH, HEIGHT = 48, 27
FRAME_BYTES = WIDTH * HEIGHT * 3


def open_scores(path: Path) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Maps the file as uint8 (N, 27, 48, 3), RGB. Raises HeatersError unless it holds one or more
    whole frames."""
    size = path.stat().st_size
    if size == 0 or size % FRAME_BYTES:
        raise HeatersError(
            f"{path.name} holds {size} bytes, not a whole number of frames: make it again."
        )
    return np.memmap(path, dtype=np.uint8, mode="r", shape=(size // FRAME_BYTES, HEIGHT, WIDTH, 3))
