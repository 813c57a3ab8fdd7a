"""What a download is refused for: its length, its size, or being no video."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import av.error

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.media.download.failures import FormatFailed
from heaters_pipeline.media.ffmpeg.probe import check_headers, open_video


def check_length(url: str, seconds: float | None, max_seconds: float | None) -> None:
    if seconds and max_seconds and seconds > max_seconds:
        raise InputError(
            f"{url} lasts {seconds / 3600:.3g} hours, more than {max_seconds / 3600:.3g}: raise "
            "HEATERS_MAX_SOURCE_HOURS to take it."
        )


def check_size(url: str, size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise InputError(
            f"{url} is larger than {max_bytes / 1e9:g} GB: raise HEATERS_MAX_SOURCE_GB to take it."
        )


def check_film(path: Path, limits: FilmLimits | None) -> None:
    """Raises InputError where the headers tell of more than `limits` allow."""
    if limits is not None:
        with suppress(av.error.FFmpegError), open_video(path) as container:
            check_headers(path, container, limits)


def refuse_text(url: str, path: Path) -> None:
    """Raises FormatFailed for a text: media never is one, but lists of other files are, and ffmpeg
    would open those files."""
    with path.open("rb") as file:
        head = file.read(512)
    with suppress(UnicodeDecodeError):
        # The cut may go through a character.
        text = head[:-3].decode("utf-8-sig") if len(head) == 512 else head.decode("utf-8-sig")
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            raise FormatFailed(
                InputError(f"What {url} sends is text, not a video: check the address.")
            )
