"""Still images of a clip, from its gold master."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import ffmpeg

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.stills import ImageFormat
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams, decode_proven, reads_of
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.ffmpeg.filters import still, whole_frames
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options, file_url

AT_ONCE = 3
"""Stills that one run of ffmpeg takes: a usual clip's. Starting one costs as much as a still, and
each still has a decoder of its own, with its frames."""

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
    wanted = sorted(set(frames))
    files = {frame: folder / f"keyframe-{frame}{image.suffix}" for frame in wanted}
    for at in range(0, len(wanted), AT_ONCE):
        some = {frame: files[frame] for frame in wanted[at : at + AT_ONCE]}
        _take(clip, some, image, stall_seconds)
    return [_taken(frame, out) for frame, out in files.items()]


def _take(
    clip: GoldRange, files: Mapping[int, Path], image: ImageFormat, stall_seconds: float
) -> None:
    """Writes stills in one run of ffmpeg, which opens the gold master for each of them."""
    around = [replace(clip, frames=_with_neighbours(clip, frame)) for frame in files]

    def output(streams: Streams, frame: int, first: int) -> Any:
        facts = upright_facts(clip, streams.options["pix_fmt"])
        picked = whole_frames(streams.video, facts).filter("select", f"eq(n,{frame - first})")
        return ffmpeg.output(
            still(picked, facts, full_range=image is ImageFormat.JPEG),
            file_url(files[frame]),
            format="image2",
            update=1,
            map_metadata=-1,
            fps_mode="passthrough",
            **ENCODING[image],
        )

    decode_proven(
        around,
        reads_of(around),
        lambda parts: [
            output(streams, frame, part.frames.start)
            for [streams], frame, part in zip(parts, files, around, strict=True)
        ],
        next(iter(files.values())).with_suffix(".framecrc"),
        name=f"frames {', '.join(map(str, files))} of {clip.gold.name}",
        what="take stills from",
        stall_seconds=stall_seconds,
        profiles=[DELIVERY],
    )


def _taken(frame: int, out: Path) -> Keyframe:
    with av.open(file_url(out)) as container:
        context = container.streams.video[0].codec_context
        return Keyframe(frame, out, context.width, context.height)


def _with_neighbours(clip: GoldRange, frame: int) -> FrameRange:
    """Fields become whole frames with the help of the frames on both sides."""
    if not clip.facts.interlaced:
        return FrameRange(frame, frame + 1)
    return FrameRange(max(0, frame - 1), min(len(clip.checksums), frame + 2))


def upright_facts(clip: GoldRange, pixel_format: str) -> VideoFacts:
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
