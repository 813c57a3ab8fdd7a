"""What happens to pixels: kept exactly, shown in the proxy, or taken as a still. Exports have their
own (`media.clips.pictures`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
from av.codec.codec import find_best_pix_fmt_of_list

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.probe import VideoFacts

PROXY_LINES = 720
PROXY_COLUMNS = 4096
"""Most hardware decoders take no more."""

TILE_SIDE = 160
"""Pixels of a sprite's longer side."""

REFERENCE_WHITE = 203
"""Nits of diffuse white in HDR (ITU-R BT.2408), which becomes nearly the proxy's white."""

HDR_PEAK = 1000
"""Nits that become the proxy's white, as does all that is brighter: the nominal peak of HLG, for
which most PQ footage is graded, too."""


def lossless_format(pixel_format: str) -> str:
    """FFV1's own pixel format for `pixel_format`: the same, or one that loses nothing (`nv12`
    becomes `yuv420p`, `rgb24` becomes `bgra`; `yuvj420p` is `yuv420p` with a range tag). Never
    `bgr0`, whose fourth byte comes back as something else and spoils checksums."""
    formats = av.Codec("ffv1", "w").video_formats or ()
    supported = [each.name for each in formats if not _FLOAT.search(each.name)]
    plain = pixel_format.replace("yuvj", "yuv")
    pixels = av.VideoFormat(pixel_format)
    if pixels.is_rgb and max(each.bits for each in pixels.components) <= 8:
        return "bgra"
    if plain in supported:
        return plain
    best, loss = find_best_pix_fmt_of_list(supported, pixel_format, has_alpha=True)
    if best is None or loss:
        raise InputError(
            f"FFV1 can't keep the pixel format {pixel_format} without loss: "
            "convert the video to another pixel format first."
        )
    return str(best.name)


_FLOAT = re.compile("f(16|32)(le|be)$")
"""FFV1 keeps floating point numbers from its version 4 on, which is an experiment yet."""


def proxy_size(facts: VideoFacts) -> tuple[int, int]:
    """Width and height of the upright proxy: square pixels, even, at most 720 lines and 4096
    columns."""
    width, height = Fraction(facts.width) * facts.sample_aspect, Fraction(facts.height)
    if facts.orientation.swaps_sides:
        width, height = height, width
    shrink = min(Fraction(1), PROXY_LINES / height, PROXY_COLUMNS / width)
    return _even(width * shrink), _even(height * shrink)


def tile_size(facts: VideoFacts) -> tuple[int, int]:
    """Width and height of a sprite, which shows what the proxy does: even, never larger than it."""
    width, height = proxy_size(facts)
    shrink = min(Fraction(1), Fraction(TILE_SIDE, max(width, height)))
    return _even(width * shrink), _even(height * shrink)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


def exact(video: Any, facts: VideoFacts) -> Any:
    """Every bit of the stored image, in a pixel format that FFV1 keeps. Checksums are of this.
    (`yuvj420p` without its range would be squeezed into the limited one.)"""
    kept = lossless_format(facts.pixel_format)
    if facts.is_full_range and not facts.is_rgb:
        return video.filter("format", kept, color_ranges="pc")
    return video.filter("format", kept)


def shown(video: Any, facts: VideoFacts) -> Any:
    """The image as a browser shows it: whole frames, on black where they are transparent, upright,
    square pixels, BT.709 in limited range and standard dynamic range, tagged so. Scaling comes
    before turning, which then has fewer pixels to move."""
    width, height = proxy_size(facts)
    if facts.orientation.swaps_sides:
        width, height = height, width
    video = on_black(whole_frames(video, facts), facts)
    if needs_gamut(facts):
        video = standard_range(video, facts, width, height)
    else:
        video = scaled(video, facts, width, height, "bt709", "tv").filter("format", "yuv420p")
    return upright(video, facts.orientation).filter("setsar", 1).filter("setparams", **BT709)


def still(video: Any, facts: VideoFacts, *, full_range: bool) -> Any:
    """Whole frames of an exported clip as images have them: square pixels, standard dynamic range,
    BT.601 in the full range of JPEG or the limited one of WebP."""
    width, height = _even(facts.width * facts.sample_aspect), _even(Fraction(facts.height))
    if needs_gamut(facts):
        video = standard_range(video, facts, width, height)
    return (
        video.filter(
            "scale",
            width,
            height,
            out_color_matrix="bt601",
            out_range="pc" if full_range else "tv",
        )
        .filter("setsar", 1)
        .filter("format", "yuvj420p" if full_range else "yuv420p")
    )


def copies(video: Any, count: int) -> list[Any]:
    """`video` for so many consumers."""
    if count == 1:
        return [video]
    made = video.filter_multi_output("split", count)
    return [made.stream(number) for number in range(count)]


