"""How a shot follows the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.drawn.worlds import Picture

Field = npt.NDArray[np.float64]
"""(height, width)"""

WIPES = 4
STINGERS = ("band", "burst", "blinds", "diamond")
"""A coloured shape flies across and covers the image; the next shot is behind it."""
SLIDES = ("push", "clock")
"""Other animated wipes: the next shot pushes this one out, or a hand sweeps over it."""
FORMS = (*range(WIPES), *STINGERS, *SLIDES)


@dataclass(frozen=True)
class Join:
    kind: str
    frames: int = 0
    """Frames that show both shots, or neither; 0 for a cut."""
    color: int = 0
    """Of a fade: 0 is black, 255 white."""
    hold: int = 0
    """Of a fade: frames of the colour alone, among `frames`."""
    form: int | str = 0
    """Of a wipe: to the right, down, from the centre, with a soft edge; or one of FORMS."""
    seed: int = 0
    """Of an animated wipe: its colours and its direction."""


def joined(join: Join, step: int, before: Picture, after: Picture) -> Picture:
    """The picture of one of the join's frames."""
    part = (step + 1) / (join.frames + 1)
    if join.kind == "dissolve":
        return before + (after - before) * np.float32(part)
    if join.kind == "fade":
        ramp = (join.frames - join.hold) / 2
        shown = max(0.0, 1 - (step + 1) / (ramp + 1), (step + 1 - ramp - join.hold) / (ramp + 1))
        picture = before if step < join.frames / 2 else after
        return join.color + (picture - join.color) * np.float32(shown)
    if join.form in STINGERS:
        return _stung(join, part, before, after)
    if join.form in SLIDES:
        return _slid(join, part, before, after)
    across, down = _field(before)
    form = int(join.form)
    order = (across, down, np.hypot(across - 0.5, down - 0.5) * 1.42, across)[form]
    softness = (0.01, 0.01, 0.02, 0.25)[form]
    weight = np.clip((part * (1 + softness) - order) / softness, 0, 1)
    return _over(before, after, weight)


def _field(picture: Picture) -> tuple[Field, Field]:
    height, width = picture.shape[:2]
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return across, down


def _over(below: Picture, above: Any, weight: Field) -> Picture:
    return (below + (above - below) * weight[..., np.newaxis]).astype(np.float32)


def _stung(join: Join, part: float, before: Picture, after: Picture) -> Picture:
    """`order` is the place of each pixel on the shape's way: its front has passed those below
    `part * (1 + length)`, and its tail, which uncovers the next shot, those `length` lower."""
    random = np.random.default_rng(join.seed)
    colors, turned = random.uniform(0, 255, (3, 3)), bool(random.random() < 0.5)
    length, slant = random.uniform(0.7, 1.5), random.uniform(-0.5, 0.5)
    across, down = _field(before)
    if turned:
        across = 1 - across
    x, y = across - 0.5, down - 0.5
    match join.form:
        case "band":
            order = (across + slant * y + abs(slant) / 2) / (1 + abs(slant))
        case "burst":
            rays = 1 + 0.15 * np.sin(np.arctan2(y, x) * 9 + part * 5)
            order = np.hypot(x, y * 0.6) * 1.7 * rays / 1.15
        case "blinds":
            lines = np.minimum(np.floor(down * 5), 4)
            order = (np.where(lines % 2, across, 1 - across) + 0.12 * lines) / 1.48
        case _:
            turn = part * 2 + slant
            order = np.abs(x * np.cos(turn) - y * 0.6 * np.sin(turn))
            order = (order + np.abs(x * np.sin(turn) + y * 0.6 * np.cos(turn))) * 1.2
    front = part * (1 + length)
    picture = _over(before, colors[0], np.clip((front - order) / 0.01, 0, 1))
    # Stripes of the other two colours run along with it.
    for color, begin, end in ((colors[1], 0.1, 0.2), (colors[2], 0.35, 0.45)):
        behind = (front - order) / length
        picture = _over(picture, color, ((behind > begin) & (behind < end)).astype(float))
    return _over(picture, after, np.clip((front - length - order) / 0.01, 0, 1))


def _slid(join: Join, part: float, before: Picture, after: Picture) -> Picture:
    random = np.random.default_rng(join.seed)
    turned, color = bool(random.random() < 0.5), random.uniform(0, 255, 3)
    across, down = _field(before)
    if join.form == "push":
        axis = int(random.integers(2))
        size = before.shape[axis]
        moved = round(part * part * (3 - 2 * part) * size)
        pair = (after, before) if turned else (before, after)
        begin = size - moved if turned else moved
        return np.take(np.concatenate(pair, axis), range(begin, begin + size), axis)
    hand = (np.arctan2(across - 0.5, 0.5 - down) / (2 * np.pi)) % 1
    ahead = (1 - hand if turned else hand) - part
    picture = _over(before, color, (ahead < 0.02).astype(float))
    return _over(picture, after, (ahead < 0).astype(float))
