"""Footage as it comes: odd containers, codecs, pixels, times. Each is handled, frame for frame."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.ffmpeg.checksums import verify_gold_master
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import file_url
from tests.footage import STALL_SECONDS, crop_in_container, make_numbered_film, remake
from tests.integration.test_media_footage import (
    EACH_FROM_BOTH,
    Ingested,
    assert_products_agree,
    count_frames,
    ingest,
    numbers,
    stored_pixels,
)

pytestmark = pytest.mark.long

FRAMES = 24

FILMS: dict[str, dict[str, Any]] = {
    "hevc.mp4": {
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "log-level=1"},
    },
    "hevc-ten-bits-422.mkv": {
        **{"codec": "libx265", "pixel_format": "yuv422p10le"},
        "options": {"preset": "ultrafast", "x265-params": "log-level=1"},
    },
    "vp9-odd-size.webm": {
        **{"codec": "libvpx-vp9", "audio_codec": "libopus", "size": (213, 119)},
        "options": {"deadline": "realtime", "cpu-used": "8", "b": "2000000"},
    },
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "crf": "30"}},
    "mpeg2.mpg": {
        "codec": "mpeg2video",
        "audio_codec": "mp2",
        "options": {"bf": "2", "b": "4000000"},
    },
    "mpeg2.ts": {
        "codec": "mpeg2video",
        "audio_codec": "mp2",
        "options": {"bf": "2", "b": "4000000"},
    },
    "prores.mov": {
        **{"codec": "prores_ks", "pixel_format": "yuv422p10le", "audio_codec": "pcm_s16le"},
        "options": {"profile": "standard"},
    },
    "prores-4444.mov": {
        **{"codec": "prores_ks", "pixel_format": "yuv444p10le", "audio": False},
        "options": {"profile": "4444"},
    },
    "flash.flv": {"options": {"preset": "ultrafast", "bf": "2"}},
    "motion-jpeg.avi": {
        **{"codec": "mjpeg", "pixel_format": "yuvj420p", "audio_codec": "pcm_s16le"},
        "options": {"qmin": "2", "qmax": "4"},
    },
    "four-two-two.mp4": {"pixel_format": "yuv422p"},
    "four-four-four.mp4": {"pixel_format": "yuv444p"},
    "lossless-rgb.mkv": {"codec": "ffv1", "pixel_format": "bgr0", "options": {}},
    "gray.mkv": {"codec": "ffv1", "pixel_format": "gray10le", "options": {}},
    "odd-size.mkv": {"codec": "ffv1", "size": (213, 119), "options": {}},
    "odd-size-turned.mp4": {
        "size": (320, 181),
        "orientation": Orientation(90),
        "pixel_format": "yuv444p",
    },
    "film.mp4": {"rate": Fraction(24)},
    "fast.mp4": {"rate": Fraction(120)},
    "fast.mkv": {"rate": Fraction(120000, 1001)},
    "portrait.mp4": {"size": (540, 960)},
    "ribbon.mkv": {"size": (4000, 16), "pixel_format": "yuv444p"},
    "open-gops.mp4": {
        "options": {"preset": "veryfast", "x264-params": "open-gop=1:keyint=8:bframes=3"},
    },
    "open-gops.ts": {
        "options": {"preset": "veryfast", "x264-params": "open-gop=1:keyint=8:bframes=3"},
    },
    "one-key-frame.mkv": {"options": {"preset": "ultrafast", "g": "1000", "bf": "2"}},
}


def assert_frame_exact(
    done: Ingested,
    wanted: list[int] | None,
    folder: Path,
    turns: Sequence[int],
    *,
    from_both: bool,
) -> None:
    """The products and the exports of both kinds of gold master have the `wanted` numbers, and
    as many frames as PyAV decodes of the source."""
    count = count_frames(done.source)
    assert done.made.frame_count == count
    assert not (done.made.damage and done.made.damage.frames)
    assert_products_agree(done)
    assert (
        verify_gold_master(done.source, done.checksums, folder, stall_seconds=STALL_SECONDS) == []
    )
    assert done.made.gold_master and done.made.review_proxy
    if not done.facts.is_rgb:  # kept in another order of bytes
        for before, after in zip(
            stored_pixels(done.source), stored_pixels(done.made.gold_master), strict=True
        ):
            assert before == after
    assert done.facts.is_full_range == probe(done.made.gold_master).is_full_range
    if wanted is not None:
        assert numbers(done.made.gold_master, done.facts.orientation) == wanted
        assert numbers(done.made.review_proxy) == wanted
    chance = random.Random(done.source.name)
    for turn in turns:
        start = chance.randrange(count)
        end = min(count, start + chance.randrange(1, 10))
        for gold in done.golds(turn, from_both):
            clip = done.export(start, end, folder / "clip.mp4", gold)
            shown = numbers(clip)
            assert len(shown) == end - start
            assert wanted is None or shown == wanted[start:end]


@EACH_FROM_BOTH
@pytest.mark.parametrize("name", FILMS)
def test_every_format_keeps_every_frame(name: str, from_both: bool, tmp_path: Path) -> None:
    source = make_numbered_film(tmp_path / name, FRAMES, scenes=[11], **FILMS[name])
    done = ingest(source, tmp_path)
    assert_frame_exact(done, list(range(FRAMES)), tmp_path, (0, 1), from_both=from_both)


def one_frame(folder: Path) -> tuple[Path, list[int]]:
    return make_numbered_film(folder / "one.mp4", 1), [0]


def tiny(folder: Path) -> tuple[Path, list[int] | None]:
    film = make_numbered_film(folder / "film.mp4", 5, audio=False)
    return remake(film, folder / "tiny.mkv", vf="scale=16:16", vcodec="libx264"), None


def eight_k(folder: Path) -> tuple[Path, list[int]]:
    return scaled_up(folder, 2, "7680:4320"), [0, 1]


def too_large_for_four_slices(folder: Path) -> tuple[Path, list[int]]:
    """By as few pixels as can be."""
    return scaled_up(folder, 1, "5464:3072"), [0]


def scaled_up(folder: Path, frames: int, size: str) -> Path:
    film = make_numbered_film(folder / "film.mp4", frames, audio=False)
    large = {"vf": f"scale={size}:flags=neighbor", "vcodec": "libx264", "preset": "ultrafast"}
    return remake(film, folder / "large.mp4", **large)


def cropped_by_its_container(folder: Path) -> tuple[Path, list[int]]:
    film = make_numbered_film(folder / "film.mp4", FRAMES, audio=False)
    return crop_in_container(film, 201, 121), list(range(FRAMES))


def edit_list(folder: Path) -> tuple[Path, list[int]]:
    """The list hides the frames between the key frame and the cut."""
    film = make_numbered_film(folder / "film.mp4", 60, options={"g": "20", "bf": "2"})
    return remake(film, folder / "edited.mp4", seek=1.2, c="copy"), list(range(30, 60))


def no_first_key_frame(folder: Path) -> tuple[Path, list[int]]:
    """A broadcast that was recorded from somewhere on: what precedes its first key frame has
    nothing to be predicted from."""
    film = make_numbered_film(folder / "film.ts", 60, options={"g": "20", "bf": "0"})
    data, packet = film.read_bytes(), 188
    cut = folder / "cut.ts"
    cut.write_bytes(data[len(data) // 6 // packet * packet :])
    return cut, list(range(20, 60))


def times_that_run_backwards(folder: Path) -> tuple[Path, list[int]]:
    film = make_numbered_film(
        folder / "film.mp4", FRAMES, codec="mpeg4", audio=False, options={"bf": "0", "g": "1"}
    )
    out = folder / "backwards.mkv"
    with av.open(file_url(film)) as before, av.open(str(out), "w") as after:
        video: Any = before.streams.video[0]
        copy: Any = after.add_stream_from_template(video)
        for number, packet in enumerate(before.demux(video)):
            if packet.size:
                step = int(1 / (25 * packet.time_base))
                packet.dts = number * step
                packet.pts = packet.dts + (10 - 6 * (number % 7 == 6)) * step
                packet.stream = copy
                after.mux_one(packet)
    return out, list(range(FRAMES))


def joined(folder: Path) -> tuple[Path, list[int]]:
    """Two recordings, one after the other: the second one's times begin again. (Where they meet,
    the transport stream's packets don't follow each other: one error, no damaged frame.)"""
    first = make_numbered_film(folder / "a.ts", FRAMES)
    again = folder / "joined.ts"
    again.write_bytes(first.read_bytes() * 2)
    return again, [*range(FRAMES), *range(FRAMES)]


@pytest.mark.parametrize(
    "make",
    [
        *(one_frame, tiny, edit_list, cropped_by_its_container, no_first_key_frame),
        *(times_that_run_backwards, joined, too_large_for_four_slices),
        pytest.param(eight_k, marks=pytest.mark.whole),
    ],
)
def test_every_oddity_keeps_every_frame(
    make: Callable[[Path], tuple[Path, list[int] | None]], tmp_path: Path
) -> None:
    source, wanted = make(tmp_path)
    assert_frame_exact(ingest(source, tmp_path), wanted, tmp_path, (0,), from_both=True)
