"""Footage without its flashes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.cuts.arrays import Floats
from heaters_pipeline.media.products.thumbnails import Frames, Thumbnails


class Healed:
    """Thumbnails in which a blend of its neighbours replaces each flash."""

    def __init__(self, thumbnails: Thumbnails, flashes: Iterable[FrameRange] = ()) -> None:
        self._thumbnails = thumbnails
        self.flashes = sorted(flashes)

    def __len__(self) -> int:
        return len(self._thumbnails)

    def read(self, start: int, stop: int) -> Frames:
        frames = self._thumbnails[start:stop]
        for begin, end in self.flashes:
            if begin >= stop or end <= start:
                continue
            before, after = self.frame(begin - 1), self.frame(end)
            for number in range(max(begin, start), min(end, stop)):
                part = (number - begin + 1) / (end - begin + 1)
                frames[number - start] = before + (after - before) * part + 0.5
        return frames

    def smoothed(self, values: Floats) -> Floats:
        """A measure of each frame, (N,), with the values of flashes replaced likewise."""
        values = values.copy()
        for begin, end in self.flashes:
            at = np.arange(begin, end)
            values[at] = np.interp(at, (begin - 1, end), (values[begin - 1], values[end]))
        return values

    def frame(self, number: int) -> Floats:
        return np.asarray(self._thumbnails[number : number + 1][0], np.float32)
