"""Exporting a clip: a file that holds exactly a range of a gold master's frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams
from heaters_pipeline.media.clips.proof import prove_export
from heaters_pipeline.media.ffmpeg.process import Options, file_url

VIDEO: Options = {"c:v": "libx264", "preset": "medium", "crf": 16, "fps_mode:v": "passthrough"}
AUDIO: Options = {"c:a": "aac", "b:a": "192k"}


def export_clip(
    clip: GoldRange,
    out: Path,
    *,
    stall_seconds: float,
) -> Receipt:
    """Writes `clip` to `out`: upright H.264 in the gold master's chroma format, bit depth (10 at
    most), colours and fields, AAC of exactly the range, in MP4.

    The frames that enter the encoder are compared with the gold master's checksums, the finished
    file is read back. Where either is not as it should be, HeatersError is raised and there is no
    file. `out` appears whole.
    """
    unfinished = out.with_name(f"{out.name}.partial")
    scratch = out.with_name(f"{out.name}.framecrc")

    def mp4(streams: Streams) -> Sequence[Any]:
        audio = AUDIO if streams.audio else {}
        output = ffmpeg.output(
            *filter(None, (streams.video, streams.audio)),
            file_url(unfinished),
            format="mp4",
            movflags="+faststart",
            fflags="+bitexact",
            map_metadata=-1,
            map_chapters=-1,
            **{"enc_time_base:v": f"{clip.base.numerator}:{clip.base.denominator}"},
            **VIDEO,
            **streams.options,
            **audio,
        )
        return [output]

    try:
        clip.decode(mp4, scratch, what="export", stall_seconds=stall_seconds)
        receipt = prove_export(clip, unfinished, stall_seconds=stall_seconds)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return receipt
