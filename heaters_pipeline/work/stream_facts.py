"""What a probe found, as columns of a source video."""

from __future__ import annotations

from heaters_pipeline.db.models import SourceFacts, SourceTimecode
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.timecode import FileTimecode


def stream_facts(facts: VideoFacts) -> SourceFacts:
    return {
        "width": facts.width,
        "height": facts.height,
        "rate_num": facts.rate.numerator,
        "rate_den": facts.rate.denominator,
        "rotation": facts.orientation.rotation,
        "mirrored": facts.orientation.mirrored,
        "sample_aspect_num": facts.sample_aspect.numerator,
        "sample_aspect_den": facts.sample_aspect.denominator,
        "duration_seconds": facts.duration_seconds,
        "has_audio": facts.has_audio,
        "source_timecode": source_timecode(facts.timecode),
    }


def source_timecode(found: FileTimecode) -> SourceTimecode:
    said = SourceTimecode()
    if found.start is not None:
        said["start"] = found.start
    if found.reel is not None:
        said["reel"] = found.reel
    return said
