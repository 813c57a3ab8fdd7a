"""Edit decision lists of the kind CMX 3600, as DaVinci Resolve writes them.

Own code, not OpenTimelineIO's adapter: that one labels every frame at 29.97 and 59.94 as drop
frame, writes no `FCM` line, and knows one rate per list without saying so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heaters_pipeline.domain.timecode import StartTimecode, spoken_rate
from heaters_pipeline.domain.timeline import RECORD_START, Take, by_counting


@dataclass(frozen=True)
class Edl:
    rate: str
    """Of all its events: `25`, `29.97-df`."""
    text: str


def write_edls(title: str, takes: Sequence[Take]) -> list[Edl]:
    """A list counts in one way: takes of several rates become several lists, the longest first,
    each in the order of `takes`. At 50 and 59.94 frames a second frames are counted to 49 and 59,
    as Resolve and Premiere do; CMX 3600 itself ends at 30."""
    return [
        Edl(spoken_rate(rate) + ("-df" if drop else ""), _write(title, some))
        for (rate, drop), some in by_counting(takes).items()
    ]


def _write(title: str, takes: Sequence[Take]) -> str:
    counting = takes[0].media.start.counting
    record = StartTimecode(counting, counting.frame(RECORD_START))
    lines = [
        f"TITLE: {_line(title)}",
        f"FCM: {'DROP FRAME' if counting.drop else 'NON-DROP FRAME'}",
        "",
    ]
    position = 0
    for number, take in enumerate(takes, 1):
        end = position + take.frames.length
        media = take.media
        times = [
            *(media.start.label(frame) for frame in take.frames),
            *(record.label(frame) for frame in (position, end)),
        ]
        channels = "AA/V" if media.has_audio else "V"
        lines += [
            f"{number:03d}  {media.reel:<8} {channels:<5} C        {' '.join(times)}",
            f"* FROM CLIP NAME: {_line(media.name)}",
            f"* SOURCE FILE: {_line(media.path)}",
            f"* COMMENT: CLIP {take.clip.clip_id}"
            + (f"; {_line(take.clip.remarks)}" if take.clip.remarks else ""),
        ]
        position = end
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
