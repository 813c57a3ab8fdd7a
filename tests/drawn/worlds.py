"""What a drawn film looks at: worlds of fractal noise with shapes painted on them, and what moves
in front of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
"""(height, width, 3), RGB, 0 to 255."""

WORLD = 3
"""A world is so many pictures wide and high, and repeats beyond its edges."""


class World:
    """What all views of one seed share. Lengths are in pictures, so that it looks the same at any
    size."""

    def __init__(self, seed: int, style: str, width: int, height: int) -> None:
        random = np.random.default_rng(seed)
        wide, high = width * WORLD, height * WORLD
        relief = _fractal(random, wide, high, random.uniform(1.1, 2.0))
        hue = _fractal(random, wide, high, random.uniform(1.4, 2.4))
        palette = random.uniform(0, 255, (4, 3)) * 0.75 + np.linspace(0, 64, 4)[:, np.newaxis]
        levels = np.clip(relief * 0.9 + 1.5, 0, 3)
        colors = [np.interp(levels, range(4), palette[:, channel]) for channel in range(3)]
        other = random.uniform(30, 225, 3)
        mixed = np.clip(hue * 0.4 + 0.3, 0, 1)[..., np.newaxis]
        canvas = np.stack(colors, axis=-1) * (1 - mixed) + other * mixed
        for _ in range(int(random.integers(4, 16))):
            self._paint(canvas, random, width, height)
        contrast, level = {
            "bright": (random.uniform(0.7, 1.1), 115),
            "dark": (random.uniform(0.16, 0.3), random.uniform(18, 32)),
            "faint": (random.uniform(0.12, 0.25), random.uniform(70, 190)),
            "hectic": (random.uniform(0.6, 1.1), 110),
            "night": (1.0, 105),
        }[style]
        grey = canvas.mean(axis=2, keepdims=True)
        canvas = grey + (canvas - grey) * random.uniform(0.15, 0.7)
        canvas = (canvas - canvas.mean()) * contrast + level
        if style == "night":
            # A few lights in the dark.
            canvas = 220 * (np.clip(canvas, 0, 255) / 255) ** (2.6 + seed % 5 / 4)
        self.canvas = canvas.astype(np.float32)

    @staticmethod
    def _paint(canvas: npt.NDArray[Any], random: Any, width: int, height: int) -> None:
        """A rectangle or an ellipse with a shade of its own."""
        size = random.uniform(0.08, 0.5, 2) * (height, height)
        left, top = random.uniform(0, WORLD, 2) * (width, height) * 0.85
        color, turn = random.uniform(0, 255, 3), random.random() < 0.5
        rows = slice(int(top), int(top + size[1]) + 1)
        columns = slice(int(left), int(left + size[0]) + 1)
        part = canvas[rows, columns]
        down, across = np.mgrid[-1 : 1 : part.shape[0] * 1j, -1 : 1 : part.shape[1] * 1j]
        inside = down**2 + across**2 < 1 if turn else np.ones_like(down, bool)
        part[inside] = part[inside] * 0.3 + color * 0.7


class Object:
    """An ellipse with stripes that goes to and fro."""

    def __init__(self, random: np.random.Generator, pace: float, amplitude: float) -> None:
        self._at = random.uniform(0.1, 0.9, 2)
        self._speed = random.uniform(-pace, pace, 2)
        self._sway, self._beat = random.uniform(0, pace * 6), random.uniform(0.05, 0.4)
        self._size = random.uniform(0.05, 0.3, 2)
        self._color = random.uniform(-1, 1, 3).astype(np.float32) * np.float32(amplitude)
        self._stripes = random.uniform(5, 40)

    def draw(self, picture: Picture, time: float) -> None:
        height, width = picture.shape[:2]
        x, y = self._at + self._speed * time + self._sway * np.sin(time * self._beat)
        across = (np.arange(width, dtype=np.float32) / width - (x + 0.5) % 2 + 0.5) / self._size[0]
        down = (np.arange(height, dtype=np.float32) / height - (y + 0.5) % 2 + 0.5) / self._size[1]
        far = down[:, np.newaxis] ** 2 + across**2
        edge = np.clip((1 - far) * 8, 0, 1)[..., np.newaxis]
        stripes = 1 + 0.3 * np.sin(across * self._stripes)[np.newaxis, :, np.newaxis]
        picture += edge * (picture.mean() + self._color * stripes - picture) * np.float32(0.9)


class Figure:
    """Somebody who speaks: a trunk, a head with hair, and a hand. `body` is who they are and where
    they stand, `take` how they stand in one take."""

    def __init__(
        self, body: np.random.Generator, take: np.random.Generator, amplitude: float
    ) -> None:
        self._colors = body.uniform(-1, 1, (3, 3)).astype(np.float32) * np.float32(amplitude)
        self._colors[1] = np.array([0.7, 0.3, 0.1]) * amplitude
        self._x = body.uniform(0.35, 0.65) + take.choice([-1, 1]) * take.uniform(0.03, 0.14)
        self._size = body.uniform(0.8, 1.2) * take.uniform(0.9, 1.1)
        self._lean = take.uniform(-0.06, 0.06)
        self._hand = take.uniform(-0.25, 0.25), take.uniform(0.55, 0.95)
        self._beats = take.uniform(0.08, 0.4, 4)
        self._phases = take.uniform(0, 6, 4)
        self._sways = take.uniform(0.004, 0.02, 4) * (1, 1, 2.5, 2.5)

    def draw(self, picture: Picture, time: float) -> None:
        trunk, skin, hair = picture.mean() + self._colors
        nod, sway, reach, lift = self._sways * np.sin(time * self._beats + self._phases)
        size, x = self._size, self._x + sway
        head_x, head_y = x + self._lean + sway, 1.02 - 0.62 * size + nod
        _fill(picture, (x, 1.12), (0.23 * size, 0.52 * size), trunk)
        _fill(picture, (head_x, head_y - 0.04 * size), (0.085 * size, 0.19 * size), hair)
        _fill(picture, (head_x, head_y + 0.02 * size), (0.07 * size, 0.16 * size), skin)
        hand_x, hand_y = x + self._hand[0] + reach, self._hand[1] + lift
        _fill(picture, (hand_x, hand_y), (0.035 * size, 0.07 * size), skin)


def _fill(
    picture: Picture, at: tuple[float, float], radii: tuple[float, float], color: Any
) -> None:
    """An ellipse."""
    height, width = picture.shape[:2]
    across = (np.arange(width, dtype=np.float32) / width - at[0]) / radii[0]
    down = (np.arange(height, dtype=np.float32) / height - at[1]) / radii[1]
    inside = np.clip((1 - down[:, np.newaxis] ** 2 - across**2) * 6, 0, 1)[..., np.newaxis]
    picture += (inside * (color - picture)).astype(np.float32)


def amplitude(style: str) -> float:
    return {"dark": 20.0, "faint": 22.0, "night": 24.0}.get(style, 100.0)


def _fractal(random: np.random.Generator, width: int, height: int, slope: float) -> Picture:
    """Noise whose amplitude falls with the spatial frequency to the power of `slope`, as that of
    natural pictures does; repeats at its edges; mean 0, deviation 1. Frequencies are drawn from the
    lowest, so that a larger field only adds detail."""
    most = 48
    field = np.zeros((height, width), np.complex128)
    waves = random.standard_normal((2 * most + 1, 2 * most + 1, 2)) @ np.array([1, 1j])
    steps = np.arange(-most, most + 1)
    power = np.hypot(steps[:, np.newaxis] / 0.6, steps)
    power[most, most] = np.inf
    fits = (np.abs(steps) < height // 2)[:, np.newaxis] & (np.abs(steps) < width // 2)
    rows, columns = np.nonzero(fits)
    field[steps[rows], steps[columns]] = (waves * power**-slope)[rows, columns]
    drawn = np.fft.ifft2(field).real
    return ((drawn - drawn.mean()) / drawn.std()).astype(np.float32)


def sample(world: Picture, at: npt.NDArray[Any], axis: int) -> Picture:
    """Lines of `world` at positions between them, around its edges."""
    whole = np.floor(at).astype(int)
    part = (at - whole).astype(np.float32)
    part = part.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    size = world.shape[axis]
    before = np.take(world, whole % size, axis)
    after = np.take(world, (whole + 1) % size, axis)
    return before + (after - before) * part
