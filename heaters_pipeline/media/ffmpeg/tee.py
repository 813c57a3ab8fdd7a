"""One encoder, several files: ffmpeg's tee (https://ffmpeg.org/ffmpeg-formats.html#tee-1)."""

from __future__ import annotations

import re
from pathlib import Path

from heaters_pipeline.media.ffmpeg.process import Options, file_url


def tee(*outputs: tuple[Path, Options]) -> str:
    """The name of an output of the format `tee` that writes the same packets to each file. The
    values of options must be plain: letters, digits and `+=_-.`."""
    return "|".join(_output(path, options) for path, options in outputs)


def _output(path: Path, options: Options) -> str:
    said = ":".join(f"{name}={value}" for name, value in options.items())
    if not re.fullmatch(r"[\w+=.:-]+", said):
        raise ValueError(f"tee can't be told {said}")
    return f"[{said}]" + re.sub(r"([\\'|])", r"\\\1", file_url(path))
