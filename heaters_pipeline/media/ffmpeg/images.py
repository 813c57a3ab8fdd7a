"""Image files among the videos. An image that ffmpeg reads whole is a film of one frame, or of as
many as it is animated with; the others are refused, so that nothing is left out in silence."""

from __future__ import annotations

import re
from pathlib import Path

from av.container import InputContainer

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.footage import FILM_SUFFIX
from heaters_pipeline.media.ffmpeg.demuxers import NUMBERED_STILLS, STILLS

_HEIF = {"avif", "avis", "heic", "heix", "hevc", "mif1", "msf1"}
"""Brands (ISO/IEC 23008-12, annex B)."""

_NAMED_AS_IMAGE = re.compile(
    r"\.(jpe?g|png|gif|webp|bmp|tiff?|jp2|j2k|pp?m|pgm|pbm|pam|tga|exr|dpx|jxl)", re.IGNORECASE
)

_REMEDY = "convert it to a video first."


def refuse_image(path: Path, container: InputContainer) -> None:
    """Raises InputError for an image of which ffmpeg would read a part, and for a still by the name
    of a film."""
    if container.format.name in (*STILLS, NUMBERED_STILLS) and FILM_SUFFIX.fullmatch(path.suffix):
        raise InputError(
            f"{path.name} is an image with the name of a film: give the film itself, or rename it."
        )
    is_heif = container.metadata.get("major_brand") in _HEIF
    if is_heif and len(container.streams.video) > 1:
        raise InputError(
            f"{path.name} is an AVIF or HEIF image in several parts (an animation, tiles or "
            f"transparency), of which only one can be read: {_REMEDY}"
        )


def refuse_pattern(path: Path) -> None:
    """Raises InputError for an image whose path would stand for other files."""
    if "%" in str(path.absolute()) and _NAMED_AS_IMAGE.fullmatch(path.suffix):
        raise InputError(
            f"{path.name} is an image with a % in its path, which stands for numbered files: "
            "rename it."
        )


def refuse_undecodable(path: Path, container: InputContainer) -> None:
    """Raises InputError for a file whose video has no decoder."""
    kind = container.format.name.removesuffix("_pipe")
    if kind != container.format.name:
        raise InputError(
            f"{path.name} is an image of a kind that can't be decoded ({kind}): {_REMEDY}"
        )
    raise InputError(
        f"{path.name} has video of a codec that can't be decoded: convert it to H.264 first."
    )


def refuse_animated_webp(path: Path) -> None:
    """Raises InputError for an animated WebP, which ffmpeg takes for an empty image."""
    with path.open("rb") as file:
        head = file.read(21)
    # https://developers.google.com/speed/webp/docs/riff_container
    if head[8:16] == b"WEBPVP8X" and head[20] & 0b10:
        raise InputError(f"{path.name} is an animated WebP, which can't be decoded: {_REMEDY}")
