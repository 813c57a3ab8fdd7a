"""What a download got, and the best that its site listed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import av
import av.error
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.domain.quality import FormatFacts
from heaters_pipeline.media.download.ytdlp import Info
from heaters_pipeline.media.ffmpeg.probe import open_video

S = TypeVar("S", AudioStream, VideoStream)


def best_listed(info: Info) -> FormatFacts:
    """The best video format that the site listed, in the site's own words."""
    listed = [each for each in info.get("formats") or [info] if each.get("vcodec") != "none"]
    best = max(
        listed,
        key=lambda each: (each.get("height") or 0, each.get("fps") or 0, each.get("tbr") or 0),
        default=info,
    )
    return {
        "height": best.get("height"),
        "width": best.get("width"),
        "fps": best.get("fps"),
        "vcodec": _text(best.get("vcodec")),
        "acodec": _text(best.get("acodec")),
        "bitrate": best.get("tbr"),
        "format_id": _text(best.get("format_id")),
    }


def measured(path: Path, info: Info) -> FormatFacts:
    """The facts that the file itself tells, with the name of the format chosen in `info`. Facts of
    a file that can't be read are unknown: whoever opens it next reports that."""
    told: FormatFacts = {
        "height": None,
        "width": None,
        "fps": None,
        "vcodec": None,
        "acodec": None,
        "bitrate": None,
        "format_id": _text(info.get("format_id")),
    }
    with suppress(av.error.FFmpegError), open_video(path) as container:
        if container.bit_rate:
            told["bitrate"] = round(container.bit_rate / 1000)
        for video in _decodable(container.streams.video):
            rate = video.average_rate
            told["height"], told["width"] = video.height, video.width
            told["fps"] = round(float(rate), 3) if rate else None
            told["vcodec"] = video.codec_context.codec.canonical_name
        for audio in _decodable(container.streams.audio):
            told["acodec"] = audio.codec_context.codec.canonical_name
    return told


def _decodable(streams: Sequence[S]) -> list[S]:
    """The first one, if there is a decoder for it: without one, PyAV knows not even its size."""
    return [each for each in streams[:1] if each.codec_context]


def seconds_of(path: Path) -> float | None:
    """The length of a file, where it can be read."""
    with suppress(av.error.FFmpegError), open_video(path) as container:
        return container.duration / av.time_base if container.duration else None
    return None


def _text(told: str | None) -> str | None:
    """What a site says, without characters that a database refuses; `none` is yt-dlp's word for an
    absent stream."""
    return None if told is None or told == "none" else plain_text(str(told))
