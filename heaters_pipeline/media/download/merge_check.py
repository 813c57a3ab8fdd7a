"""Whether sound and picture that were merged into one file still belong to one another."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Stream

from heaters_pipeline.media.ffmpeg.probe import open_video

LEAST_APART = 2.0
"""Seconds that sound and picture may begin and end apart: encoders pad by packets, and sites cut
sound and picture at different places. Faults of a merge are of another size."""

APART = 0.02
"""The same for long videos, as a part of their length."""

SAMPLES = (0.0, 0.5, 1.0)
"""Where is decoded, as parts of the length."""

SAMPLED_PACKETS = 50
"""Packets decoded at each place: from a keyframe, more than a reordering decoder holds back."""


def find_flaw(path: Path, *, sound: bool, expected_seconds: float | None = None) -> str | None:
    """What is wrong with a merged file, as words that go on after `it arrives broken: `; None if
    nothing is.

    With `sound` it must have both streams. `expected_seconds` is how long it must be, where that
    is to be asked, too. Costs a few seeks, whatever the length.
    """
    try:
        with open_video(path) as container:
            return _flaw(container, sound, expected_seconds)
    except av.error.FFmpegError as error:
        return f"it can't be read ({error.strerror})"


def picture_span(path: Path) -> tuple[float, float] | None:
    """When the picture begins and ends, in seconds from the beginning of the file: of its first
    and its last packet. None where there are none to be read."""
    with suppress(av.error.FFmpegError), open_video(path) as container:
        begin = (container.start_time or 0) / av.time_base
        for stream in container.streams.video[:1]:
            if picture := _span(container, stream):
                return picture[0] - begin, picture[1] - begin
    return None


def _flaw(container: InputContainer, sound: bool, expected_seconds: float | None) -> str | None:
    videos, audios = container.streams.video, container.streams.audio
    if not videos:
        return "it has no picture"
    if sound and not audios:
        return "it has no sound"
    picture = _span(container, videos[0])
    if picture is None:
        return "its picture is empty"
    length = picture[1] - picture[0]
    if expected_seconds and abs(length - expected_seconds) > _apart(expected_seconds):
        return f"its picture lasts {length:.1f} s instead of {expected_seconds:.1f} s"
    if sound:
        heard = _span(container, audios[0])
        if heard is None:
            return "its sound is empty"
        if disagreement := _disagreement(picture, heard):
            return disagreement
    for stream, name in [(videos[0], "picture"), *((each, "sound") for each in audios[:1])]:
        for part in SAMPLES:
            at = picture[0] + part * length
            if not _decodes(container, stream, at):
                return f"its {name} can't be decoded at {at:.1f} s"
    return None


def _disagreement(picture: tuple[float, float], heard: tuple[float, float]) -> str | None:
    apart = _apart(max(picture[1] - picture[0], heard[1] - heard[0]))
    for verb, late in (("begins", heard[0] - picture[0]), ("ends", heard[1] - picture[1])):
        if abs(late) > apart:
            side = "after" if late > 0 else "before"
            return f"its sound {verb} {abs(late):.1f} s {side} its picture"
    return None


def _apart(seconds: float) -> float:
    return max(LEAST_APART, APART * seconds)


def _span(container: InputContainer, stream: Stream) -> tuple[float, float] | None:
    """From the first to the end of the last packet, in seconds; what headers say is not asked."""
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
    return float(min(starts) * stream.time_base), float(max(ends) * stream.time_base)


def _decodes(container: InputContainer, stream: Stream, seconds: float) -> bool:
    """More packets decode than fail there, and there are some."""
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
    """To the keyframe at or before it, or to the first."""
    assert stream.time_base is not None  # noqa: S101
    try:
        container.seek(max(0, int(seconds / stream.time_base)), stream=stream)
    except av.error.FFmpegError:
        container.seek(0, stream=stream, any_frame=True)
