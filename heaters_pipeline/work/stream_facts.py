"""What a probe found, as columns of a source video."""

from __future__ import annotations

from heaters_pipeline.db.models import SourceFacts
from heaters_pipeline.media.ffmpeg.probe import VideoFacts


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
    }
