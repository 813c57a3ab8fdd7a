"""Timelines of OpenTimelineIO (`.otio`, schema Timeline.1)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.timecode import Counting
from heaters_pipeline.domain.timeline import RECORD_START, Media, Take, main_rate
from heaters_pipeline.editors.urls import media_url


def write_otio(title: str, takes: Sequence[Take]) -> str:
    """Every take keeps its media's own rate and timecode. A second track has the sound of the takes
    whose media have any."""
    from opentimelineio import opentime, schema

    rate = main_rate(takes)
    start = Counting.of(rate).frame(RECORD_START)
    timeline = schema.Timeline(title, global_start_time=opentime.RationalTime(start, float(rate)))
    video = schema.Track("V1", kind=schema.TrackKind.Video)
    video.extend([_clip(take) for take in takes])
    timeline.tracks.append(video)
    if any(take.media.has_audio for take in takes):
        audio = schema.Track("A1", kind=schema.TrackKind.Audio)
        audio.extend([_clip(take) if take.media.has_audio else _gap(take) for take in takes])
        timeline.tracks.append(audio)
    return str(timeline.to_json_string())


def _clip(take: Take) -> Any:
    from opentimelineio import schema

    clip, media = take.clip, take.media
    reference = schema.ExternalReference(
        media_url(media.path),
        _range(FrameRange(0, media.length), media),
        {"heaters": {"rate": _exact(media.rate), "drop_frame": media.start.counting.drop}},
    )
    reference.name = media.name
    said = {
        "clip": clip.clip_id,
        "source": clip.film.key,
        "frames": list(clip.frames),
        "labels": list(clip.labels),
        "rating": clip.rating,
        "note": clip.note,
    }
    return schema.Clip(
        clip.name,
        reference,
        _range(take.frames, media),
        metadata={"cmx_3600": {"reel": media.reel}, "heaters": said},
    )


def _gap(take: Take) -> Any:
    from opentimelineio import schema

    return schema.Gap(source_range=_range(FrameRange(0, take.frames.length), take.media))


def _range(frames: FrameRange, media: Media) -> Any:
    """In the media's own timecode."""
    from opentimelineio import opentime

    rate = float(media.rate)
    first = media.start.first + frames.start
    return opentime.TimeRange(
        opentime.RationalTime(first, rate), opentime.RationalTime(frames.length, rate)
    )


def _exact(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
