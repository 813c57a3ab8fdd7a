"""Frame n is frame n: in the source, the gold master, the proxy, on the screen and in the export.

Films whose frames say their own number go through the real ingest, a reviewer's Chromium and the
real export; then every stage is asked for frame n, and its pixels must say n.
"""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import dagster as dg
import numpy as np
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.orchestration.foreground import ingest_in_foreground
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from tests.browser.tab import READ_NUMBER, Tab
from tests.footage import Picture, make_numbered_film, read_number
from tests.integration.test_media_footage import UPRIGHT, set_upright
from tests.jobs import run_job


@dataclass(frozen=True)
class Length:
    frames: int
    scenes: tuple[int, ...]
    chosen: int
    """Frames of each clip that are looked at, besides its first and its last."""


SHORT = Length(150, (30, 61, 91, 117), 8)
LONG = Length(400, (80, 161, 241, 317), 50)

DIFFERENCE = 3.0
"""Mean absolute difference, of 255, that two decoders may show for one picture: they bring colour
to full size and round to RGB each in its own way."""

SHOW_AND_READ = f"""async (frames) => {{
  const {{ player }} = heaters;
  player.pause();
  const seen = [];
  for (const frame of frames) {{
    player.seek(frame);
    while (player.presented !== frame) await new Promise(requestAnimationFrame);
    seen.push(({READ_NUMBER})(document.getElementById('picture')));
  }}
  return seen;
}}"""

PIXELS = """() => {
  const canvas = document.getElementById('picture');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const text = Array.from(data, (value) => String.fromCharCode(value)).join('');
  return { frame: heaters.player.presented, width, height, rgba: btoa(text) };
}"""


def uneven_ticks(frames: int) -> list[int]:
    """Times of a film whose frames last from 8 to 100 ms."""
    lasting = random.Random(7).choices([750, 1500, 3003, 3750, 9000], k=frames)
    return [sum(lasting[:n]) for n in range(frames)]


FILMS: dict[str, dict[str, Any]] = {
    "ntsc": {"rate": Fraction(30000, 1001)},
    "uneven": {
        "ticks": uneven_ticks(LONG.frames),
        "orientation": Orientation(90, mirrored=True),
    },
}


def decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def picture_of(frame: av.VideoFrame) -> Picture:
    """RGB as the frame's tags say; all of ours are BT.709, limited range, where they say so."""
    picture = frame.to_ndarray(format="rgb24", src_colorspace="ITU709", dst_color_range="JPEG")
    return picture.astype(np.uint8, copy=False)


def numbers_in(path: Path, orientation: Orientation = UPRIGHT) -> list[int]:
    return [
        read_number(set_upright(frame.to_ndarray(format="rgb24"), orientation))
        for frame in decoded(path)
    ]


def some_frames(clip: Clip, count: int) -> list[int]:
    inside = range(clip.start_frame + 1, clip.end_frame - 1)
    chosen = random.Random(clip.id).sample(inside, min(count, len(inside)))
    return [clip.start_frame, clip.end_frame - 1, *chosen]


def canvas_picture(page: Tab) -> Picture:
    shown = page.page.evaluate(PIXELS)
    rgba = np.frombuffer(b64decode(shown["rgba"]), np.uint8)
    return rgba.reshape(shown["height"], shown["width"], 4)[:, :, :3]


@pytest.mark.parametrize(
    "length",
    [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.whole)],
)
@pytest.mark.parametrize("kind", FILMS)
def test_every_stage_shows_the_same_frame(
    tab: Callable[..., Tab],
    pipeline: Engine,
    instance: dg.DagsterInstance,
    settings: Settings,
    tmp_path: Path,
    kind: str,
    length: Length,
) -> None:
    frame_count, scenes = length.frames, length.scenes
    source = make_numbered_film(tmp_path / f"{kind}.mp4", frame_count, scenes=scenes, **FILMS[kind])
    with av.open(str(source)) as container:
        assert container.streams.video[0].codec_context.has_b_frames
    report = ingest_in_foreground(pipeline, instance, str(source))
    assert (report.error, report.frame_count) == (None, frame_count)
    storage = LocalStorage(settings.home / "storage")
    with transaction(pipeline) as session:
        video = source_videos.get(session, report.key)
        live = list(clips.of_video(session, video.id))
    assert [clip.start_frame for clip in live] == [0, *scenes]

    with (
        storage.fetch(str(video.gold_master_filepath)) as gold,
        storage.fetch(str(video.proxy_filepath)) as proxy,
    ):
        everything = list(range(frame_count))
        orientation = FILMS[kind].get("orientation", UPRIGHT)
        assert numbers_in(source, orientation) == everything
        assert numbers_in(gold, orientation) == everything
        assert numbers_in(proxy) == everything
        for ours, theirs in zip(decoded(gold), decoded(source), strict=True):
            assert np.array_equal(ours.to_ndarray(), theirs.to_ndarray())
        proxied = [picture_of(frame) for frame in decoded(proxy)]

    page = tab()
    page.press("Shift+s")  # the scenes look alike but for their numbers
    for clip in live:
        page.shows_clip(clip.start_frame)
        frames = some_frames(clip, length.chosen)
        assert page.page.evaluate(SHOW_AND_READ, frames) == frames
        for frame in (clip.start_frame, clip.end_frame - 1):
            page.go_to(frame)
            apart = canvas_picture(page).astype(int) - proxied[frame]
            assert np.abs(apart).mean() < DIFFERENCE
        page.press("a")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    page.until("heaters.queue.unsaved === 0 && heaters.queue.done.length === 5")
    assert page.complaints == []

    assert run_job(instance, "library", report.key).success
    for clip in live:
        with transaction(pipeline) as session:
            exported = clips.get(session, clip.id)
        assert exported.state == ClipState.EMBEDDED
        with storage.fetch(str(exported.clip_filepath)) as file:
            assert numbers_in(file) == list(range(clip.start_frame, clip.end_frame))
