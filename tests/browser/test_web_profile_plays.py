"""Files of the profile `web` play in Chromium, whatever the footage that they are made of."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.profiles import BUILT_IN
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.transcode import Product, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, make_plain_film, remake

FRAMES = 12
SIZE = (64, 36)
LOSSLESS = {"codec": "ffv1", "options": {}, "audio": False}

NUMBERED: Mapping[str, dict[str, Any]] = {
    "plain": {"audio": True},
    "ten-bits": {"pixel_format": "yuv420p10le"},
    "4:2:2": {"pixel_format": "yuv422p"},
    "4:2:2, ten bits": {**LOSSLESS, "pixel_format": "yuv422p10le"},
    "4:4:4": {"pixel_format": "yuv444p"},
    "grey": {**LOSSLESS, "pixel_format": "gray"},
    "odd": {**LOSSLESS, "size": (65, 37), "pixel_format": "yuv444p"},
    "turned": {"size": (36, 64), "orientation": Orientation(90)},
    "wide pixels": {"sample_aspect": Fraction(4, 3)},
    "uneven": {"ticks": [n * 3600 + n % 3 * 700 for n in range(FRAMES)]},
}

PLAY = """async (sources) => {
  const results = {};
  for (const [name, source] of Object.entries(sources)) {
    const video = document.createElement('video');
    video.muted = true;
    video.src = source;
    document.body.replaceChildren(video);
    results[name] = await new Promise((done) => {
      const told = () => done({
        error: video.error && video.error.message,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        size: [video.videoWidth, video.videoHeight],
        left: video.duration - video.currentTime,
      });
      video.onerror = video.onended = told;
      video.play().catch(told);
    });
  }
  return results;
}"""


def footage(folder: Path) -> dict[str, Path]:
    films = {
        name: make_numbered_film(
            folder / f"{number}.mkv", FRAMES, **{"size": SIZE, "audio": False, **arguments}
        )
        for number, (name, arguments) in enumerate(NUMBERED.items())
    }
    hdr = [np.full((96, 64), 300 + 40 * number, np.uint16) for number in range(FRAMES)]
    for name, transfer in (("PQ", 16), ("HLG", 18)):
        films[name] = make_plain_film(
            folder / f"{name}.mkv", hdr, "yuv420p10le", colors=(9, transfer, 9)
        )
    rgb = [np.full((37, 65, 4), 20 * number, np.uint8) for number in range(FRAMES)]
    films["RGB with alpha"] = make_plain_film(folder / "rgb.mkv", rgb, "bgra")
    fast = make_numbered_film(folder / "fast.mkv", 2 * FRAMES, (64, 48), Fraction(50), **LOSSLESS)
    films["interlaced"] = remake(
        fast, folder / "fields.mpg", vf="tinterlace=interleave_top,setfield=tff",
        vcodec="mpeg2video", pix_fmt="yuv420p", flags="+ildct+ilme", **{"b:v": "6M"},
    )  # fmt: skip
    return films


def web_file(film: Path, folder: Path) -> Path:
    folder.mkdir()
    facts, out = probe(film), folder / "clip.mp4"
    made = transcode(
        film, facts, folder, frozenset({Product.GOLD_MASTER}), stall_seconds=STALL_SECONDS
    )
    assert made.gold_master and made.frame_checksums
    whole = FrameRange(0, made.frame_count)
    checksums = read_checksums(made.frame_checksums)
    clip = GoldRange(
        made.gold_master, checksums, whole, facts.rate, facts.orientation, facts.sample_aspect
    )
    receipt = export_clip(clip, out, stall_seconds=STALL_SECONDS, profile=BUILT_IN["web"])
    assert receipt["frame_count"] == FRAMES
    return out


def test_chromium_plays_the_web_file_of_all_footage(browser: Browser, tmp_path: Path) -> None:
    films = footage(tmp_path)
    sources = {
        name: "data:video/mp4;base64,"
        + base64.b64encode(web_file(film, tmp_path / film.stem).read_bytes()).decode()
        for name, film in films.items()
    }
    page = browser.new_page()
    played = page.evaluate(PLAY, sources)
    page.close()
    sizes = {"odd": [64, 36], "turned": [36, 64], "wide pixels": [86, 36], "PQ": [64, 64]}
    sizes |= {"HLG": [64, 64], "RGB with alpha": [64, 36], "interlaced": [64, 48]}
    for name, told in played.items():
        assert told["error"] is None, f"{name}: {told}"
        assert told["frames"] == FRAMES, f"{name}: {told}"
        assert told["left"] < 0.05, f"{name}: {told}"
        assert told["size"] == sizes.get(name, [*SIZE]), f"{name}: {told}"
