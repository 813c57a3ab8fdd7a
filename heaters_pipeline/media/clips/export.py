"""Exporting a clip: a file that holds exactly a range of a gold master's frames."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ffmpeg

from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.media.clips.encoders import audio_frames, file_options
from heaters_pipeline.media.clips.gold_range import ClipRange, Streams
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.clips.proof import prove_export
from heaters_pipeline.media.clips.samples import Samples
from heaters_pipeline.media.clips.schedule import Schedule
from heaters_pipeline.media.ffmpeg.filters import twice
from heaters_pipeline.media.ffmpeg.process import file_url


def export_clip(
    clip: ClipRange,
    out: Path,
    *,
    stall_seconds: float,
    profile: Profile = DELIVERY,
) -> Receipt:
    """Writes `clip` to `out` as `profile` wants it: upright, audio of exactly the range.

    The frames that are read are compared with the gold master's checksums. What enters the encoder
    is kept in small, and the finished file, read back, is compared with it. Where either is not as
    it should be, HeatersError is raised and there is no file. `out` appears whole.
    """
    unfinished = out.with_name(f"{out.name}.partial")
    schedule = Schedule(clip, profile)
    with TemporaryDirectory(dir=out.parent) as folder:
        gold = Samples(Path(folder), clip.facts, profile)

        def outputs(streams: Streams) -> Sequence[Any]:
            video, kept = twice(streams.video)
            pairs = [each.filter_multi_output("asplit", 2) for each in streams.audio]
            tracks = [schedule.audio([pair.stream(side) for pair in pairs]) for side in (0, 1)]
            encoded = Streams(schedule.video(video), streams.options, tracks[0])
            return [_file(schedule, encoded, unfinished), *gold.outputs(kept, tracks[1])]

        try:
            began = time.monotonic()
            scratch = Path(folder) / "stored"
            clip.decode(
                outputs, scratch, what="export", stall_seconds=stall_seconds, profile=profile
            )
            seconds = round(time.monotonic() - began, 2)
            receipt = prove_export(schedule, unfinished, gold, stall_seconds=stall_seconds)
            receipt["encode_seconds"] = seconds
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    return receipt


def _file(schedule: Schedule, streams: Streams, out: Path) -> Any:
    """The output that writes the file."""
    audio = [audio_frames(track, schedule.profile) for track in streams.audio]
    return ffmpeg.output(
        streams.video,
        *audio,
        file_url(out),
        fflags="+bitexact",
        map_metadata=-1,
        map_chapters=-1,
        **{"fps_mode:v": "passthrough"},
        **{"enc_time_base:v": f"{schedule.base.numerator}:{schedule.base.denominator}"},
        **streams.options,
        **file_options(schedule.profile, has_audio=bool(audio)),
    )
