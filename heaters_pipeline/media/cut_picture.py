"""A picture of what a detector saw: its curve, its threshold, the transitions it took, and how the
clips begin. Small enough to be kept in Dagster's event log for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.scores import HEIGHT, WIDTH, Scores

PICTURE_WIDTH = 960
CURVE_HEIGHT = 120
TILES_A_ROW = PICTURE_WIDTH // (WIDTH + WIDTH // 4)
MOST_TILES = 2 * TILES_A_ROW
"""Of more clips than this every so-manieth is shown."""
QUALITY = 75
"""JPEG; some 30 KB in all."""

_PAPER, _GRID, _INK, _CUT, _LONG = (
    (250, 250, 250),
    (190, 190, 190),
    (120, 85, 50),
    (60, 60, 220),
    (150, 200, 255),
)
"""Blue, green, red."""


def draw_cuts(
    scores: Scores,
    curve: np.ndarray[Any, Any],
    threshold: float,
    transitions: Iterable[Transition],
    starts: Sequence[int],
) -> bytes:
    """A JPEG. `curve` is (N,), one value a frame; `starts` are the first frames of the clips."""
    import cv2

    picture = np.vstack(
        [_curve(np.asarray(curve, np.float64), threshold, transitions), _strip(scores, starts)]
    )
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError("OpenCV can't encode the picture.")
    return bytes(encoded)


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


def _strip(scores: Scores, starts: Sequence[int]) -> np.ndarray[Any, Any]:
    import cv2

    shown = [starts[n * len(starts) // MOST_TILES] for n in range(MOST_TILES)]
    if len(starts) <= MOST_TILES:
        shown = list(starts)
    width = PICTURE_WIDTH // TILES_A_ROW
    height = width * HEIGHT // WIDTH
    rows = -(-len(shown) // TILES_A_ROW)
    strip = np.full((rows * height, PICTURE_WIDTH, 3), _PAPER, np.uint8)
    for n, frame in enumerate(shown):
        top, left = n // TILES_A_ROW * height, n % TILES_A_ROW * width
        tile = cv2.resize(scores[frame : frame + 1][0], (width - 1, height - 1))
        strip[top + 1 : top + height, left : left + width - 1] = tile[:, :, ::-1]
    return strip
