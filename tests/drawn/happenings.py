"""What happens in a shot and is no cut."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tests.drawn.shots import Shot
from tests.drawn.worlds import Picture

HAPPENINGS = (
    "flash",
    "strobe",
    "lights",
    "dawn",
    "whip",
    "shake",
    "corrupt",
    "overlay",
    "passer",
    "flicker",
)
"""The camera makes whip and shake."""
LASTS = {"strobe": 24, "passer": 24, "whip": 12, "lightning": 24, "muzzle": 18}
"""Frames, of the last two at least; three of the other happenings."""
LONG_FLASH = 4
"""Frames of a flash whose end is another event."""


class Flash(NamedTuple):
    begin: int
    frames: int
    strength: float


def flashes_of(shot: Shot) -> list[Flash]:
    """By frame of the shot."""
    if shot.happening == "flash":
        return [Flash(shot.at, 1 + shot.at % 3, 1.0)]
    random = np.random.default_rng((shot.seed, shot.place, shot.at, 2))
    begin, last = shot.at, shot.frames - 7
    flashes = []
    if shot.happening == "lightning":
        for _ in range(int(random.integers(3, 8))):
            frames = int(random.choice([1, 1, 2, 2, 3, 4, 6, 9]))
            flashes.append(Flash(begin, frames, random.uniform(0.4, 1.0)))
            begin += frames + int(random.integers(1, 14))
    elif shot.happening == "muzzle":
        for _ in range(int(random.integers(2, 5))):
            pace = int(random.integers(2, 5))
            for _ in range(int(random.integers(2, 8))):
                frames = int(random.integers(1, min(3, pace)))
                flashes.append(Flash(begin, frames, random.uniform(0.6, 1.0)))
                begin += pace
            begin += int(random.integers(4, 14))
    return [flash for flash in flashes if flash.begin + flash.frames <= last]


def flashed_at(shot: Shot) -> list[int]:
    """The frames at which a flash begins, or a long one ends."""
    flashes = flashes_of(shot)
    ends = (each.begin + each.frames for each in flashes if each.frames > LONG_FLASH)
    return sorted({*(each.begin for each in flashes), *ends})


def happened(shot: Shot, frame: int, picture: Picture, seed: int) -> Picture:
    """`picture`, and what happens before it."""
    since = frame - shot.at
    random = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    across, down = np.meshgrid(
        np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    )
    spot = np.hypot(across - random.random(), down - random.random())[..., np.newaxis]
    match shot.happening:
        case "flash" if 0 <= since < 1 + shot.at % 3:
            return picture + np.float32(240 / (1 + since)) * (1 - 0.4 * spot)
        case "strobe" if 0 <= since < LASTS["strobe"]:
            lit = since // (1 + shot.at % 2) % 2
            return picture * np.float32(0.35 + 1.05 * lit) + np.float32(25 * lit)
        case "lights":
            part = min(max(since / (1 + shot.at % 4), 0), 1)
            dim = random.uniform(0.25, 0.55)
            gain = dim + (1 - dim) * part * (1.15 - 0.5 * spot * part)
            return picture * gain.astype(np.float32)
        case "dawn":
            part = min(max(frame / shot.frames, 0), 1)
            tint = 1 + random.uniform(-0.15, 0.15, 3) * part
            return (picture * (0.35 + 0.65 * part) * tint).astype(np.float32)
        case "corrupt" if since == 0:
            broken = np.roll(picture, width // 3, axis=1)
            broken[height // 3 :] = random.uniform(0, 255, 3)
            return broken
        case "overlay" if 0 <= since < 40:
            shown = min(1.0, (since + 1) / (1 + shot.at % 6))
            bar = (down > 0.74) & (down < 0.92) & (across > 0.06) & (across < 0.7)
            letters = (np.sin(across * 140) > 0) & (np.abs(down - 0.83) < 0.04) & bar
            target = np.where(letters[..., np.newaxis], 235, picture * 0.25)
            return np.where(bar[..., np.newaxis], picture + (target - picture) * shown, picture)
        case "passer" if 0 <= since < LASTS["passer"]:
            middle = -0.4 + since * 0.075
            body = np.abs(across - middle - 0.05 * np.sin(down * 5)) < 0.25
            return np.where(body[..., np.newaxis], picture.mean() * 0.4, picture)
        case "flicker":
            return picture * np.float32(1 + 0.12 * np.sin(frame * 2.1) * random.random())
        case "lightning":
            side = across if random.random() < 0.5 else 1 - across
            return _lightning(shot, frame, picture, side)
        case "muzzle":
            return _muzzle(shot, frame, picture, random.uniform(0.25, 0.75, 2), across, down)
    return picture


def _lightning(shot: Shot, frame: int, picture: Picture, side: Picture) -> Picture:
    """Bluish light from one side, which falls off towards the other and never burns evenly."""
    for flash in flashes_of(shot):
        left = flash.begin + flash.frames - frame
        if 0 < left <= flash.frames:
            uneven = np.random.default_rng((shot.seed, frame, 3)).uniform(0.6, 1.0)
            power = flash.strength * uneven * (0.5 if left == 1 and flash.frames > 2 else 1.0)
            light = (power * np.clip(1.15 - 1.2 * side, 0.1, 1))[..., np.newaxis]
            tint = np.array([0.85, 0.95, 1.15], np.float32)
            return (picture * (1 + 2.2 * light) + 110 * light * light * tint).astype(np.float32)
    return picture


def _muzzle(
    shot: Shot,
    frame: int,
    picture: Picture,
    at: np.ndarray[tuple[int], np.dtype[np.float64]],
    across: Picture,
    down: Picture,
) -> Picture:
    """A warm blob, and its shine on what is near."""
    for flash in flashes_of(shot):
        if flash.begin <= frame < flash.begin + flash.frames:
            random = np.random.default_rng((shot.seed, flash.begin, 3))
            x, y = at + random.normal(0, 0.02, 2)
            size = random.uniform(0.06, 0.15) * flash.strength
            far = np.hypot(across - x, (down - y) * 0.6) / size
            blob = np.exp(-(far**4))[..., np.newaxis]
            shine = (0.5 * flash.strength * np.exp(-far / 3))[..., np.newaxis]
            tint = np.array([1.0, 0.8, 0.45], np.float32)
            lit = picture * (1 + shine * tint) + 25 * shine * tint
            return (lit + (np.array([255, 235, 175]) - lit) * blob).astype(np.float32)
    return picture
