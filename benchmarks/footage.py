"""What is measured where nobody names a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.demo_film import make_demo_film
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.media.products.levels import append_levels
from heaters_pipeline.media.products.transcode import (
    AUDIO_RATE,
    REVIEW_PROXY_FILE,
    REVIEW_PROXY_VIDEO,
)
from heaters_pipeline.settings import get_settings
from tests.films import draw_film

CHECKOUT = Path(__file__).resolve().parent.parent
REAL_FILM = "shots_a.mp4"
RATE = 25
PROXY_PART_SECONDS = 20


def media_folder() -> Path:
    """Of the real footage: HEATERS_MEDIA, or ../shared/media beside the checkout."""
    return Path(os.environ.get("HEATERS_MEDIA", CHECKOUT.parent / "shared" / "media"))


def films_with_truth(folder: Path, most: int, shots: int) -> list[tuple[Path, Path]]:
    """Films of the real footage with their truth files; where there are none, drawn films of
    `shots` shots, made in `folder`."""
    media = media_folder()
    truths = sorted(media.glob("*.json")) if media.is_dir() else []
    real = [(film, truth) for truth in truths if (film := truth.with_suffix(".mp4")).is_file()]
    if real:
        return real[:most]
    return [draw_film(seed, shots).write(folder) for seed in range(most)]


def make_repeat(film: Path, out: Path) -> Path:
    """The same frames as another edit has them: smaller, brighter, encoded again."""
    looks = "scale=480:-2,eq=brightness=0.03:saturation=1.1"
    _ffmpeg(
        *("-i", film, "-an", "-vf", looks, "-fps_mode", "passthrough"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "30"),
        out,
    )
    return out


def default_film(folder: Path) -> Path:
    """Real footage, else the demo film, made in `folder`."""
    media = media_folder()
    if (media / REAL_FILM).is_file():
        return media / REAL_FILM
    film = folder / "demo.mp4"
    make_demo_film(film, stall_seconds=get_settings().stall_seconds)
    return film


def make_long_proxy(out: Path, minutes: float) -> Path:
    """A review proxy of 640 x 360: ffmpeg's test picture, encoded for 20 seconds with the
    proxy's settings and repeated by remuxing. Its frames are about 11 KB."""
    part = out.with_name(f"{out.stem}-part{out.suffix}")
    picture = f"testsrc2=size=640x360:rate={RATE}"
    _ffmpeg("-f", "lavfi", "-i", picture, "-t", str(PROXY_PART_SECONDS), *proxy_options(), part)
    _ffmpeg(
        *("-stream_loop", "-1", "-i", part, "-t", f"{minutes * 60:f}", "-c", "copy"),
        *options(REVIEW_PROXY_FILE),
        out,
    )
    part.unlink()
    return out


def make_barcode_proxy(out: Path, frames: int, rate: int) -> Path:
    """A review proxy of 1280 x 720: ffmpeg's test picture with noise, about as large as real
    footage (25 KB a frame), and in its uppermost sixth the frame's number as 16 blocks, white for
    1, the highest place first."""
    boxes = ["drawbox=0:0:1280:120:black:fill"]
    for place in range(16):
        shown = f"mod(floor(n/{1 << (15 - place)}),2)"
        boxes.append(f"drawbox={80 * place}:0:80:120:white:fill:enable='{shown}'")
    picture = ",".join([f"testsrc2=size=1280x720:rate={rate}", "noise=alls=3:allf=t", *boxes])
    _ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", str(frames), *proxy_options(), out)
    return out


def make_sound(out: Path, seconds: float) -> Path:
    """The audio of a proxy, with its levels: noise that comes and goes four times a minute."""
    swell = "(0.55+0.45*sin(2*PI*t/15))"
    noise = f"aevalsrc='0.3*random(0)*{swell}':sample_rate={AUDIO_RATE}:duration={seconds:f}"
    _ffmpeg("-f", "lavfi", "-i", noise, "-c:a", "pcm_s16le", "-fflags", "+bitexact", out)
    append_levels(out, stall_seconds=get_settings().stall_seconds)
    return out


def make_film(content: Path, out: Path, minutes: float) -> Path:
    """`content` as 640 x 360 at 25 frames a second, sound as AAC, repeated to `minutes`."""
    _ffmpeg(
        *("-stream_loop", "-1", "-i", content.absolute(), "-t", f"{minutes * 60:f}"),
        *("-vf", "scale=640:360,setsar=1", "-r", str(RATE)),
        *("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"),
        out,
    )
    return out


def make_repeated(content: Path, out: Path, minutes: float, height: int) -> Path:
    """`content` scaled to a height, 25 frames a second, repeated to `minutes` without encoding it
    again."""
    part = out.with_name(f"{out.stem}-part{out.suffix}")
    _ffmpeg(
        *("-i", content, "-vf", f"scale=-2:{height},setsar=1", "-r", str(RATE)),
        *("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"),
        part,
    )
    _ffmpeg("-stream_loop", "-1", "-i", part, "-t", f"{minutes * 60:f}", "-c", "copy", out)
    part.unlink()
    return out


def make_longer(film: Path, out: Path, times: int) -> Path:
    """`film` so many times one after the other, without encoding it again."""
    _ffmpeg("-stream_loop", str(times - 1), "-i", film, "-c", "copy", out)
    return out


def options(settings: Mapping[str, Any]) -> list[str]:
    """ffmpeg's arguments for output settings as media.transcode holds them."""
    return [word for name, value in settings.items() for word in (f"-{name}", str(value))]


def proxy_options() -> list[str]:
    return options({**REVIEW_PROXY_VIDEO, **REVIEW_PROXY_FILE})


def _ffmpeg(*arguments: str | Path) -> None:
    command = [ffmpeg_binary(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise HeatersError(f"Could not make footage to measure: {done.stderr.strip()}")
