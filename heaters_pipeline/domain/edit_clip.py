"""A clip as editors need to know it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.timecode import StartTimecode


@dataclass(frozen=True)
class EditFilm:
    """The film that a clip is from."""

    key: str
    title: str
    file_name: str
    """Of the source, as it was before it came here."""
    path: str
    """Where the source is: an absolute path, or the address of an object."""
    rate: Fraction
    """Frames per second as the container names it."""
    length: int
    """Frames as editors count them (`counted`)."""
    width: int
    """Upright, with square pixels, as `height`."""
    height: int
    has_audio: bool
    timecode: str | None = None
    """Of its first frame, where the file has one."""
    timecode_known: bool = True
    """Whether anybody has looked for it."""
    reel: str | None = None
    """The name of its tape or card, where the file has one."""

    @property
    def start(self) -> StartTimecode:
        return StartTimecode.of(self.rate, self.timecode)


@dataclass(frozen=True)
class EditFile:
    """The clip's exported file."""

    name: str
    """That it gets where it is handed over."""
    key: str
    """Its storage key."""
    profile: str
    rate: Fraction
    length: int
    """Frames."""
    has_audio: bool
    bytes: int | None = None
    sha256: str | None = None
    """This and the size are unknown of files that are older than receipts."""
    shown_size: tuple[int, int] | None = None
    """Width and height, with square pixels; None: the film's."""


@dataclass(frozen=True)
class EditClip:
    clip_id: int
    film: EditFilm
    frames: FrameRange
    """In the film, counted from 0: what its file holds, or would hold."""
    place: FrameRange
    """The same as editors count (`counted`)."""
    seconds: tuple[float, float] = (0.0, 0.0)
    """In the film: when its first frame is shown, and when its last one is shown no longer."""
    labels: tuple[str, ...] = ()
    rating: int | None = None
    note: str | None = None
    file: EditFile | None = None

    @property
    def name(self) -> str:
        return f"{self.film.title} {self.clip_id}"

    @property
    def remarks(self) -> str:
        """Labels, rating and note in one line; empty where there are none."""
        said = [", ".join(self.labels)] if self.labels else []
        if self.rating is not None:
            said.append(f"rating {self.rating}")
        if self.note:
            said.append(" ".join(self.note.split()))
        return "; ".join(said)


def counted(ticks: int, rate: Fraction) -> int:
    """The number that editors give to a frame shown at this time: they run a film at one rate. At
    a constant rate it is the frame's own; where the rate varies, it is the nearest in time."""
    return round(Fraction(ticks, TICKS_PER_SECOND) * rate)
