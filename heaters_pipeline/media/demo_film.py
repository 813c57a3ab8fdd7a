"""A film for the first look at Heaters: ffmpeg draws it, without a network or footage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from heaters_pipeline.media.ffmpeg.process import ProgressCallback, file_url, run

WIDTH, HEIGHT, RATE = 960, 540, 25
DISSOLVE_SECONDS = 1.0


@dataclass(frozen=True)
class Scene:
    """A source of images (ffmpeg draws it small, then scales it up) and the chord under it."""

    source: str
    options: Mapping[str, str | int | float]
    seconds: float
    chord: tuple[float, float, float]
    """Hz."""
    palette: str | None = None
    """A preset of ffmpeg's pseudocolor, for sources in black and white."""
    smooth: bool = True
    dissolves: bool = False
    """Out of the scene before it; otherwise it begins with a cut."""


SCENES = (
    Scene(
        "gradients",
        {
            **{"s": "320x180", "type": "radial", "nb_colors": 4, "speed": 0.006, "seed": 3},
            **{"c0": "0xffd194", "c1": "0xff7e5f", "c2": "0x6a3093", "c3": "0x1b1464"},
            **{"x0": 150, "y0": 120, "x1": 310, "y1": 10},
        },
        6.0,
        (220.0, 277.2, 329.6),
    ),
    Scene(
        "life",
        {
            **{"s": "160x90", "mold": 25, "ratio": 0.2, "seed": 5},
            **{"life_color": "0xffd166", "death_color": "0xef476f", "mold_color": "0x073b4c"},
        },
        5.6,
        (196.0, 246.9, 293.7),
        smooth=False,
    ),
    Scene(
        "gradients",
        {
            **{"s": "160x90", "type": "spiral", "nb_colors": 4, "speed": 0.012, "seed": 7},
            **{"c0": "0x0f2027", "c1": "0x2c7a7b", "c2": "0xa8edea", "c3": "0xfed6e3"},
            **{"x0": 80, "y0": 45, "x1": 150, "y1": 85},
        },
        6.4,
        (174.6, 220.0, 261.6),
        dissolves=True,
    ),
    Scene(
        "mandelbrot",
        {
            **{"s": "426x240", "maxiter": 400, "start_scale": 1.2, "end_scale": 0.02},
            **{"end_pts": 160, "outer": "normalized_iteration_count"},
        },
        6.4,
        (261.6, 329.6, 392.0),
    ),
    Scene(
        "zoneplate",
        {"s": "320x180", "kt2": 1, "kx2": 30, "ky2": 30},
        5.2,
        (146.8, 185.0, 220.0),
        palette="magma",
    ),
    Scene(
        "gradients",
        {
            **{"s": "160x90", "type": "linear", "nb_colors": 5, "speed": 0.008, "seed": 11},
            **{"c0": "0x2b5876", "c1": "0xff6f91", "c2": "0xffc75f", "c3": "0xf9f871"},
            **{"c4": "0x4e4376", "x0": 0, "y0": 10, "x1": 160, "y1": 80},
        },
        6.0,
        (207.7, 261.6, 311.1),
    ),
    Scene(
        "life",
        {
            **{"s": "64x36", "mold": 12, "ratio": 0.3, "seed": 8},
            **{"life_color": "0x9be7ff", "death_color": "0x3d5afe", "mold_color": "0x0d0b2e"},
        },
        5.2,
        (293.7, 370.0, 440.0),
        smooth=False,
    ),
    Scene(
        "zoneplate",
        {"s": "320x180", "kt": 4, "kx2": 8, "ky2": 12, "kxy": 6},
        6.0,
        (164.8, 207.7, 246.9),
        palette="viridis",
        dissolves=True,
    ),
)


def make_demo_film(
    out: Path,
    on_progress: ProgressCallback | None = None,
    *,
    scenes: Sequence[Scene] = SCENES,
    stall_seconds: float,
) -> None:
    """Writes an MP4 of the scenes, 960 x 540, 25 frames a second, with a chord to each; cuts, and a
    dissolve of a second where a scene asks for it."""
    first, *others = scenes
    video, audio, seconds = _drawn(first), _chord(first), first.seconds
    for scene in others:
        if scene.dissolves:
            seconds -= DISSOLVE_SECONDS
            video = ffmpeg.filter(
                [video, _drawn(scene)], "xfade", duration=DISSOLVE_SECONDS, offset=seconds
            )
            audio = ffmpeg.filter([audio, _chord(scene)], "acrossfade", d=DISSOLVE_SECONDS)
        else:
            video = ffmpeg.concat(video, _drawn(scene)).filter("settb", "AVTB")
            audio = ffmpeg.concat(audio, _chord(scene), v=0, a=1)
        seconds += scene.seconds
    run(
        ffmpeg.output(
            video,
            audio,
            file_url(out),
            format="mp4",
            movflags="+faststart",
            preset="ultrafast",
            pix_fmt="yuv420p",
            crf=23,
            g=2 * RATE,
            **{"c:v": "libx264", "c:a": "aac", "b:a": "128k"},
        ),
        what="make the demo film",
        on_progress=on_progress,
        stall_seconds=stall_seconds,
    )


def _drawn(scene: Scene) -> Any:
    options = ":".join(f"{name}={value}" for name, value in {**scene.options, "r": RATE}.items())
    drawn = ffmpeg.input(f"{scene.source}={options}", format="lavfi", t=scene.seconds)
    if scene.palette:
        drawn = drawn.filter("format", "yuv444p").filter("pseudocolor", preset=scene.palette)
    return (
        drawn.filter(
            "scale",
            WIDTH,
            HEIGHT,
            flags="bicubic" if scene.smooth else "neighbor",
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("format", "yuv420p")
        .filter("setsar", 1)
        .filter("fps", RATE)
        .filter("settb", "AVTB")
        .filter(
            "setparams",
            range="tv",
            colorspace="bt709",
            color_primaries="bt709",
            color_trc="bt709",
        )
    )


def _chord(scene: Scene) -> Any:
    """Three sines, faded in and out."""
    waves = "+".join(f"0.12*sin(2*PI*{hertz}*t)" for hertz in scene.chord)
    return (
        ffmpeg.input(f"aevalsrc={waves}:s=48000", format="lavfi", t=scene.seconds)
        .filter("afade", t="in", d=0.3)
        .filter("afade", t="out", st=scene.seconds - 0.3, d=0.3)
    )
