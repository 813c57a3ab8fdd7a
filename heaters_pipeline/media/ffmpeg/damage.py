"""Footage that decodes with errors: all that decodes is kept, the damage is counted and marked.

An undamaged file pays nothing: the messages of the one ffmpeg run tell whether a decoder or a
demuxer complained, and only then is the source decoded again to find out where.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.damage import Damage
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, open_video, video_stream

MISSING_AT_LEAST = 1.0
"""Seconds by which an undamaged video may end before its container says: headers round, and often
leave out the duration of the last frame."""

_DURATION_IS_A_GUESS = {"mpegts", "mpeg", "mpegvideo", "h264", "hevc", "obu"}
"""Formats whose duration is worked out from the bytes that the file still has."""


class Complaints:
    """Listens to ffmpeg's messages during a decode."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self.any = False
        """Something was wrong with the input."""
        self.of_copied_audio = False
        """A packet of audio is too damaged to be copied into another container: it has to be
        decoded."""

    def __call__(self, line: str) -> None:
        """Raises InputError where the image changes its size or pixel format in mid-stream, or has
        more pixels than the input's option `max_pixels` allows."""
        if large := _TOO_LARGE.search(line):
            raise InputError(
                f"{self._source.name} has frames of {large[1]}x{large[2]} pixels, more than are "
                "allowed: raise HEATERS_MAX_FRAME_MEGAPIXELS to take it."
            )
        if "[error]" in line or "corrupt" in line:
            self.any = True
            self.of_copied_audio |= "Error applying bitstream filters" in line
        elif change := _CHANGE.search(line):
            _refuse_change(self._source, *change.groups())


_TOO_LARGE = re.compile(r"Picture size (\d+)x(\d+) exceeds specified max pixel count")
"""A message of libavutil/imgutils.c."""

_CHANGE = re.compile(
    r"filter context - w: (\d+) h: (\d+) fmt: (\d+) .*"
    r"incoming frame - w: (\d+) h: (\d+) fmt: (\d+) .*pts_time: (\S+)"
)
"""A message of ffmpeg's buffer source (libavfilter/buffersrc.c)."""

_LIMITED_RANGE = {"12": "0", "13": "4", "14": "5", "32": "31"}
"""AVPixelFormat of yuvj420p, yuvj422p, yuvj444p, yuvj440p and of the same without `j`: another
tag, not another image."""


def _refuse_change(
    source: Path, width: str, height: str, pixels: str, to_width: str, to_height: str,
    to_pixels: str, at: str,
) -> None:  # fmt: skip
    if (width, height) != (to_width, to_height):
        change = f"its size from {width}x{height} to {to_width}x{to_height}"
    elif _LIMITED_RANGE.get(pixels, pixels) != _LIMITED_RANGE.get(to_pixels, to_pixels):
        change = "its pixel format"
    else:
        return
    raise InputError(
        f"{source.name} changes {change} at {float(at):.3f} seconds: cut it there and add the "
        "parts, or convert it to one format first."
    )


def assess(
    source: Path, facts: VideoFacts, ticks: Sequence[int], *, complaints: bool
) -> Damage | None:
    """The damage of `source`, whose frames were presented at `ticks`; None where there is none.

    Costs nothing unless there were `complaints` or the video ends early. Then the source is decoded
    once more, on one core, or its packets are read through.
    """
    frames, errors = _find_errors(source, ticks) if complaints else ((), 0)
    end = ticks[-1] / TICKS_PER_SECOND + float(1 / facts.rate)
    missing = 0.0
    if facts.duration_seconds - end > MISSING_AT_LEAST:
        missing = _missing_seconds(source, ticks[-1])
    return Damage(frames, errors, missing) if frames or errors or missing else None


