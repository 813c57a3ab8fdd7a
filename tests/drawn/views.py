"""One shot's pictures, by frame."""

from __future__ import annotations

import numpy as np

from tests.drawn.happenings import happened
from tests.drawn.shots import Shot
from tests.drawn.worlds import WORLD, Figure, Object, Picture, World, amplitude, sample


class View:
    """One shot's pictures, by frame; frames before 0 and after the end belong to its joins."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        self.shot, self._size = shot, (width, height)
        self._world = World(shot.seed, shot.style, width, height).canvas
        random = np.random.default_rng((shot.seed, shot.place, 1))
        hectic = shot.style == "hectic"
        self._origin = random.uniform(0, WORLD, 2) + np.array([0.45 * shot.place, 0])
        moves = random.random() < (0.9 if hectic else 0.5)
        pace = (0.014 if hectic else 0.008) if moves else 0.0
        self._pan = random.uniform(-pace, pace, 2) * (1, 0.4)
        self._scale = random.uniform(0.6, 1.0)
        self._zoom = random.uniform(-0.004, 0.004) if random.random() < 0.3 else 0.0
        held = 0.007 if shot.happening == "shake" or (hectic and random.random() < 0.5) else 0.0015
        shake = random.normal(0, held, (shot.frames + 160, 2))
        self._shake = np.cumsum(shake, axis=0) * 0.5 + shake
        self._shake -= np.linspace(0, 1, len(shake))[:, np.newaxis] * self._shake[-1]
        if shot.take is not None:
            # What takes of a place share must not depend on their length.
            random = np.random.default_rng((shot.seed, shot.place, 4))
        self._objects = [
            Object(random, 0.014 if hectic else 0.008, amplitude(shot.style))
            for _ in range(int(random.integers(0, 5)))
        ]
        # A small frame averages it away as it would that of a film of 384 x 216.
        self._grain = random.uniform(0.5, 6) * min(1.0, width / 384)
        self._noise_seed = int(random.integers(1 << 31))
        self._whip = random.uniform(0.6, 1.4) * random.choice([-1, 1])
        self._length = int(random.integers(5, 12))
        self._happen = int(random.integers(1 << 31))
        self._figure: Figure | None = None
        self._moved = 0
        if shot.take is not None:
            take = np.random.default_rng((shot.seed, shot.place, shot.take, 5))
            self._figure = Figure(random, take, amplitude(shot.style))
            self._moved = 53 * shot.take
            self._scale *= take.uniform(0.7, 1.0)
            self._origin = self._origin + take.uniform(-0.03, 0.03, 2)

    def at(self, frame: int) -> Picture:
        picture = happened(self.shot, frame, self._seen(frame), self._happen)
        grain = np.random.default_rng((self._noise_seed, frame + 200))
        picture = picture + grain.standard_normal(picture.shape, np.float32) * np.float32(
            self._grain
        )
        if bar := round(self.shot.bars * len(picture)):
            picture[:bar] = picture[-bar:] = 0
        return picture

    def _seen(self, frame: int) -> Picture:
        shot = self.shot
        if shot.happening == "whip" and 0 <= frame - shot.at < self._length:
            # The shutter is open half of the time.
            open_at = np.linspace(frame, frame + 0.5, 6)
            return np.mean([self._through(time) for time in open_at], axis=0, dtype=np.float32)
        return self._through(frame)

    def _through(self, time: float) -> Picture:
        """The world through the camera."""
        width, height = self._size
        x, y = self._origin + self._pan * time + self._shake[round(time) + 80]
        if self.shot.happening == "whip":
            part = np.clip((time - self.shot.at) / self._length, 0, 1)
            x += self._whip * part * part * (3 - 2 * part)
        scale = self._scale * np.exp(self._zoom * time)
        columns = (x + (np.arange(width) / width - 0.5) * scale) * width
        rows = (y + (np.arange(height) / height - 0.5) * scale) * height
        picture = sample(sample(self._world, rows, 0), columns, 1)
        for each in self._objects:
            each.draw(picture, time + self._moved)
        if self._figure:
            self._figure.draw(picture, time)
        return picture
