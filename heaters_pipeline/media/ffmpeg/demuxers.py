"""Which formats are opened. Each of them reads one file, and opens nothing that it names.

ffmpeg knows some 350 formats. Among them are lists of other files (HLS, DASH, concat), text that is
drawn as a picture, games of the nineties, and devices; a file becomes one of them by its first
bytes or by its name, whatever was expected. A format that is not named here is refused before its
demuxer reads a byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

_FILMS = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "mxf", "flv", "asf", "ogg", "rm", "nut", "wtv"),
    *("gxf", "dv", "ivf", "yuv4mpegpipe", "cine", "lxf", "nsv", "nuv", "pva", "ty", "dhav"),
)

_BARE_STREAMS = (
    *("h264", "hevc", "vvc", "av1", "obu", "mpegvideo", "m4v", "h261", "h263", "vc1", "vc1test"),
    *("mjpeg", "dnxhd", "dirac", "cavsvideo", "apv"),
)

_AUDIO = ("wav", "w64", "flac", "mp3", "aac", "ac3", "eac3", "aiff", "caf", "loas")
"""Parts of downloads, our own files, and what is refused as a film without video."""

_ANIMATIONS = ("gif", "apng")

STILLS = (
    *("png_pipe", "jpeg_pipe", "gif_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "j2k_pipe"),
    *("ppm_pipe", "pgm_pipe", "pbm_pipe", "pam_pipe", "exr_pipe", "dpx_pipe", "jpegls_pipe"),
    *("jpegxl_pipe", "qoi_pipe", "psd_pipe", "sgi_pipe", "sunrast_pipe", "pcx_pipe"),
)

NUMBERED_STILLS = "image2"
"""A still that is known by its name only (Targa); in a path with `%` a pattern, which stands for
other files."""

_DEMUXERS = (*_FILMS, *_BARE_STREAMS, *_AUDIO, *_ANIMATIONS, *STILLS)

FORMATS = ",".join(_DEMUXERS)
"""As the option `format_whitelist` takes it."""


def open_stream(file: Any) -> InputContainer:
    """Opens a file object, which reads and seeks, and nothing else. Raises av's errors. Tags may be
    in any encoding."""
    options = {"format_whitelist": FORMATS, "protocol_whitelist": ""}
    container: InputContainer = av.open(
        file, "r", container_options=options, metadata_errors="replace"
    )
    return container


def one_file(path: Path) -> Mapping[str, str]:
    """Options with which ffmpeg and PyAV open the file at `path`, and nothing else."""
    formats = FORMATS if "%" in str(path.absolute()) else f"{FORMATS},{NUMBERED_STILLS}"
    return {"format_whitelist": formats, "protocol_whitelist": "file"}
