"""One decode of the source, three products: gold master, review proxy, frame scores.

Frames pass through: each frame that ffmpeg presents (edit lists applied) becomes one frame of
every product, in the same order.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
from av.codec.codec import find_best_pix_fmt_of_list

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.media import scores
from heaters_pipeline.media.checksums import FRAMECRC_OPTIONS, TIME_BASE, read_checksums
from heaters_pipeline.media.ffmpeg import ProgressCallback, file_url, input_file, run
from heaters_pipeline.media.frame_index import read_frame_index
from heaters_pipeline.media.probe import VideoFacts

PROXY_LINES = 720
AUDIO_RATE = 24_000


class Product(StrEnum):
    GOLD_MASTER = "gold_master"
    REVIEW_PROXY = "review_proxy"
    FRAME_SCORES = "frame_scores"


@dataclass(frozen=True)
class Transcoded:
    """Paths of what was asked for; the rest is None."""

    frame_count: int
    gold_master: Path | None = None
    frame_checksums: Path | None = None
    review_proxy: Path | None = None
    proxy_audio: Path | None = None
    """None also where the source has no sound."""
    frame_scores: Path | None = None


GOLD_MASTER_VIDEO: Mapping[str, Any] = {
    "c:v": "ffv1",
    "level": 3,
    "g": 1,
    "coder": "rice",
    "context": 0,
    "slices": 4,
    "slicecrc": 1,
}
"""Golomb-Rice with the small context model costs a quarter less CPU than the range coder, for 3 %
more bytes. Four slices share a frame between cores; six cost 3 % more CPU."""

REVIEW_PROXY_VIDEO: Mapping[str, Any] = {
    "c:v": "libx264",
    "preset": "superfast",
    "tune": "fastdecode",
    "crf": 23,
    "g": 1,
    "keyint_min": 1,
    "bf": 0,
    "sc_threshold": 0,
    "slices": 4,
    "pix_fmt": "yuv420p",
    "video_track_timescale": TICKS_PER_SECOND,
    "use_editlist": 0,
    "movflags": "+faststart",
}
"""Every frame an IDR picture of 4 slices that any decoder can work on at once."""

_MATROSKA_AUDIO = re.compile(
    "aac|e?ac3|mp[123]|vorbis|opus|flac|alac|dts|truehd|mlp|tta|wavpack"
    "|pcm_(u8|s(16|24|32)(le|be)|f(32|64)le)"
)
"""Audio that Matroska carries as it is (https://www.matroska.org/technical/codec_specs.html)."""

_TIMESTAMPS = (
    "if(isnan(PREV_OUTPTS)"
    ",if(isnan(PTS),0,PTS)"
    f",if(isnan(PTS),PREV_OUTPTS+{{frame_ticks}},max(PTS,PREV_OUTPTS+{TICKS_PER_SECOND // 1000})))"
)
"""Strictly increasing by a millisecond at least: Matroska keeps no finer time, and a gold master's
frame must be reachable by its time. A frame without a time follows at the nominal rate."""


def transcode(
    source: Path,
    facts: VideoFacts,
    folder: Path,
    wanted: frozenset[Product],
    on_progress: ProgressCallback | None = None,
    *,
    stall_seconds: float = 120.0,
) -> Transcoded:
    """Writes the wanted products into `folder` in one ffmpeg run.

    Raises InputError where nothing can be decoded, HeatersError for the rest (disk full, stall,
    products that disagree on the number of frames). Nothing is left in `folder` then.
    """
    if not wanted:
        raise ValueError("no product wanted")
    checksums = folder / "frame_checksums.txt"
    gold = folder / "gold_master.mkv" if Product.GOLD_MASTER in wanted else None
    proxy = folder / "proxy.mp4" if Product.REVIEW_PROXY in wanted else None
    audio = folder / "proxy_audio.wav" if proxy and facts.has_audio else None
    small = folder / "frame_scores.rgb" if Product.FRAME_SCORES in wanted else None
    try:
        run(
            _graph(
                source, facts, checksums=checksums, gold=gold, proxy=proxy, audio=audio, small=small
            ),
            what=f"transcode {source.name}",
            on_progress=on_progress,
            stall_seconds=stall_seconds,
        )
        ticks = [checksum.ticks for checksum in read_checksums(checksums)]
        if not ticks:
            raise InputError(
                f"{source.name} has no frame that can be decoded: the file is damaged, "
                "copy or download it again."
            )
        if audio:
            _start_audio_at(audio, ticks[0])
        _check_counts(source, len(ticks), proxy, small)
    except BaseException:
        for path in (checksums, gold, proxy, audio, small):
            if path:
                path.unlink(missing_ok=True)
        raise
    if not gold:
        checksums.unlink()
    return Transcoded(
        frame_count=len(ticks),
        gold_master=gold,
        frame_checksums=checksums if gold else None,
        review_proxy=proxy,
        proxy_audio=audio,
        frame_scores=small,
    )


def proxy_size(facts: VideoFacts) -> tuple[int, int]:
    """Width and height of the upright proxy: square pixels, even, at most 720 lines."""
    width, height = Fraction(facts.width) * facts.sample_aspect, Fraction(facts.height)
    if facts.rotation in (90, 270):
        width, height = height, width
    shrink = min(Fraction(1), PROXY_LINES / height)
    return _even(width * shrink), _even(height * shrink)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


def upright(video: Any, rotation: int) -> Any:
    """Turns `video` clockwise by `rotation` degrees and takes the rotation note off its frames."""
    turns = {
        0: [],
        90: [{"dir": "clock"}],
        180: [{"dir": "clock"}, {"dir": "clock"}],
        270: [{"dir": "cclock"}],
    }
    for turn in turns[rotation]:
        video = video.filter("transpose", **turn)
    return video.filter("sidedata", mode="delete", type="DISPLAYMATRIX") if rotation else video


def lossless_format(pixel_format: str) -> str:
    """FFV1's own pixel format for `pixel_format`: the same, or one that loses nothing (`nv12`
    becomes `yuv420p`, `rgb24` becomes `bgr0`; `yuvj420p` is `yuv420p` with a range tag)."""
    supported = [each.name for each in av.Codec("ffv1", "w").video_formats or ()]
    plain = pixel_format.replace("yuvj", "yuv")
    if plain in supported:
        return plain
    best, loss = find_best_pix_fmt_of_list(supported, pixel_format, has_alpha=True)
    if best is None or loss:
        raise InputError(
            f"FFV1 can't keep the pixel format {pixel_format} without loss: "
            "convert the video to another pixel format first."
        )
    return str(best.name)


def _graph(
    source: Path,
    facts: VideoFacts,
    *,
    checksums: Path,
    gold: Path | None,
    proxy: Path | None,
    audio: Path | None,
    small: Path | None,
) -> Any:
    opened = input_file(source)
    frame_ticks = round(TICKS_PER_SECOND / facts.rate)
    exact, shown = _split(
        opened["V:0"]
        .filter("settb", f"1/{TICKS_PER_SECOND}")
        .filter("setpts", _TIMESTAMPS.format(frame_ticks=frame_ticks)),
        bool(proxy or small),
    )
    exact = exact.filter("format", lossless_format(facts.pixel_format))
    exact, checked = _split(exact, True) if gold else (None, exact)
    outputs = [_output(checksums, checked, **FRAMECRC_OPTIONS)]
    if gold:
        outputs.append(_gold_master(gold, exact, opened, facts))
    if proxy or small:
        shown, reduced = _split(_shown(shown, facts), bool(proxy and small))
        reduced = reduced or shown
    if proxy:
        shown = shown.filter("setpts", "PTS-STARTPTS")
        outputs.append(_output(proxy, shown, **_VIDEO, **REVIEW_PROXY_VIDEO))
    if audio:
        sound = opened[f"a:{first_sound(facts)}"].filter(
            "aresample", AUDIO_RATE, ochl="mono", osf="s16", first_pts=0, **{"async": 1}
        )
        outputs.append(_output(audio, sound, **_BARE, **{"c:a": "pcm_s16le"}))
    if small:
        reduced = reduced.filter("scale", scores.WIDTH, scores.HEIGHT, flags="area")
        outputs.append(_output(small, reduced, **_VIDEO, format="rawvideo", pix_fmt="rgb24"))
    return ffmpeg.merge_outputs(*outputs)


_BARE: Mapping[str, Any] = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact"}
"""The same input gives the same bytes: no dates, no random ids, no foreign tags."""

_VIDEO: Mapping[str, Any] = {"fps_mode:v": "passthrough", "enc_time_base:v": TIME_BASE, **_BARE}


def _output(path: Path, *streams: Any, **options: Any) -> Any:
    return ffmpeg.output(*streams, file_url(path), **options)


def _split(video: Any, twice: bool) -> tuple[Any, Any]:
    if not twice:
        return video, None
    both = video.filter_multi_output("split", 2)
    return both.stream(0), both.stream(1)


def _gold_master(gold: Path, video: Any, opened: Any, facts: VideoFacts) -> Any:
    kept = [n for n, codec in enumerate(facts.audio_codecs) if codec]
    codecs = {
        f"c:a:{out}": "copy" if _MATROSKA_AUDIO.fullmatch(facts.audio_codecs[n]) else "flac"
        for out, n in enumerate(kept)
    }
    return _output(
        gold,
        video,
        *(opened[f"a:{n}"] for n in kept),
        max_muxing_queue_size=4096,
        **_VIDEO,
        **GOLD_MASTER_VIDEO,
        **codecs,
    )


def first_sound(facts: VideoFacts) -> int:
    """Number, among the audio streams, of the first one that can be decoded."""
    return next((n for n, codec in enumerate(facts.audio_codecs) if codec), 0)


def _shown(video: Any, facts: VideoFacts) -> Any:
    """The picture as a browser shall show it: scaled in its stored position (fewer pixels are
    turned then), upright, square pixels, BT.709 in limited range, tagged so."""
    width, height = proxy_size(facts)
    if facts.rotation in (90, 270):
        width, height = height, width
    colors: dict[str, Any] = {"out_color_matrix": "bt709", "out_range": "tv"}
    if not _is_rgb(facts.pixel_format):
        untagged = "bt709" if facts.height > 576 else "smpte170m"
        colors["in_color_matrix"] = _SCALE_MATRICES.get(facts.color_space or untagged, "auto")
        full = facts.color_range == "pc" or facts.pixel_format.startswith("yuvj")
        colors["in_range"] = "pc" if full else "tv"
    video = video.filter("scale", width, height, flags="bicubic+accurate_rnd", **colors)
    return (
        upright(video.filter("format", "yuv420p"), facts.rotation)
        .filter("setsar", 1)
        .filter(
            "setparams",
            range="tv",
            colorspace="bt709",
            color_primaries="bt709",
            color_trc="bt709",
        )
    )


_SCALE_MATRICES = {
    name: name for name in ("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc")
} | {"bt2020c": "bt2020nc"}
"""Our names of matrices that ffmpeg's scale filter knows."""


def _is_rgb(pixel_format: str) -> bool:
    return av.VideoFormat(pixel_format).is_rgb


def _start_audio_at(audio: Path, first_ticks: int) -> None:
    """Cuts or pads the start of a WAV that begins at the source's time 0, so that it begins with
    the first video frame."""
    skip = round(first_ticks * AUDIO_RATE / TICKS_PER_SECOND)
    if skip == 0:
        return
    moved = audio.with_suffix(".moved")
    with wave.open(str(audio), "rb") as before, wave.open(str(moved), "wb") as after:
        after.setparams(before.getparams())
        after.writeframesraw(bytes(max(0, -skip) * before.getsampwidth()))
        before.setpos(min(max(0, skip), before.getnframes()))
        while samples := before.readframes(1 << 20):
            after.writeframesraw(samples)
    moved.replace(audio)


def _check_counts(source: Path, frames: int, proxy: Path | None, small: Path | None) -> None:
    counts = {"decoded": frames}
    if proxy:
        counts["review proxy"] = len(read_frame_index(proxy))
    if small:
        counts["frame scores"] = len(scores.open_scores(small))
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise HeatersError(f"The products of {source.name} disagree on its frames: {said}.")
