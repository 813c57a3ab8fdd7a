"""Thumbnails of drawn films: shots that pan over a texture of their own, and copies of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Film = npt.NDArray[np.uint8]

HIGH, WIDE = 27, 48


def shot(seed: int, frames: int, speed: float = 0.25) -> Film:
    """uint8 (frames, 27, 48, 3)."""
    chance = np.random.default_rng(seed)
    long = WIDE + int(frames * speed) + 2
    texture = sum(
        np.kron(chance.normal(size=(HIGH // size + 2, long // size + 2)), np.ones((size, size)))[
            :HIGH, :long
        ]
        * size
        for size in (2, 4, 8)
    )
    levels = np.clip(128 + 7 * texture, 0, 255)
    at = np.arange(frames) * speed
    left, part = at.astype(int), (at % 1)[:, None, None]
    whole = np.stack([levels[:, start : start + WIDE] for start in left])
    after = np.stack([levels[:, start + 1 : start + 1 + WIDE] for start in left])
    gray = whole * (1 - part) + after * part
    return np.repeat(gray[..., None], 3, axis=3).astype(np.uint8)


def takes(seed: int, count: int, frames: int) -> list[Film]:
    """Shots from one place: something moves, each time another way."""
    film = shot(seed, frames, speed=0)
    chance = np.random.default_rng(seed)
    thing = chance.integers(0, 255, (9, 9, 1)).astype(np.uint8)
    found = []
    for _ in range(count):
        take = film.copy()
        ends = chance.integers((0, 0), (HIGH - 9, WIDE - 9), (2, 2))
        for frame, (top, left) in enumerate(np.linspace(*ends, frames).astype(int)):
            take[frame, top : top + 9, left : left + 9] = thing
        found.append(take)
    return found


def encoded_again(film: Film) -> Film:
    noise = np.random.default_rng(0).normal(0, 4, film.shape)
    return np.clip(film + noise, 0, 255).astype(np.uint8)


def cropped(film: Film) -> Film:
    rows = 1 + (np.arange(HIGH) + 0.5) * 0.9
    columns = 3 + (np.arange(WIDE) + 0.5) * 0.9
    return film[:, rows.astype(int)][:, :, columns.astype(int)]


def recoloured(film: Film) -> Film:
    mixed = 255 * (film / 255.0) ** 1.3 * np.array([0.9, 0.7, 0.5]) + 20
    return mixed.astype(np.uint8)


def watermarked(film: Film) -> Film:
    marked = film.copy()
    marked[:, 2:6, 35:46] = 255
    return marked


def mirrored(film: Film) -> Film:
    return film[:, :, ::-1].copy()


def faster(film: Film) -> Film:
    return film[np.arange(0, len(film), 1.04).astype(int)]


COPIES = (encoded_again, cropped, recoloured, watermarked, mirrored, faster)
