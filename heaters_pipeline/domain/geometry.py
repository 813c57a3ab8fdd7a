"""Which part of an image a profile keeps, and at which size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from heaters_pipeline.domain.profiles import Fit, Picture, Profile

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True)
class Geometry:
    """In the order in which it is done. Sizes are those of the stored image, which is turned at
    the end."""

    crop: Size | None
    """The part in the middle that is kept; None: all."""
    size: Size | None
    """What it is scaled to, with square pixels; None: it is not scaled."""
    frame: Size | None
    """Upright, with black around the image; None: no more than the image."""


def geometry(
    profile: Profile, stored: Size, sample_aspect: Fraction, *, swaps_sides: bool
) -> Geometry:
    """`swaps_sides` where the stored image lies on its side."""
    width, height = Fraction(stored[0]) * sample_aspect, Fraction(stored[1])
    if swaps_sides:
        width, height = height, width
    for shape in _shapes(profile):
        width, height = min(width, height * shape), min(height, width / shape)
    scaled, frame = _scaled(profile, width, height)
    if swaps_sides:
        width, height = height, width
        scaled = scaled and (scaled[1], scaled[0])
    kept = _even_part(width / sample_aspect, stored[0]), _even_part(height, stored[1])
    return Geometry(None if kept == stored else kept, scaled, frame)


def shown_size(
    profile: Profile, stored: Size, sample_aspect: Fraction, *, swaps_sides: bool
) -> Size:
    """Of a file of the profile: upright, with square pixels."""
    shape = geometry(profile, stored, sample_aspect, swaps_sides=swaps_sides)
    if shape.frame:
        return shape.frame
    width, height = shape.crop or stored
    width, height = shape.size or (round(width * sample_aspect), height)
    return (height, width) if swaps_sides else (width, height)


def _shapes(profile: Profile) -> list[Fraction]:
    shapes = [profile.shape] if profile.shape else []
    if profile.fit is Fit.FILL and profile.width and profile.height:
        shapes.append(Fraction(profile.width, profile.height))
    return shapes


def _scaled(profile: Profile, width: Fraction, height: Fraction) -> tuple[Size | None, Size | None]:
    """What an upright image of `width` by `height` becomes, and the frame around it."""
    if not (profile.width or profile.height):
        own = _even(width), _even(height)
        return (own if profile.picture is Picture.WEB else None), None
    box = Fraction(profile.width or 1 << 16), Fraction(profile.height or 1 << 16)
    whole = int(box[0]), int(box[1])
    if profile.fit is Fit.FILL:
        return whole, None
    shrink = min(box[0] / width, box[1] / height)
    if profile.fit is Fit.WITHIN:
        shrink = min(Fraction(1), shrink)
    size = _even(width * shrink), _even(height * shrink)
    within = min(size[0], whole[0]), min(size[1], whole[1])
    return within, whole if profile.fit is Fit.PAD else None


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


def _even_part(length: Fraction, whole: int) -> int:
    """All of `whole`, or an even number of its pixels."""
    return whole if round(length) >= whole else min(whole, _even(length))