def audio_copies(track: Any, count: int) -> list[Any]:
    """`track` for so many consumers. Without a filter of its own that converts, what one of them
    asks for (a low rate, one channel) would be given to all."""
    if count == 1:
        return [track]
    made = track.filter_multi_output("asplit", count)
    return [made.stream(number).filter("aresample") for number in range(count)]


def upright(video: Any, orientation: Orientation) -> Any:
    """Sets `video` upright and takes the note of its orientation off its frames."""
    for name, *options in _TURNS[orientation]:
        video = video.filter(name, *options)
    if orientation == Orientation():
        return video
    return video.filter("sidedata", mode="delete", type="DISPLAYMATRIX")


_TURNS: Mapping[Orientation, Sequence[tuple[str, ...]]] = {
    Orientation(0): [],
    Orientation(90): [("transpose", "clock")],
    Orientation(180): [("hflip",), ("vflip",)],
    Orientation(270): [("transpose", "cclock")],
    Orientation(0, mirrored=True): [("hflip",)],
    Orientation(90, mirrored=True): [("transpose", "clock_flip")],
    Orientation(180, mirrored=True): [("vflip",)],
    Orientation(270, mirrored=True): [("transpose", "cclock_flip")],
}
"""ffmpeg's filters, by what they do."""


BT709 = {
    "range": "tv",
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
}


def whole_frames(video: Any, facts: VideoFacts) -> Any:
    """One frame for one frame. Only frames flagged as interlaced change, so that footage which is
    interlaced in parts is served, too. The rest passes at no measurable cost."""
    if facts.is_rgb:
        return video
    return video.filter("bwdif", mode="send_frame", deint="interlaced")


def on_black(video: Any, facts: VideoFacts) -> Any:
    """The colour of a transparent pixel is often garbage. In 16 bits, because the filter rounds
    down, even opaque pixels."""
    if not facts.has_alpha:
        return video
    if facts.is_rgb:
        deep = "gbrap16le"
    elif facts.pixel_format.startswith("yuva"):
        deep = facts.pixel_format[: len("yuva420p")] + "16le"
    else:
        deep = "yuva444p16le"
    return video.filter("format", deep).filter("premultiply", inplace=1)


def scaled(
    video: Any, facts: VideoFacts, width: int, height: int, matrix: str, color_range: str
) -> Any:
    colors: dict[str, Any] = {"out_color_matrix": matrix, "out_range": color_range}
    if not facts.is_rgb:
        untagged = "bt709" if facts.height > 576 else "smpte170m"
        colors["in_color_matrix"] = _SCALE_MATRICES.get(facts.color_space or untagged, "auto")
        colors["in_range"] = "pc" if facts.is_full_range else "tv"
    return video.filter("scale", width, height, flags="bicubic+accurate_rnd", **colors)


def standard_range(video: Any, facts: VideoFacts, width: int, height: int) -> Any:
    """BT.709 of HDR (PQ, HLG) and of wide colours (BT.2020, DCI and Display P3). Scaled first, and
    to 4:4:4: zimg refuses odd sizes of 4:2:0, and has fewer pixels to work on."""
    matrix = "bt709" if facts.color_space == "bt709" else "bt2020nc"
    source = {
        "matrixin": matrix,
        "rangein": "limited",
        "primariesin": facts.color_primaries if _has_wide_primaries(facts) else "bt2020",
    }
    video = scaled(video, facts, width, height, matrix, "tv").filter("format", "yuv444p12le")
    if facts.is_hdr:
        video = (
            video.filter(
                "zscale",
                transferin=facts.color_transfer,
                transfer="linear",
                npl=REFERENCE_WHITE,
                **source,
            )
            .filter("format", "gbrpf32le")
            .filter("zscale", primaries="bt709")
            .filter("tonemap", "mobius", peak=round(HDR_PEAK / REFERENCE_WHITE, 3), desat=0)
        )
        source = {}
    else:
        source["transferin"] = "iec61966-2-1" if facts.color_transfer == "iec61966-2-1" else "bt709"
    return (
        video.filter(
            "zscale",
            primaries="bt709",
            transfer="bt709",
            matrix="bt709",
            range="limited",
            **source,
        )
        .filter("format", "yuv420p")
        .filter("sidedata", mode="delete")  # brightness of the HDR master
    )


def needs_gamut(facts: VideoFacts) -> bool:
    return facts.is_hdr or _has_wide_primaries(facts)


def _has_wide_primaries(facts: VideoFacts) -> bool:
    return facts.color_primaries in ("bt2020", "smpte431", "smpte432")


_SCALE_MATRICES = {
    name: name for name in ("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc")
} | {"bt2020c": "bt2020nc"}
"""Our names of matrices that ffmpeg's scale filter knows."""