def _find_errors(source: Path, ticks: Sequence[int]) -> tuple[tuple[FrameRange, ...], int]:
    """Decodes video and audio. The marked frames are those that the decoder flags or complains of
    and, after a lost packet, all before the next intact key frame."""
    errors = 0
    times, marks = array("d"), array("b")
    with open_video(source) as container, _messages():
        video = video_stream(source, container)
        video.thread_type = "NONE"  # so that each complaint belongs to the packet just decoded
        video.codec_context.thread_count = 1
        audio = [stream for stream in container.streams.audio if stream.codec_context]
        packets = container.demux(video, *audio)
        broken_since: float | None = None
        while True:
            beat()
            with av.logging.Capture() as said:
                try:
                    packet = next(packets)
                except StopIteration:
                    break
                except av.error.FFmpegError:  # the demuxer gave up, as ffmpeg's did
                    errors += 1
                    break
            # A frame may be lost here, whatever stream the next packet belongs to.
            lost = _has_errors(said)
            frames: list[Any] = []
            with av.logging.Capture() as said:
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    said.append((av.logging.ERROR, "", ""))
            complained = _has_errors(said)
            errors += lost or complained or packet.is_corrupt
            if broken_since is None and (lost or (complained and packet.stream == video)):
                broken_since = _seconds(packet)
            for frame in frames if packet.stream == video else ():
                time = _seconds(frame)
                late = broken_since is not None and time >= broken_since
                if late and frame.key_frame and not complained:
                    broken_since, late = None, False
                if frame.is_corrupt and broken_since is None:
                    broken_since = time
                times.append(time)
                marks.append(late or frame.is_corrupt)
    return _ranges(_numbers(times, marks, ticks)), errors


def _has_errors(said: list[tuple[int, str, str]]) -> bool:
    return any(level <= av.logging.ERROR for level, *_ in said)


def _seconds(timed: Any) -> float:
    """Of a packet or frame; one without a time counts as the earliest."""
    at = timed.pts if timed.pts is not None else timed.dts
    return float(at * timed.time_base) if at is not None else float("-inf")


@contextmanager
def _messages() -> Iterator[None]:
    """Every message of libav's can be captured, and none goes to stderr."""
    level, skip = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        yield
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skip)


def _numbers(times: array[float], marks: array[int], ticks: Sequence[int]) -> Any:
    """Our numbers of the marked frames: by order where both decodes have as many frames, else by
    the nearest time."""
    marked = np.flatnonzero(marks)
    if len(times) == len(ticks) or len(marked) == 0:
        return marked
    ours = np.asarray(ticks) / TICKS_PER_SECOND
    theirs = np.asarray(times)[marked] - times[0] + ours[0]
    return np.unique(np.searchsorted((ours[1:] + ours[:-1]) / 2, theirs))


def _ranges(numbers: Any) -> tuple[FrameRange, ...]:
    """The ranges that ascending numbers form."""
    if len(numbers) == 0:
        return ()
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    starts = numbers[np.concatenate(([0], breaks + 1))]
    ends = numbers[np.concatenate((breaks, [len(numbers) - 1]))] + 1
    return tuple(map(FrameRange, starts.tolist(), ends.tolist()))


def _missing_seconds(source: Path, last_ticks: int) -> float:
    """By how much the frame at `last_ticks` ends before the end that the container names for the
    video. Some containers name one for the whole file only: it counts if the audio, too, ends
    before it."""
    with open_video(source) as container:
        if _DURATION_IS_A_GUESS & set(container.format.name.split(",")):
            return 0.0
        video = video_stream(source, container)
        start = Fraction(container.start_time or 0, av.time_base)
        last = start + Fraction(last_ticks, TICKS_PER_SECOND)
        video_end = others_end = last
        for packet in container.demux():
            beat()
            if packet.pts is None or packet.time_base is None:
                continue
            at = packet.pts * packet.time_base
            end = at + (packet.duration or 0) * packet.time_base
            if packet.stream != video:
                others_end = max(others_end, end)
            elif at <= last + Fraction(1, 1000):
                video_end = max(video_end, end)
        if container.format.name == "avi" and video.frames and video.average_rate:
            missing = start + video.frames / video.average_rate - video_end
        elif video.duration and video.time_base:
            promised = ((video.start_time or 0) + video.duration) * video.time_base
            missing = promised - video_end
        else:
            promised = start + Fraction(container.duration or 0, av.time_base)
            missing = promised - max(video_end, others_end)
    return float(missing) if missing > MISSING_AT_LEAST else 0.0
