"""Proving a file that the export did not write itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.media.clips.gold_range import ClipRange, Streams
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.clips.proof import prove_export
from heaters_pipeline.media.clips.samples import Samples
from heaters_pipeline.media.clips.schedule import Schedule
from tests.footage import STALL_SECONDS


def prove(clip: ClipRange, file: Path, profile: Profile = DELIVERY) -> Receipt:
    """`prove_export` with what is kept of the frames of `clip`."""
    schedule = Schedule(clip, profile)
    with TemporaryDirectory() as folder:
        gold = Samples(Path(folder), clip.facts, profile)

        def outputs(of_profiles: Sequence[Streams]) -> Sequence[Any]:
            [streams] = of_profiles
            return gold.outputs(streams.video, schedule.audio(streams.audio))

        clip.decode(
            outputs,
            Path(folder) / "stored",
            what="sample",
            stall_seconds=STALL_SECONDS,
            profiles=[profile],
        )
        return prove_export(schedule, file, gold, stall_seconds=STALL_SECONDS)
