"""Which frames stand for a clip: those that a rule picks, and those that a reviewer chose. No rule
picks a frame of a flash, which shows next to nothing of it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError

PERCENT = (25, 50, 75)
MOST_PICKED = 20
BASIS_LENGTH = 12


class Strategy(StrEnum):
    """How a rule picks frames."""

    PERCENTAGES = "percentages"
    """At these shares of the clip."""
    MIDPOINT = "midpoint"
    SHARPEST = "sharpest"
    """The sharpest frame of each third."""
    CHOSEN = "chosen"
    """Those that a reviewer chose and no others; the percentages where nobody chose any."""


class ImageFormat(StrEnum):
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def suffix(self) -> str:
        return ".jpg" if self is ImageFormat.JPEG else ".webp"


@dataclass(frozen=True)
class KeyframeRule:
    """Which frames become a clip's keyframes, and as what files."""

    strategy: Strategy = Strategy.PERCENTAGES
    percentages: tuple[int, ...] = PERCENT
    image: ImageFormat = ImageFormat.JPEG

    def __post_init__(self) -> None:
        if not 1 <= len(self.percentages) <= MOST_PICKED:
            raise InputError(f"A rule has 1 to {MOST_PICKED} percentages.")
        if not all(0 <= percent <= 100 for percent in self.percentages):
            raise InputError("A percentage is a whole number from 0 to 100.")

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> KeyframeRule:
        return cls(
            Strategy(spec["strategy"]), tuple(spec["percentages"]), ImageFormat(spec["image"])
        )

    @classmethod
    def parse(cls, strategy: str, percentages: str, image: str) -> KeyframeRule:
        """From texts; the percentages are whole numbers with commas between. Raises InputError."""
        try:
            shares = tuple(int(each) for each in percentages.split(","))
        except ValueError:
            raise InputError(
                f"{percentages!r} must be whole numbers with commas between."
            ) from None
        for value, known in ((strategy, Strategy), (image, ImageFormat)):
            if value not in set(known):
                raise InputError(f"{value!r} must be one of {', '.join(known)}.")
        return cls(Strategy(strategy), shares, ImageFormat(image))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def basis(self, chosen: Collection[int]) -> str:
        """Names all that the keyframes of a clip depend on, besides its frames."""
        named = json.dumps([self.as_json(), sorted(chosen)], sort_keys=True)
        return hashlib.sha256(named.encode()).hexdigest()[:BASIS_LENGTH]

    @property
    def needs_sharpness(self) -> bool:
        return self.strategy is Strategy.SHARPEST

    def pick(
        self,
        frames: FrameRange,
        *,
        chosen: Collection[int] = (),
        flashes: Iterable[FrameRange] = (),
        sharpness: Mapping[int, float] | None = None,
    ) -> list[int]:
        """The clip's keyframes in order, those that a reviewer chose among them. `sharpness` has
        the measured frames, where the rule needs it."""
        match self.strategy:
            case Strategy.CHOSEN if chosen:
                picked = []
            case Strategy.MIDPOINT:
                picked = still_frames(frames, flashes, (50,))
            case Strategy.SHARPEST:
                picked = _sharpest(frames, _lit(frames, flashes), sharpness or {})
            case _:
                picked = still_frames(frames, flashes, self.percentages)
        return sorted({*picked, *chosen})

    @property
    def picked(self) -> str:
        """In words."""
        shares = ", ".join(map(str, self.percentages))
        return {
            Strategy.PERCENTAGES: f"at {shares} %",
            Strategy.MIDPOINT: "the frame in the middle",
            Strategy.SHARPEST: "the sharpest frame of each third",
            Strategy.CHOSEN: f"the frames that reviewers chose, else at {shares} %",
        }[self.strategy]

    def __str__(self) -> str:
        return f"{self.picked}, as {'JPEG' if self.image is ImageFormat.JPEG else 'WebP'}"


USUAL_RULE = KeyframeRule()
"""Where nobody has set another. Keyframes from before there were rules were made by it."""


def still_frames(
    frames: FrameRange, flashes: Iterable[FrameRange] = (), percent: Iterable[int] = PERCENT
) -> list[int]:
    """The frames at these percentages, in order; fewer where the range is too short for all. In
    place of one in a flash comes the nearest one of the range outside of all flashes, if there is
    one."""
    lit = _lit(frames, flashes)
    calm = [frame for frame in range(*frames) if frame not in lit] if lit else []
    last = frames.end - 1
    wanted = (min(frames.start + frames.length * each // 100, last) for each in percent)
    return sorted({_nearest(calm, frame) if calm and frame in lit else frame for frame in wanted})


def _sharpest(frames: FrameRange, lit: set[int], sharpness: Mapping[int, float]) -> list[int]:
    """One frame of each third of those that were measured."""
    bounds = [frames.start + frames.length * third // 3 for third in range(4)]
    found = []
    for start, end in itertools.pairwise(bounds):
        measured = [frame for frame in sharpness if start <= frame < end]
        calm = [frame for frame in measured if frame not in lit] or measured
        if calm:
            found.append(max(calm, key=lambda frame: (sharpness[frame], -frame)))
    return found


def _lit(frames: FrameRange, flashes: Iterable[FrameRange]) -> set[int]:
    return {
        frame
        for flash in flashes
        for frame in range(max(flash.start, frames.start), min(flash.end, frames.end))
    }


def _nearest(calm: list[int], frame: int) -> int:
    return min(calm, key=lambda other: abs(other - frame))
