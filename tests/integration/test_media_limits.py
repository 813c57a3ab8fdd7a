"""Films that would take too much, refused by their headers or, where those lie, while decoding."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import av
import pytest

from heaters_pipeline.domain import film_limits
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.media.download.fetch import download
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.media.products.transcode import Product, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, remake
from tests.site import OPEN, Site

FRAMES = 30
SIZE = 320 * 180
WIDE = FilmLimits(pixels=SIZE, frames=FRAMES, growth=1000)


def refusal(film: Path, limits: FilmLimits, folder: Path, wanted: frozenset[Product]) -> str:
    """Of the transcode of a film that its headers give no reason to refuse. Nothing is left."""
    facts = probe(film, limits)
    out = folder / "out"
    out.mkdir()
    with pytest.raises(InputError) as caught:
        transcode(film, facts, out, wanted, limits=limits, stall_seconds=STALL_SECONDS)
    assert list(out.iterdir()) == []
    return str(caught.value)


def test_headers_are_judged_before_a_frame_is_decoded(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", FRAMES, audio=False)
    with av.open(file_url(film)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(film.read_bytes())
    for position, size in packets:
        data[position : position + size] = b"\xff" * size
    film.write_bytes(data)
    with pytest.raises(InputError, match="no frame that can be decoded"):
        probe(film, WIDE)
    with pytest.raises(InputError, match="raise HEATERS_MAX_FRAME_MEGAPIXELS"):
        probe(film, dataclasses.replace(WIDE, pixels=SIZE - 1))
    with pytest.raises(InputError, match="raise HEATERS_MAX_SOURCE_FRAMES"):
        probe(film, dataclasses.replace(WIDE, frames=FRAMES - 1))


@pytest.mark.parametrize(
    ("name", "codec"), [("film.webm", "libvpx-vp9"), ("film.avi", "mjpeg"), ("image.png", "png")]
)
def test_the_size_is_judged_in_any_container(name: str, codec: str, tmp_path: Path) -> None:
    source = make_numbered_film(tmp_path / "film.mp4", 1, audio=False)
    film = remake(source, tmp_path / name, vcodec=codec, **{"frames:v": 1})
    probe(film, WIDE)
    with pytest.raises(InputError, match="has frames of 320x180 pixels, more than"):
        probe(film, dataclasses.replace(WIDE, pixels=SIZE - 1))


def test_larger_frames_further_on_are_never_decoded(tmp_path: Path) -> None:
    small = make_numbered_film(tmp_path / "small.ts", 3, size=(64, 36), audio=False)
    large = make_numbered_film(tmp_path / "large.ts", 3, audio=False)
    film = tmp_path / "film.ts"
    film.write_bytes(small.read_bytes() + large.read_bytes())
    limits = dataclasses.replace(WIDE, pixels=64 * 36)
    said = refusal(film, limits, tmp_path, frozenset({Product.REVIEW_PROXY}))
    assert said.startswith("film.ts has frames of 320x1")
    assert said.endswith(
        "pixels, more than are allowed: raise HEATERS_MAX_FRAME_MEGAPIXELS to take it."
    )


@pytest.mark.parametrize("product", Product)
def test_frames_that_no_header_counts_are_counted(product: Product, tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mkv", FRAMES, audio=False)
    limits = dataclasses.replace(WIDE, frames=FRAMES - 1)
    said = refusal(film, limits, tmp_path, frozenset({product}))
    assert "more than the 29 frames that are allowed: raise HEATERS_MAX_SOURCE_FRAMES" in said


def test_a_film_without_end_is_not_decoded_to_its_end(tmp_path: Path) -> None:
    counts: list[int] = []

    class Counted(FilmLimits):
        def check_frames(self, name: str, frames: int) -> None:
            counts.append(frames)
            super().check_frames(name, frames)

    times = 1000
    short = make_numbered_film(tmp_path / "short.mkv", FRAMES, audio=False)
    film = remake(short, tmp_path / "film.mkv", times=times, c="copy")
    limits = Counted(pixels=SIZE, frames=FRAMES, growth=1000)
    assert "HEATERS_MAX_SOURCE_FRAMES" in refusal(film, limits, tmp_path, frozenset(Product))
    assert FRAMES < counts[-1] < FRAMES * times / 2


def test_products_that_outgrow_their_source_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_numbered_film(tmp_path / "film.mkv", FRAMES, audio=False)
    limits = dataclasses.replace(WIDE, growth=0.5)
    made = tmp_path / "made"
    made.mkdir()
    transcode(
        film, probe(film), made, frozenset(Product), limits=limits, stall_seconds=STALL_SECONDS
    )
    monkeypatch.setattr(film_limits, "SMALL", 0)
    said = refusal(film, limits, tmp_path, frozenset(Product))
    assert f"its {film.stat().st_size:,} bytes: raise HEATERS_MAX_GROWTH to take it." in said


def test_a_merge_beyond_the_limits_is_neither_checked_nor_encoded(
    site: Site, tmp_path: Path
) -> None:
    options = dataclasses.replace(OPEN, film_limits=dataclasses.replace(WIDE, pixels=10))
    video = look_up(site.url("short-sound.mpd"), options)
    assert isinstance(video, WebVideo)
    with pytest.raises(InputError, match="raise HEATERS_MAX_FRAME_MEGAPIXELS to take it"):
        download(video, tmp_path, options)
    assert list(tmp_path.iterdir()) == []
