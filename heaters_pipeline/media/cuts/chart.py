"""A chart of a detection: its curve and threshold, the transitions found, and the first frame of
each clip. It is small, since Dagster's event log keeps it for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.media.cuts.detection import Detection
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, Thumbnails

CHART_WIDTH = 960
CURVE_HEIGHT = 120
FRAMES_A_ROW = CHART_WIDTH // (WIDTH + 1)
MOST_FRAMES = 3 * FRAMES_A_ROW
"""With more clips than this, the chart shows the first frames of some, evenly chosen."""
QUANTIZER = 5
"""libavcodec's for JPEG, 2 (best) to 31; a chart has some 30 KB."""

_PAPER, _GRID, _INK, _CUT, _LONG = (
    (250, 250, 250),
    (190, 190, 190),
    (50, 85, 120),
    (220, 60, 60),
    (255, 200, 150),
)
"""Red, green, blue."""


def draw_detection(thumbnails: Thumbnails, detection: Detection) -> bytes:
    """A JPEG of what a detector found in `thumbnails`."""
    curve = np.asarray(detection.curve, np.float64)
    image = np.vstack(
        [
            _draw_curve(curve, detection.threshold, detection.transitions),
            _draw_first_frames(thumbnails, [0, *detection.cuts()]),
        ]
    )
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = image.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1)
    encoder.options = {"qmin": str(QUANTIZER), "qmax": str(QUANTIZER)}
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    return b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)]))


def _draw_curve(
    curve: np.ndarray[Any, Any], threshold: float, transitions: Iterable[Transition]
) -> np.ndarray[Any, Any]:
    """Each column shows the highest value of its frames, so that every cut is visible. The
    threshold lies at half the height; twice the threshold or more reaches the top."""
    drawn = np.full((CURVE_HEIGHT, CHART_WIDTH, 3), _PAPER, np.uint8)
    columns = np.arange(CHART_WIDTH + 1) * len(curve) // CHART_WIDTH

    def column(frame: int) -> int:
        return min(CHART_WIDTH - 1, max(0, frame) * CHART_WIDTH // len(curve))

    for each in transitions:
        if each.kind != TransitionKind.CUT:
            drawn[:, column(each.first) : column(each.last) + 1] = _LONG
    drawn[CURVE_HEIGHT // 2] = _GRID
    for at in range(CHART_WIDTH):
        highest = curve[columns[at] : max(columns[at] + 1, columns[at + 1])].max()
        height = min(1.0, max(0.0, highest / (2 * threshold))) * (CURVE_HEIGHT - 1)
        drawn[CURVE_HEIGHT - 1 - round(height) :, at] = _INK
    for each in transitions:
        if each.kind == TransitionKind.CUT:
            drawn[: CURVE_HEIGHT // 12, column(each.last)] = _CUT
    return drawn


def _draw_first_frames(thumbnails: Thumbnails, starts: Sequence[int]) -> np.ndarray[Any, Any]:
    shown = list(starts)
    if len(starts) > MOST_FRAMES:
        shown = [starts[n * len(starts) // MOST_FRAMES] for n in range(MOST_FRAMES)]
    height = HEIGHT + 1
    rows = -(-len(shown) // FRAMES_A_ROW)
    # JPEG stores colours in blocks of 2 x 2 pixels.
    strip = np.full((rows * height + rows % 2, CHART_WIDTH, 3), _PAPER, np.uint8)
    for n, frame in enumerate(shown):
        top, left = n // FRAMES_A_ROW * height, n % FRAMES_A_ROW * (WIDTH + 1)
        strip[top + 1 : top + height, left : left + WIDTH] = thumbnails[frame : frame + 1][0]
    return strip
