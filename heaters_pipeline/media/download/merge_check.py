"""Whether audio and video that were merged into one file still fit one another."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
import av.error
from av.container import InputContainer
from av.stream import Stream

from heaters_pipeline.media.ffmpeg.probe import open_video

LEAST_APART = 2.0
"""Seconds that audio and video may begin and end apart: encoders pad by packets, and sites cut
audio and video at different places. Faults of a merge are far larger."""

APART = 0.02
"""The same for long videos, as a share of their length."""

SAMPLES = (0.0, 0.5, 1.0)
"""The places that are decoded, as shares of the length."""

SAMPLED_PACKETS = 50
"""Packets decoded at each place: from a keyframe, more than a reordering decoder holds back."""


class Span(NamedTuple):
    """When a stream begins and ends, in seconds."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def find_flaw(path: Path, *, audio: bool, expected_seconds: float | None = None) -> str | None:
    """What is wrong with a merged file, in words that continue `it arrives broken: `; None for an
    intact one.

    With `audio` it must have both streams. `expected_seconds`, where given, is the length that it
    must have. The check costs a few seeks, whatever the length.
    """
    try:
        with open_video(path) as container:
            return _flaw(container, audio, expected_seconds)
    except av.error.FFmpegError as error:
        return f"it can't be read ({error.strerror})"


def video_span(path: Path) -> Span | None:
    """From the first packet of the video stream to the end of its last, counted from the beginning
    of the file. None where no packet can be read."""
    with suppress(av.error.FFmpegError), open_video(path) as container:
        begin = (container.start_time or 0) / av.time_base
        for stream in container.streams.video[:1]:
            if video := _span(container, stream):
                return Span(video.begin - begin, video.end - begin)
    return None


def _flaw(container: InputContainer, audio: bool, expected_seconds: float | None) -> str | None:
    videos, audios = container.streams.video, container.streams.audio
    if not videos:
        return "it has no video"
    if audio and not audios:
        return "it has no audio"
    video = _span(container, videos[0])
    if video is None:
        return "its video is empty"
    length = video.seconds
    if expected_seconds and abs(length - expected_seconds) > _apart(expected_seconds):
        return f"its video lasts {length:.1f} s instead of {expected_seconds:.1f} s"
    if audio:
        heard = _span(container, audios[0])
        if heard is None:
            return "its audio is empty"
        if disagreement := _disagreement(video, heard):
            return disagreement
    for stream, name in [(videos[0], "video"), *((each, "audio") for each in audios[:1])]:
        for share in SAMPLES:
            at = video.begin + share * length
            if not _decodes(container, stream, at):
                return f"its {name} can't be decoded at {at:.1f} s"
    return None


def _disagreement(video: Span, audio: Span) -> str | None:
    apart = _apart(max(video.seconds, audio.seconds))
    for verb, late in (("begins", audio.begin - video.begin), ("ends", audio.end - video.end)):
        if abs(late) > apart:
            side = "after" if late > 0 else "before"
            return f"its audio {verb} {abs(late):.1f} s {side} its video"
    return None


def _apart(seconds: float) -> float:
    return max(LEAST_APART, APART * seconds)


def _span(container: InputContainer, stream: Stream) -> Span | None:
    """From the first packet to the end of the last, whatever the headers say."""
    if stream.time_base is None:
        return None
    _seek(container, stream, 0.0)
    first = [packet.pts for packet in islice(container.demux(stream), SAMPLED_PACKETS)]
    starts = [pts for pts in first if pts is not None]
    _seek(container, stream, (container.duration or 0) / av.time_base)
    ends = [
        packet.pts + (packet.duration or 0)
        for packet in container.demux(stream)
        if packet.pts is not None
    ]
    if not starts or not ends:
        return None
    return Span(float(min(starts) * stream.time_base), float(max(ends) * stream.time_base))


def _decodes(container: InputContainer, stream: Stream, seconds: float) -> bool:
    """Whether more frames decode there than packets fail."""
    _seek(container, stream, seconds)
    good = bad = 0
    for packet in islice(container.demux(stream), SAMPLED_PACKETS):
        try:
            good += len(packet.decode())
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            bad += 1
    return good > bad


def _seek(container: InputContainer, stream: Stream, seconds: float) -> None:
    """Moves to the keyframe at or before `seconds`, or to the first."""
    assert stream.time_base is not None  # noqa: S101
    try:
        container.seek(max(0, int(seconds / stream.time_base)), stream=stream)
    except av.error.FFmpegError:
        container.seek(0, stream=stream, any_frame=True)
