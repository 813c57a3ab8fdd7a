"""What a profile makes of the frames of a gold master, before they are encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
from av.codec.codec import find_best_pix_fmt_of_list

from heaters_pipeline.domain.geometry import Geometry, geometry
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN, Codec, Picture, Profile
from heaters_pipeline.media.ffmpeg.filters import (
    BT709,
    lossless_format,
    needs_gamut,
    on_black,
    scaled,
    standard_range,
    upright,
    whole_frames,
)
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options

DELIVERY = BUILT_IN[MAIN]

_FORMATS: Mapping[Codec, Sequence[str]] = {
    Codec.H264: [
        *("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv16"),
        *("nv21", "yuv420p10le", "yuv422p10le", "yuv444p10le", "nv20le", "gray", "gray10le"),
    ],
    Codec.HEVC: [
        *("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"),
        *("yuv420p10le", "yuv422p10le", "yuv444p10le"),
        *("yuv420p12le", "yuv422p12le", "yuv444p12le", "gray", "gray10le", "gray12le"),
    ],
    Codec.AV1: ["yuv420p", "yuv420p10le"],
}
"""The YCbCr formats that the encoders take (ffmpeg's libx264, libx265; the one that all encoders of
AV1 take)."""

_FIELDS: Mapping[Codec, Options] = {
    Codec.H264: {"flags:v": "+ildct+ilme"},
    Codec.PRORES: {"flags:v": "+ildct"},
    Codec.FFV1: {},
}
"""Codecs that keep fields, with the options for that."""


def picture(
    video: Any,
    facts: VideoFacts,
    orientation: Orientation,
    sample_aspect: Fraction | None,
    profile: Profile = DELIVERY,
) -> tuple[Any, Options]:
    """The image as a file of `profile` shows it, upright, and the encoder's options for it. A
    sample aspect of None is the gold master's own."""
    shape = geometry(
        profile,
        (facts.width, facts.height),
        sample_aspect or facts.sample_aspect,
        swaps_sides=orientation.swaps_sides,
    )
    if profile.picture is Picture.WEB:
        return _for_web(video, facts, orientation, shape)
    if profile.is_lossless and shape == Geometry(None, None, None):
        return _exactly(video, facts, orientation, sample_aspect)
    return _as_source(video, facts, orientation, sample_aspect, shape, profile)


def _exactly(
    video: Any, facts: VideoFacts, orientation: Orientation, sample_aspect: Fraction | None
) -> tuple[Any, Options]:
    """Every bit of every pixel, upright. Without its tag, ffmpeg would squeeze full range."""
    options = {"pix_fmt": lossless_format(facts.pixel_format)}
    if facts.is_full_range and not facts.is_rgb:
        options["color_range:v"] = "pc"
    if sample_aspect:
        video = video.filter("setsar", str(sample_aspect))
    return upright(video, orientation), options


def _for_web(
    video: Any, facts: VideoFacts, orientation: Orientation, shape: Geometry
) -> tuple[Any, Options]:
    """8 bits, 4:2:0, BT.709 in limited range and standard dynamic range; whole frames, square
    pixels."""
    video = _cropped(on_black(whole_frames(video, facts), facts), shape)
    size = shape.size or (facts.width, facts.height)
    if needs_gamut(facts):
        video = standard_range(video, facts, *size)
    else:
        video = scaled(video, facts, *size, "bt709", "tv").filter("format", "yuv420p")
    video = _framed(upright(video, orientation), shape)
    return video.filter("setsar", 1).filter("setparams", **BT709), {"pix_fmt": "yuv420p"}


def _as_source(
    video: Any,
    facts: VideoFacts,
    orientation: Orientation,
    sample_aspect: Fraction | None,
    shape: Geometry,
    profile: Profile,
) -> tuple[Any, Options]:
    """All lines, the nearest of the codec's pixel formats, the source's colours and fields; on
    black where it is transparent. Fields can't be turned, cut or scaled: interlaced footage becomes
    whole frames there."""
    kept = pixel_format(facts, profile)
    options: dict[str, Any] = {"pix_fmt": kept}
    is_whole = shape == Geometry(None, None, None)
    if facts.interlaced:
        if orientation.keeps_lines and is_whole and profile.codec in _FIELDS:
            options |= _FIELDS[profile.codec]
        else:
            video = whole_frames(video, facts)
    video = on_black(video, facts)
    if facts.is_rgb:
        video = (
            video.filter("scale", out_color_matrix="bt709", out_range="tv")
            .filter("format", kept)
            .filter("setparams", range="tv", colorspace="bt709")
        )
    video = _cropped(video, shape)
    if shape.size:
        video = video.filter("scale", *shape.size, flags="bicubic+accurate_rnd")
        video = video.filter("format", kept)
    width, height = shape.size or shape.crop or (facts.width, facts.height)
    if shape.size or sample_aspect:
        video = video.filter("setsar", 1 if shape.size else str(sample_aspect))
    if orientation.swaps_sides:
        width, height = height, width
    video = _framed(upright(video, orientation), shape)
    if shape.frame or profile.is_lossless:
        return video, options
    return _padded(video, width, height, kept), options


def _cropped(video: Any, shape: Geometry) -> Any:
    if shape.crop is None:
        return video
    return video.filter("crop", *shape.crop)


def _framed(video: Any, shape: Geometry) -> Any:
    if shape.frame is None:
        return video
    return video.filter("pad", *shape.frame, "(ow-iw)/2", "(oh-ih)/2")


def pixel_format(facts: VideoFacts, profile: Profile) -> str:
    """The pixel format of a file of `profile`: the source's own, or the nearest of the codec's that
    loses least."""
    if profile.picture is Picture.WEB:
        return "yuv420p"
    if profile.codec is Codec.FFV1:
        return lossless_format(facts.pixel_format)
    if profile.codec is Codec.PRORES:
        return "yuv444p10le" if (profile.quality or 0) >= 4 else "yuv422p10le"
    best, _ = find_best_pix_fmt_of_list(_FORMATS[profile.codec], facts.pixel_format)
    return str(best.name) if best else "yuv420p"


def _padded(video: Any, width: int, height: int, pixel_format: str) -> Any:
    """There are no odd sizes in 4:2:0, no odd widths in 4:2:2: the last column or line is shown
    twice. No pixel is lost or resampled."""
    chroma = av.VideoFormat(pixel_format)
    right = width % 2 if chroma.chroma_width(2) == 1 else 0
    bottom = height % 2 if chroma.chroma_height(2) == 1 else 0
    if not (right or bottom):
        return video
    return (
        video.filter("format", pixel_format)
        .filter("pad", width + right, height + bottom)
        .filter("fillborders", right=right, bottom=bottom, mode="smear")
    )
