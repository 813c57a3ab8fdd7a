"""One decode of the source, three products: gold master, review proxy, thumbnails. The proxy
has its audio and its sprite sheets beside it.

Frames pass through: each frame that ffmpeg presents (edit lists applied) becomes one frame of
every product, in the same order.
"""

from __future__ import annotations

import re
import shutil
import wave
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg

from heaters_pipeline.domain.damage import Damage
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.media.ffmpeg.checksums import (
    FRAMECRC_OPTIONS,
    ONE_BY_ONE,
    TIME_BASE,
    read_checksums,
)
from heaters_pipeline.media.ffmpeg.damage import Complaints, assess
from heaters_pipeline.media.ffmpeg.filters import copies, exact, shown
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import (
    Options,
    Progress,
    ProgressCallback,
    file_url,
    input_file,
    run,
)
from heaters_pipeline.media.ffmpeg.tee import tee
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.media.products.growing import Growing, SegmentCut, Segments
from heaters_pipeline.media.products.levels import append_levels
from heaters_pipeline.media.products.sprites import SPRITES_VIDEO, read_sprites, sheets_of
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, open_thumbnails

AUDIO_RATE = 24_000


class Product(StrEnum):
    """What a transcode can make, by the names of the assets."""

    GOLD_MASTER = "gold_master"
    REVIEW_PROXY = "review_proxy"
    FRAME_SCORES = "frame_scores"
    """The thumbnails: cut detectors score the frames by them."""


class GoldMaster(StrEnum):
    """What exports are cut from. `FFV1`: a file of its own, every frame lossless and by itself.
    `COPY`: the source itself, which costs no byte. (A remux would bring back frames that an edit
    list hides, and lose timestamps.)"""

    FFV1 = "ffv1"
    COPY = "copy"


@dataclass(frozen=True)
class Transcoded:
    """Paths of the wanted products; the rest is None."""

    frame_count: int
    gold_master: Path | None = None
    """None also where the source itself is the gold master."""
    frame_checksums: Path | None = None
    review_proxy: Path | None = None
    proxy_audio: Path | None = None
    """None also where the source has no audio."""
    sprites: Path | None = None
    """Of the proxy, with `sprite_index`."""
    sprite_index: SpriteIndex | None = None
    thumbnails: Path | None = None
    damage: Damage | None = None


GOLD_MASTER_VIDEO: Options = {
    "c:v": "ffv1",
    "level": 3,
    "g": 1,
    "coder": "rice",
    "context": 0,
    "slices": 4,
    "slicecrc": 1,
}
"""Golomb-Rice with the small context model costs a fifth to a third less CPU than the range coder,
for 4 to 11 % more bytes (docs/benchmarks.md). Four slices share a frame between cores; more cost
time and bytes."""

REVIEW_PROXY_VIDEO: Options = {
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
}
"""Every frame an IDR picture of 4 slices, on which a decoder can work at once."""

REVIEW_PROXY_FILE: Options = {
    "video_track_timescale": TICKS_PER_SECOND,
    "use_editlist": 0,
    "movflags": "+faststart",
}

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
"""Times increase by a millisecond at least: Matroska keeps no finer time, and each frame of a gold
master must be reachable by its time. A frame without a time follows at the nominal rate."""


