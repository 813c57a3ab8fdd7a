"""Exporting a clip: files that hold exactly a range of a gold master's frames."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
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
from heaters_pipeline.media.ffmpeg.filters import audio_copies, copies
from heaters_pipeline.media.ffmpeg.process import Options, file_url


def export_clip(
    clip: ClipRange,
    out: Path,
    *,
    stall_seconds: float,
    profile: Profile = DELIVERY,
) -> Receipt:
    """`export_files` of one profile."""
    [receipt] = export_files(clip, [(profile, out)], stall_seconds=stall_seconds)
    return receipt


def export_files(
    clip: ClipRange, wanted: Sequence[tuple[Profile, Path]], *, stall_seconds: float
) -> list[Receipt]:
    """Writes `clip` to a file for each of the profiles, as it wants it: upright, audio of exactly
    the range. One run of ffmpeg decodes the range and encodes all of them.

    The frames that are read are compared with the gold master's checksums. What enters an encoder
    is kept in small, and the finished file, read back, is compared with it. Where one of these is
    not as it should be, HeatersError is raised and there is no file. The files appear whole.
    """
    folder = wanted[0][1].parent
    with TemporaryDirectory(dir=folder) as scratch:
        files = [
            _File.begun(clip, profile, out, Path(scratch) / str(number))
            for number, (profile, out) in enumerate(wanted)
        ]

        def outputs(streams: Sequence[Streams]) -> Sequence[Any]:
            return [
                output
                for file, its in zip(files, streams, strict=True)
                for output in file.outputs(its)
            ]

        try:
            began = time.monotonic()
            clip.decode(
                outputs,
                Path(scratch) / "stored",
                what="export",
                stall_seconds=stall_seconds,
                profiles=[profile for profile, _ in wanted],
            )
            seconds = round(time.monotonic() - began, 2)
            receipts = [file.proven(stall_seconds) for file in files]
            if len(receipts) == 1:  # else nobody knows what one of them took
                receipts[0]["encode_seconds"] = seconds
            for file in files:
                file.unfinished.replace(file.out)
        finally:
            for file in files:
                file.unfinished.unlink(missing_ok=True)
    return receipts


@dataclass(frozen=True)
class _File:
    """One that is made of a range."""

    schedule: Schedule
    out: Path
    gold: Samples
    """Of the frames and the audio that enter its encoders."""

    @classmethod
    def begun(cls, clip: ClipRange, profile: Profile, out: Path, folder: Path) -> _File:
        folder.mkdir()
        return cls(Schedule(clip, profile), out, Samples(folder, clip.facts, profile))

    @property
    def unfinished(self) -> Path:
        return self.out.with_name(f"{self.out.name}.partial")

    def outputs(self, streams: Streams) -> list[Any]:
        """Those of ffmpeg that write the file and the samples."""
        video, kept = copies(streams.video, 2)
        pairs = [audio_copies(each, 2) for each in streams.audio]
        heard, told = ([pair[side] for pair in pairs] for side in (0, 1))
        return [
            self._encoded(self.schedule.video(video), self.schedule.audio(heard), streams.options),
            *self.gold.outputs(kept, self.schedule.audio(told)),
        ]

    def _encoded(self, video: Any, tracks: Sequence[Any], options: Options) -> Any:
        schedule = self.schedule
        audio = [audio_frames(track, schedule.profile) for track in tracks]
        # No `threads`: what an encoder writes may depend on their number, and so would the bytes of
        # a clip on how many others are due.
        return ffmpeg.output(
            video,
            *audio,
            file_url(self.unfinished),
            fflags="+bitexact",
            map_metadata=-1,
            map_chapters=-1,
            **{"fps_mode:v": "passthrough"},
            **{"enc_time_base:v": f"{schedule.base.numerator}:{schedule.base.denominator}"},
            **options,
            **file_options(schedule.profile, has_audio=bool(audio)),
        )

    def proven(self, stall_seconds: float) -> Receipt:
        return prove_export(self.schedule, self.unfinished, self.gold, stall_seconds=stall_seconds)
