"""Still images of a clip."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import ffmpeg

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.filters import still, whole_frames
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import file_url, input_file, run


@dataclass(frozen=True)
class Keyframe:
    frame: int
    """Its number in the clip."""
    path: Path
    width: int
    height: int


def extract_keyframes(
    clip: Path, frames: Sequence[int], folder: Path, *, stall_seconds: float
) -> list[Keyframe]:
    """Writes `keyframe-<frame>.jpg` in `folder` for each of the clip's own 0-based frames, as they
    look in the review proxy, in full size. Raises HeatersError where the clip has no such frame."""
    numbers = sorted(set(frames))
    if not numbers:
        return []
    facts = probe(clip)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        pattern = f"{scratch}/".replace("%", "%%") + "%d.jpg"
        picked = (
            whole_frames(input_file(clip)["V:0"], facts)
            .filter("trim", end_frame=numbers[-1] + 1)
            .filter("select", "+".join(f"eq(n,{number})" for number in numbers))
        )
        run(
            ffmpeg.output(
                still(picked, facts),
                file_url(Path(pattern)),
                format="image2",
                fps_mode="passthrough",
                start_number=0,
                **{"c:v": "mjpeg", "q:v": 2, "map_metadata": -1},
            ),
            what=f"take stills from {clip.name}",
            stall_seconds=stall_seconds,
        )
        made = [Path(scratch) / f"{place}.jpg" for place in range(len(numbers))]
        if not made[-1].exists():
            raise HeatersError(f"{clip.name} has no frame {numbers[-1]}: export the clip again.")
        return [_keep(image, number, folder) for number, image in zip(numbers, made, strict=True)]


def _keep(image: Path, frame: int, folder: Path) -> Keyframe:
    with av.open(file_url(image)) as container:
        context = container.streams.video[0].codec_context
        width, height = context.width, context.height
    kept = folder / f"keyframe-{frame}.jpg"
    image.replace(kept)
    return Keyframe(frame, kept, width, height)