def transcode(
    source: Path,
    facts: VideoFacts,
    folder: Path,
    wanted: frozenset[Product],
    on_progress: ProgressCallback | None = None,
    *,
    gold: GoldMaster = GoldMaster.FFV1,
    limits: FilmLimits | None = None,
    segments: Segments | None = None,
    stall_seconds: float,
) -> Transcoded:
    """Writes the wanted products into `folder` in one ffmpeg run. With `segments` the samples of
    the proxy are also there while the run goes on.

    Raises InputError where nothing can be decoded, the image changes its size or pixel format
    in mid-stream, or more comes out than `limits` allow; HeatersError for the rest (full disk,
    stall, products that disagree on the number of frames). Nothing is left in `folder` then.
    """
    if not wanted:
        raise ValueError("no product wanted")
    files = _Files.of(wanted, gold, facts, folder)
    complaints = Complaints(source)
    # Decoders round sizes up.
    bound = {"max_pixels": round(2 * limits.pixels)} if limits else {}

    def check(frames: int) -> None:
        if limits:
            limits.check_frames(source.name, frames)
            limits.check_growth(source.name, source.stat().st_size, files.size())

    def watch(progress: Progress) -> None:
        check(progress.frames_done)
        if on_progress:
            on_progress(progress)

    parts = folder / "segments"
    cut = SegmentCut(parts, segments.seconds) if segments else None

    def decode(*, copies_audio: bool = True, **decoding: Any) -> None:
        if segments:
            shutil.rmtree(parts, ignore_errors=True)
            parts.mkdir()
        with segments.follow(files.growing(parts)) if segments else nullcontext():
            run(
                _graph(
                    input_file(source, **bound, **facts.decoding, **decoding),
                    facts,
                    files,
                    copies_audio,
                    cut,
                ),
                what=f"transcode {source.name}",
                on_progress=watch,
                on_message=complaints,
                stall_seconds=stall_seconds,
            )

    try:
        try:
            decode()
        except InputError:
            if not complaints.of_copied_audio:
                raise
            decode(copies_audio=False)
        if complaints.any and Product.GOLD_MASTER in wanted and gold is GoldMaster.COPY:
            # Exports must find these frames again: see ONE_BY_ONE.
            decode(**ONE_BY_ONE)
        ticks = read_checksums(files.checksums).ticks
        if not len(ticks):
            raise InputError(
                f"{source.name} has no frame that can be decoded: the file is damaged, "
                "copy or download it again."
            )
        check(len(ticks))
        if files.audio:
            _start_audio_at(files.audio, int(ticks[0]))
            append_levels(files.audio, stall_seconds=stall_seconds)
        _check_counts(source, len(ticks), files)
        sprite_index = read_sprites(files.sprites, facts, ticks) if files.sprites else None
        damage = assess(source, facts, ticks, complaints=complaints.any)
    except BaseException:
        for path in files:
            if path:
                path.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    keeps_checksums = Product.GOLD_MASTER in wanted
    if not keeps_checksums:
        files.checksums.unlink()
    return Transcoded(
        frame_count=len(ticks),
        gold_master=files.gold_master,
        frame_checksums=files.checksums if keeps_checksums else None,
        review_proxy=files.proxy,
        proxy_audio=files.audio,
        sprites=files.sprites,
        sprite_index=sprite_index,
        thumbnails=files.thumbnails,
        damage=damage,
    )


class _Files(NamedTuple):
    """The files that a run writes; None for those that are not wanted."""

    checksums: Path
    """Written by every run: they count its frames."""
    gold_master: Path | None
    proxy: Path | None
    audio: Path | None
    sprites: Path | None
    thumbnails: Path | None

    def growing(self, parts: Path) -> Growing:
        """The files whose beginnings can be read while the run goes on."""
        if not (self.proxy and self.thumbnails):
            raise ValueError("segments are of a proxy with thumbnails")
        return Growing(parts, self.checksums, self.thumbnails)

    def size(self) -> int:
        """Bytes that have been written."""
        return sum(path.stat().st_size for path in self if path and path.exists())

    @classmethod
    def of(
        cls, wanted: frozenset[Product], gold: GoldMaster, facts: VideoFacts, folder: Path
    ) -> _Files:
        makes_gold = Product.GOLD_MASTER in wanted and gold is GoldMaster.FFV1
        makes_proxy = Product.REVIEW_PROXY in wanted
        return cls(
            folder / "frame_checksums.txt",
            folder / "gold_master.mkv" if makes_gold else None,
            folder / "proxy.mp4" if makes_proxy else None,
            folder / "proxy_audio.wav" if makes_proxy and facts.has_audio else None,
            folder / "sprites.mov" if makes_proxy else None,
            folder / "thumbnails.rgb" if Product.FRAME_SCORES in wanted else None,
        )


