"""Pictures that people send: of a few formats, and of a bounded size, before any pixel is read."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import InputError

FORMATS = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "WebP": (b"RIFF",),
    "GIF": (b"GIF87a", b"GIF89a"),
}
"""With the bytes that such a file begins with."""

MOST_PIXELS = 50_000_000

LONGEST_SIDE = 1024
"""To which a picture is made smaller; models look at a few hundred pixels."""

THUMBNAIL_SIDE = 240


def bound_decoder() -> None:
    """To be called before anything imports OpenCV, which refuses larger images from then on."""
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MOST_PIXELS)


def read_picture(content: bytes) -> npt.NDArray[np.uint8]:
    """(height, width, 3), RGB, upright, no side longer than LONGEST_SIDE. Raises InputError for
    what is no such picture."""
    if not content.startswith(tuple(each for some in FORMATS.values() for each in some)):
        *most, last = FORMATS
        raise InputError(
            f"The file is no picture that can be searched for: send {', '.join(most)} or {last}."
        )
    import cv2

    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise InputError(
            f"The picture can't be read: it is damaged, or has more than {MOST_PIXELS // 10**6} "
            "million pixels. Send another one, or a smaller one."
        )
    return shrunk(np.asarray(image, np.uint8), LONGEST_SIDE)


def shrunk(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def thumbnail(image: npt.NDArray[np.uint8]) -> bytes:
    """A small copy, as a JPEG."""
    import cv2

    small = cv2.cvtColor(shrunk(image, THUMBNAIL_SIDE), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", small)[1])
