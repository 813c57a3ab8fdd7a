"""Sprite sheets of one clip, from its file or from its range of the gold master."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.sprites import SpriteIndex, frames_apart, grid_for, tile_count
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams
from heaters_pipeline.media.clips.keyframes import upright_facts
from heaters_pipeline.media.ffmpeg.filters import shown
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.ffmpeg.process import file_url, input_file, run
from heaters_pipeline.media.products.sprites import SPRITES_VIDEO, read_clip_sprites, sheets_of


def sprites_of_file(
    clip_file: Path, frames: FrameRange, out: Path, *, stall_seconds: float
) -> SpriteIndex:
    """Writes the sheets of a clip's file, which holds exactly these frames of its source video, to
    `out`."""
    facts = probe(clip_file)
    opened = input_file(clip_file, **facts.decoding)
    run(
        _output(opened["V:0"], facts, frames, out),
        what=f"make sprite sheets of {clip_file.name}",
        stall_seconds=stall_seconds,
    )
    return read_clip_sprites(out, facts, frames)


def sprites_of_range(clip: GoldRange, out: Path, *, stall_seconds: float) -> SpriteIndex:
    """Writes the sheets of a range of a gold master to `out`. Its frames are proven as an export's
    are (`GoldRange.decode`)."""
    made: list[VideoFacts] = []

    def sheets(streams: Sequence[Streams]) -> Sequence[Any]:
        [stream] = streams
        facts = upright_facts(clip, stream.options["pix_fmt"])
        made[:] = [facts]
        return [_output(stream.video, facts, clip.frames, out)]

    clip.decode(
        sheets,
        out.with_suffix(".framecrc"),
        what="make sprite sheets of",
        stall_seconds=stall_seconds,
    )
    return read_clip_sprites(out, made[0], clip.frames)


def _output(video: Any, facts: VideoFacts, frames: FrameRange, out: Path) -> Any:
    grid = grid_for(tile_count(frames.length, frames_apart(facts.rate)))
    return ffmpeg.output(
        sheets_of(shown(video, facts), facts, grid),
        file_url(out),
        fps_mode="passthrough",
        map_metadata=-1,
        fflags="+bitexact",
        **SPRITES_VIDEO,
    )
