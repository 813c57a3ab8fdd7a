"""A clip as a vector before it has keyframes: by the thumbnails of its frames."""

from __future__ import annotations

from collections.abc import Iterable

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.stills import still_frames
from heaters_pipeline.media.clips.embeddings import LayoutDescriptor, Vectors, mean_vector
from heaters_pipeline.media.products.thumbnails import Thumbnails


def preview(
    thumbnails: Thumbnails, frames: FrameRange, flashes: Iterable[FrameRange] = ()
) -> Vectors:
    """float32 (177,), of length 1, by the built-in descriptor, which finds in thumbnails what it
    finds in whole frames (docs/benchmarks.md)."""
    numbers = still_frames(frames, flashes)
    images = (thumbnails[number : number + 1][0] for number in numbers)
    return mean_vector(LayoutDescriptor().encode_images(images))