def _graph(
    opened: Any, facts: VideoFacts, files: _Files, copies_audio: bool, cut: SegmentCut | None
) -> Any:
    frame_ticks = round(TICKS_PER_SECOND / facts.rate)
    stored, image = _split(
        opened["V:0"]
        .filter("settb", f"1/{TICKS_PER_SECOND}")
        .filter("setpts", _TIMESTAMPS.format(frame_ticks=frame_ticks)),
        bool(files.proxy or files.thumbnails),
    )
    stored = exact(stored, facts)
    stored, checked = _split(stored, True) if files.gold_master else (None, stored)
    # Lines are short: without it, hundreds of them wait in a buffer.
    at_once = {"flush_packets": 1} if cut else {}
    outputs = [_output(files.checksums, checked, **FRAMECRC_OPTIONS, **at_once)]
    if files.gold_master:
        outputs.append(_gold_master(files.gold_master, stored, opened, facts, copies_audio))
    if files.proxy or files.thumbnails:
        image, reduced = _split(shown(image, facts), bool(files.proxy and files.thumbnails))
        reduced = reduced or image
    if files.proxy:
        image, tiled = _split(image.filter("setpts", "PTS-STARTPTS"), bool(files.sprites))
        outputs.append(_proxy(files.proxy, image, cut))
    if files.sprites:
        outputs.append(_output(files.sprites, sheets_of(tiled, facts), **_VIDEO, **SPRITES_VIDEO))
    if files.audio:
        audio = opened[f"a:{facts.first_audio}"].filter(
            "aresample", AUDIO_RATE, ochl="mono", osf="s16", first_pts=0, **{"async": 1}
        )
        outputs.append(_output(files.audio, audio, **_BARE, **{"c:a": "pcm_s16le"}))
    if files.thumbnails:
        reduced = reduced.filter("scale", WIDTH, HEIGHT, flags="area")
        outputs.append(
            _output(files.thumbnails, reduced, **_VIDEO, format="rawvideo", pix_fmt="rgb24")
        )
    return ffmpeg.merge_outputs(*outputs)


_BARE: Options = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact"}
"""The same input gives the same bytes: no dates, no random ids, no foreign tags."""

_VIDEO: Options = {"fps_mode:v": "passthrough", "enc_time_base:v": TIME_BASE, **_BARE}


def _output(path: Path, *streams: Any, **options: Any) -> Any:
    return ffmpeg.output(*streams, file_url(path), **options)


def _proxy(proxy: Path, image: Any, cut: SegmentCut | None) -> Any:
    if cut is None:
        return _output(proxy, image, **_VIDEO, **REVIEW_PROXY_VIDEO, **REVIEW_PROXY_FILE)
    both = tee((proxy, {"f": "mp4", **REVIEW_PROXY_FILE}), cut.output)
    return ffmpeg.output(
        image, both, f="tee", **_VIDEO, **REVIEW_PROXY_VIDEO, **{"flags:v": "+global_header"}
    )


def _split(video: Any, is_wanted: bool) -> tuple[Any, Any]:
    if not is_wanted:
        return video, None
    one, other = copies(video, 2)
    return one, other


def _gold_master(gold: Path, video: Any, opened: Any, facts: VideoFacts, copies_audio: bool) -> Any:
    kept = [n for n, codec in enumerate(facts.audio_codecs) if codec]
    codecs = {
        f"c:a:{out}": "copy"
        if copies_audio
        and n not in facts.late_audio
        and _MATROSKA_AUDIO.fullmatch(facts.audio_codecs[n])
        else "flac"
        for out, n in enumerate(kept)
    }
    return _output(
        gold,
        video,
        *(opened[f"a:{n}"] for n in kept),
        max_muxing_queue_size=4096,
        **_VIDEO,
        **_gold_master_video(facts),
        **codecs,
    )


def _gold_master_video(facts: VideoFacts) -> Options:
    """GOLD_MASTER_VIDEO for this footage. Without its tag, ffmpeg would squeeze full range into the
    limited one. FFV1 refuses to cut odd sizes of 4:2:0 in four, and slices of more than 2**22
    pixels (8K has 33 million): there it chooses the slices itself, the same on every machine."""
    options = dict(GOLD_MASTER_VIDEO)
    if facts.is_full_range and not facts.is_rgb:
        options["color_range:v"] = "pc"
    if facts.width % 2 or facts.height % 2 or facts.width * facts.height > 1 << 24:
        del options["slices"]
    return options


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


def _check_counts(source: Path, frames: int, files: _Files) -> None:
    counts = {"decoded": frames}
    if files.proxy:
        counts["review proxy"] = len(read_frame_index(files.proxy))
    if files.thumbnails:
        counts["thumbnails"] = len(open_thumbnails(files.thumbnails))
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise HeatersError(f"The products of {source.name} disagree on its frames: {said}.")
