"""How large the frames of a film, their number and what is made of them may be.

A few bytes can decode to frames that fill memory, to millions of frames, or to noise that fills the
disk. No real film comes near the limits that are set by default.
"""

from __future__ import annotations

from dataclasses import dataclass

from heaters_pipeline.domain.errors import InputError

SMALL = 10**9
"""Bytes of products that any film may take, however small it is itself."""


@dataclass(frozen=True)
class FilmLimits:
    pixels: float
    """Of one frame."""
    frames: int
    growth: float
    """Bytes of all products for one of the source."""

    def check_picture(self, name: str, width: int, height: int) -> None:
        """Raises InputError."""
        if width * height > self.pixels:
            raise InputError(
                f"{name} has frames of {width}x{height} pixels, more than the "
                f"{self.pixels / 10**6:g} million that are allowed: raise "
                "HEATERS_MAX_FRAME_MEGAPIXELS to take it."
            )

    def check_frames(self, name: str, frames: int) -> None:
        """Raises InputError."""
        if frames > self.frames:
            raise InputError(
                f"{name} has more than the {self.frames:,} frames that are allowed: raise "
                "HEATERS_MAX_SOURCE_FRAMES to take it."
            )

    def check_growth(self, name: str, source_bytes: int, product_bytes: int) -> None:
        """Raises InputError."""
        if product_bytes > max(SMALL, self.growth * source_bytes):
            raise InputError(
                f"What is made of {name} takes more than {self.growth:g} times its "
                f"{source_bytes:,} bytes: raise HEATERS_MAX_GROWTH to take it."
            )
