"""Still images of a clip, from its gold master."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import ffmpeg

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.stills import ImageFormat
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams
from heaters_pipeline.media.ffmpeg.filters import still, whole_frames
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options, file_url

ENCODING: dict[ImageFormat, Options] = {
    ImageFormat.JPEG: {"c:v": "mjpeg", "q:v": 2},
    ImageFormat.WEBP: {"c:v": "libwebp", "quality": 92},
}


@dataclass(frozen=True)
class Keyframe:
    frame: int
    """Its number in the source video."""
    path: Path
    width: int
    height: int


def take_stills(
    clip: GoldRange,
    frames: Sequence[int],
    folder: Path,
    *,
    image: ImageFormat = ImageFormat.JPEG,
    stall_seconds: float,
) -> list[Keyframe]:
    """Writes `keyframe-<frame>` with its suffix in `folder` for each of `frames`, which are numbers
    in the source video, in order: as they look in the review proxy, in full size. Each is proven to
    be that frame as an export is (`GoldRange.decode`)."""
    return [
        _take(clip, frame, folder / f"keyframe-{frame}{image.suffix}", image, stall_seconds)
        for frame in sorted(set(frames))
    ]


def _take(
    clip: GoldRange, frame: int, out: Path, image: ImageFormat, stall_seconds: float
) -> Keyframe:
    around = replace(clip, frames=_with_neighbours(clip, frame))
    scratch = out.with_name(f"{out.name}.framecrc")

    def file(streams: Streams) -> Sequence[Any]:
        facts = _upright_facts(clip, streams.options["pix_fmt"])
        picked = whole_frames(streams.video, facts).filter(
            "select", f"eq(n,{frame - around.frames.start})"
        )
        output = ffmpeg.output(
            still(picked, facts, full_range=image is ImageFormat.JPEG),
            file_url(out),
            format="image2",
            update=1,
            map_metadata=-1,
            fps_mode="passthrough",
            **ENCODING[image],
        )
        return [output]

    around.decode(file, scratch, what="take a still from", stall_seconds=stall_seconds)
    with av.open(file_url(out)) as container:
        context = container.streams.video[0].codec_context
        return Keyframe(frame, out, context.width, context.height)


def _with_neighbours(clip: GoldRange, frame: int) -> FrameRange:
    """Fields become whole frames with the help of the frames on both sides."""
    if not clip.facts.interlaced:
        return FrameRange(frame, frame + 1)
    return FrameRange(max(0, frame - 1), min(len(clip.checksums), frame + 2))


def _upright_facts(clip: GoldRange, pixel_format: str) -> VideoFacts:
    """What `GoldRange.decode` gives: upright, and no longer RGB."""
    facts = clip.facts
    width, height, aspect = facts.width, facts.height, clip.sample_aspect or facts.sample_aspect
    if clip.orientation.swaps_sides:
        width, height, aspect = height, width, 1 / aspect
    return replace(
        facts,
        width=width + width % 2,
        height=height + height % 2,
        sample_aspect=aspect,
        orientation=Orientation(),
        pixel_format=pixel_format,
        color_space="bt709" if facts.is_rgb else facts.color_space,
        color_range="tv" if facts.is_rgb else facts.color_range,
    )
