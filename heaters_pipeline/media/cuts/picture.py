"""A picture of what a detector saw: its curve, its threshold, the transitions it took, and how the
clips begin. Small enough to be kept in Dagster's event log for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, Thumbnails

PICTURE_WIDTH = 960
CURVE_HEIGHT = 120
TILES_A_ROW = PICTURE_WIDTH // (WIDTH + 1)
MOST_TILES = 3 * TILES_A_ROW
"""Of more clips than this every so-manieth is shown."""
QUANTIZER = 5
"""libavcodec's for JPEG, 2 (best) to 31; some 30 KB in all."""

_PAPER, _GRID, _INK, _CUT, _LONG = (
    (250, 250, 250),
    (190, 190, 190),
    (50, 85, 120),
    (220, 60, 60),
    (255, 200, 150),
)
"""Red, green, blue."""


def draw_cuts(
    thumbnails: Thumbnails,
    curve: np.ndarray[Any, Any],
    threshold: float,
    transitions: Iterable[Transition],
    starts: Sequence[int],
) -> bytes:
    """A JPEG. `curve` is (N,), one value a frame; `starts` are the first frames of the clips."""
    picture = np.vstack(
        [_curve(np.asarray(curve, np.float64), threshold, transitions), _strip(thumbnails, starts)]
    )
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1)
    encoder.options = {"qmin": str(QUANTIZER), "qmax": str(QUANTIZER)}
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    return b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)]))


def _curve(
    curve: np.ndarray[Any, Any], threshold: float, transitions: Iterable[Transition]
) -> np.ndarray[Any, Any]:
    """Each column is the highest value of its frames, as no cut may go unseen; the threshold lies
    at half the height, and what is twice as high or more touches the top."""
    drawn = np.full((CURVE_HEIGHT, PICTURE_WIDTH, 3), _PAPER, np.uint8)
    columns = np.arange(PICTURE_WIDTH + 1) * len(curve) // PICTURE_WIDTH

    def column(frame: int) -> int:
        return min(PICTURE_WIDTH - 1, max(0, frame) * PICTURE_WIDTH // len(curve))

    for each in transitions:
        if each.kind != TransitionKind.CUT:
            drawn[:, column(each.first) : column(each.last) + 1] = _LONG
    drawn[CURVE_HEIGHT // 2] = _GRID
    for at in range(PICTURE_WIDTH):
        highest = curve[columns[at] : max(columns[at] + 1, columns[at + 1])].max()
        height = min(1.0, max(0.0, highest / (2 * threshold))) * (CURVE_HEIGHT - 1)
        drawn[CURVE_HEIGHT - 1 - round(height) :, at] = _INK
    for each in transitions:
        if each.kind == TransitionKind.CUT:
            drawn[: CURVE_HEIGHT // 12, column(each.last)] = _CUT
    return drawn


def _strip(thumbnails: Thumbnails, starts: Sequence[int]) -> np.ndarray[Any, Any]:
    shown = list(starts)
    if len(starts) > MOST_TILES:
        shown = [starts[n * len(starts) // MOST_TILES] for n in range(MOST_TILES)]
    height = HEIGHT + 1
    rows = -(-len(shown) // TILES_A_ROW)
    # JPEG's colours are in 2 x 2 blocks.
    strip = np.full((rows * height + rows % 2, PICTURE_WIDTH, 3), _PAPER, np.uint8)
    for n, frame in enumerate(shown):
        top, left = n // TILES_A_ROW * height, n % TILES_A_ROW * (WIDTH + 1)
        strip[top + 1 : top + height, left : left + WIDTH] = thumbnails[frame : frame + 1][0]
    return strip
