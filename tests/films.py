"""Labelled films: what a cut detector meets, drawn from a seed, with the truth beside them.

A film is a row of shots. A shot looks at a world of its own (fractal noise in a palette, with
shapes painted on it and objects that move) through a camera that rests, pans, zooms or is held by
hand; something that is no cut may happen in it. Shots follow one another by a transition. The same
seed gives the same film at any size.

The truth has the form of the real footage's truth files: `start` is the last clean frame of the
outgoing shot, `end` the first clean frame of the incoming one, both 0-based.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH

Picture = npt.NDArray[np.float32]
"""(height, width, 3), RGB, 0 to 255."""
Frames = npt.NDArray[np.uint8]

TRANSITIONS = ("cut", "dissolve", "fade", "wipe")
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
STYLES = ("bright", "dark", "faint", "hectic")
LASTS = {"strobe": 24, "passer": 24, "whip": 12}
"""Frames; three of the other happenings."""
WORLD = 3
"""A world is so many pictures wide and high, and repeats beyond its edges."""


@dataclass(frozen=True)
class Join:
    """How a shot follows the one before it."""

    kind: str
    frames: int = 0
    """Frames that show both shots, or neither; 0 for a cut."""
    color: int = 0
    """Of a fade: 0 is black, 255 white."""
    hold: int = 0
    """Of a fade: frames of the colour alone, among `frames`."""
    form: int = 0
    """Of a wipe: to the right, down, from the centre, with a soft edge."""


@dataclass(frozen=True)
class Shot:
    seed: int
    frames: int
    """Clean ones."""
    style: str = "bright"
    happening: str | None = None
    at: int = 0
    """Frame of the shot at which it happens."""
    place: int = 0
    """Another view of the same world."""


@dataclass(frozen=True)
class Film:
    name: str
    shots: tuple[Shot, ...]
    joins: tuple[Join, ...]
    """One less than the shots."""
    rate: Fraction = Fraction(25)
    truth: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        transitions, flashes, frame = [], [], 0
        for shot, join in zip(self.shots, (*self.joins, None), strict=True):
            if shot.happening == "flash":
                flashes.append(frame + shot.at)
            frame += shot.frames
            if join:
                last = frame - 1
                frame += join.frames
                transitions.append({"kind": join.kind, "start": last, "end": frame})
        truth = {
            "video": f"{self.name}.mp4",
            "fps": f"{self.rate.numerator}/{self.rate.denominator}",
            "frames": frame,
            "transitions": transitions,
            "flashes": flashes,
        }
        object.__setattr__(self, "truth", truth)

    def pictures(self, width: int, height: int) -> Iterator[npt.NDArray[np.uint8]]:
        before: _View | None = None
        for number, shot in enumerate(self.shots):
            view = _View(shot, width, height)
            if before:
                join = self.joins[number - 1]
                for step in range(join.frames):
                    after = view.at(step - join.frames)
                    yield _bytes(_joined(join, step, before.at(before.shot.frames + step), after))
            for frame in range(shot.frames):
                yield _bytes(view.at(frame))
            before = view

    def small(self, detail: int = 3) -> Frames:
        """What frame scores hold, drawn `detail` times larger and averaged."""
        frames = np.empty((self.truth["frames"], HEIGHT, WIDTH, 3), np.uint8)
        for number, picture in enumerate(self.pictures(WIDTH * detail, HEIGHT * detail)):
            blocks = picture.reshape(HEIGHT, detail, WIDTH, detail, 3)
            frames[number] = blocks.mean(axis=(1, 3)) + 0.5
        return frames

    def write(self, folder: Path, width: int = 384, height: int = 216) -> tuple[Path, Path]:
        """The film as H.264 in MP4, and its truth file."""
        video, truth = folder / f"{self.name}.mp4", folder / f"{self.name}.json"
        with av.open(str(video), "w") as container:
            stream: Any = container.add_stream("libx264", rate=self.rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "20", "threads": "2"}
            for picture in self.pictures(width, height):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        truth.write_text(json.dumps(self.truth))
        return video, truth


def draw_film(seed: int, shots: int = 24) -> Film:
    """A film of about 70 frames a shot, in which half of the joins are cuts; the style goes with
    the seed."""
    random = np.random.default_rng(seed)
    style = STYLES[seed % len(STYLES)]
    drawn: list[Shot] = []
    for number in range(shots):
        frames = int(random.integers(45, 95))
        happening = str(random.choice(HAPPENINGS)) if random.random() < 0.5 else ""
        again = drawn and random.random() < 0.2
        drawn.append(
            Shot(
                drawn[-1].seed if again else seed * 1000 + number,
                frames,
                style,
                happening or None,
                int(random.integers(9, frames - 9 - LASTS.get(happening, 3))),
                drawn[-1].place + 1 if again else 0,
            )
        )
    return Film(f"drawn_{seed}", tuple(drawn), tuple(_draw_join(random, style) for _ in drawn[1:]))


def _draw_join(random: np.random.Generator, style: str) -> Join:
    kind = str(random.choice(TRANSITIONS, p=(0.5, 0.25, 0.17, 0.08)))
    if kind == "dissolve":
        # Nobody dissolves slowly between shots that race.
        return Join(kind, int(random.integers(4, 25 if style == "hectic" else 61)))
    if kind == "fade":
        hold = int(random.integers(0, 12))
        color = 255 if random.random() < 0.25 else 0
        return Join(kind, int(random.integers(8, 40)) + hold, color, hold)
    if kind == "wipe":
        return Join(kind, int(random.integers(8, 30)), form=int(random.integers(4)))
    return Join(kind)


def _bytes(picture: Picture) -> npt.NDArray[np.uint8]:
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _joined(join: Join, step: int, before: Picture, after: Picture) -> Picture:
    part = (step + 1) / (join.frames + 1)
    if join.kind == "dissolve":
        return before + (after - before) * np.float32(part)
    if join.kind == "fade":
        ramp = (join.frames - join.hold) / 2
        shown = max(0.0, 1 - (step + 1) / (ramp + 1), (step + 1 - ramp - join.hold) / (ramp + 1))
        picture = before if step < join.frames / 2 else after
        return join.color + (picture - join.color) * np.float32(shown)
    height, width = before.shape[:2]
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    order = (across, down, np.hypot(across - 0.5, down - 0.5) * 1.42, across)[join.form]
    softness = (0.01, 0.01, 0.02, 0.25)[join.form]
    weight = np.clip((part * (1 + softness) - order) / softness, 0, 1)[..., np.newaxis]
    return (before + (after - before) * weight).astype(np.float32)


class _World:
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
        }[style]
        grey = canvas.mean(axis=2, keepdims=True)
        canvas = grey + (canvas - grey) * random.uniform(0.15, 0.7)
        self.canvas = ((canvas - canvas.mean()) * contrast + level).astype(np.float32)

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


class _View:
    """One shot's pictures, by frame; frames before 0 and after the end belong to its joins."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        self.shot, self._size = shot, (width, height)
        self._world = _World(shot.seed, shot.style, width, height).canvas
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
        self._objects = [
            _Object(random, 0.014 if hectic else 0.008, _amplitude(shot.style))
            for _ in range(int(random.integers(0, 5)))
        ]
        # A small frame averages it away as it would that of a film of 384 x 216.
        self._grain = random.uniform(0.5, 6) * min(1.0, width / 384)
        self._noise_seed = int(random.integers(1 << 31))
        self._whip = random.uniform(0.6, 1.4) * random.choice([-1, 1])
        self._length = int(random.integers(5, 12))
        self._happen = random.integers(1 << 31)

    def at(self, frame: int) -> Picture:
        picture = self._seen(frame)
        picture = self._happened(picture, frame)
        grain = np.random.default_rng((self._noise_seed, frame + 200))
        return picture + grain.standard_normal(picture.shape, np.float32) * np.float32(self._grain)

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
        picture = _sample(_sample(self._world, rows, 0), columns, 1)
        for each in self._objects:
            each.draw(picture, time)
        return picture

    def _happened(self, picture: Picture, frame: int) -> Picture:
        shot, since = self.shot, frame - self.shot.at
        random = np.random.default_rng(self._happen)
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
        return picture


class _Object:
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


def _amplitude(style: str) -> float:
    return {"dark": 20.0, "faint": 22.0}.get(style, 100.0)


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


def _sample(world: Picture, at: npt.NDArray[Any], axis: int) -> Picture:
    """Lines of `world` at positions between them, around its edges."""
    whole = np.floor(at).astype(int)
    part = (at - whole).astype(np.float32)
    part = part.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    size = world.shape[axis]
    before = np.take(world, whole % size, axis)
    after = np.take(world, (whole + 1) % size, axis)
    return before + (after - before) * part
