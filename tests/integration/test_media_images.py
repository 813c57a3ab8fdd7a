"""Image files: a film of one frame, or of all that it is animated with; else one true sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.transcode import Product, transcode
from tests.footage import STALL_SECONDS, numbered_picture, remake
from tests.integration.test_media_footage import UPRIGHT, ingest, numbers, pictures
from tests.integration.test_media_orientation import apart, stands

FRAMES = 5


def save(out: Path, frames: int, **options: Any) -> Path:
    first, *others = [Image.fromarray(numbered_picture(n, 320, 180)) for n in range(frames)]
    animated = {"save_all": True, "append_images": others, "duration": 40} if others else {}
    first.save(out, **animated, **options)
    return out


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        *(("film.gif", FRAMES), ("film.png", FRAMES)),
        *((f"image.{suffix}", 1) for suffix in ("gif", "png", "jpg", "webp", "avif", "bmp", "jp2")),
        *((f"image.{suffix}", 1) for suffix in ("ppm", "tiff", "tga")),
    ],
)
def test_an_image_is_a_film_of_its_frames(name: str, frames: int, tmp_path: Path) -> None:
    film = save(tmp_path / name, frames)
    done = ingest(film, tmp_path)
    made = done.made
    assert made.frame_count == frames
    assert made.gold_master and made.review_proxy
    assert made.damage is None
    assert numbers(made.review_proxy) == list(range(frames))
    for gold in (made.gold_master, film):
        clip = done.export(frames - 1, frames, tmp_path / "clip.mp4", gold)
        assert numbers(clip) == [frames - 1]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_as_its_exif_says(orientation: int, suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = save(tmp_path / f"photo.{suffix}", 1, exif=exif)
    made = transcode(
        photo,
        probe(photo),
        tmp_path,
        frozenset({Product.REVIEW_PROXY}),
        stall_seconds=STALL_SECONDS,
    )
    assert made.review_proxy
    with Image.open(photo) as stored:
        wanted = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    (shown,) = pictures(made.review_proxy)
    assert stands(shown, wanted) == UPRIGHT
    assert apart(shown, wanted) < 10


def jpeg_xl(folder: Path) -> Path:
    return remake(save(folder / "image.png", 1), folder / "image.jxl", **{"frames:v": 1})


def vector(folder: Path) -> Path:
    image = folder / "image.svg"
    image.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    return image


def several(folder: Path) -> Path:
    """A name that stands for all the numbered files of its folder."""
    for name in ("image1.jpg", "image2.jpg"):
        save(folder / name, 1)
    return save(folder / "image%d.jpg", 1)


def with_transparency(folder: Path) -> Path:
    image = folder / "glass.avif"
    Image.new("RGBA", (64, 64), (200, 60, 50, 100)).save(image)
    return image


PARTS = (
    "is an AVIF or HEIF image in several parts (an animation, tiles or transparency), of which only"
    " one can be read: convert it to a video first."
)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda folder: save(folder / "film.webp", FRAMES),
            "film.webp is an animated WebP, which can't be decoded: convert it to a video first.",
        ),
        (
            lambda folder: save(folder / "film.webp", FRAMES, lossless=True),
            "film.webp is an animated WebP, which can't be decoded: convert it to a video first.",
        ),
        (lambda folder: save(folder / "film.avif", FRAMES), f"film.avif {PARTS}"),
        (with_transparency, f"glass.avif {PARTS}"),
        (
            jpeg_xl,
            "image.jxl is an image of a kind that can't be decoded (jpegxl): "
            "convert it to a video first.",
        ),
        (
            vector,
            "image.svg is not a video: it holds text, check that it is the file you meant.",
        ),
        (
            lambda folder: save(folder / "image.png", 1).rename(folder / "film.mp4"),
            "film.mp4 is an image with the name of a film: give the film itself, or rename it.",
        ),
        (
            lambda folder: save(folder / "image.jpg", 1).rename(folder / "film.MKV"),
            "film.MKV is an image with the name of a film: give the film itself, or rename it.",
        ),
        (
            several,
            "image%d.jpg is an image with a % in its path, which stands for numbered files: "
            "rename it.",
        ),
    ],
)
def test_an_image_that_would_lose_something_is_refused(
    make: Any, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        probe(make(tmp_path))
    assert str(caught.value) == sentence


def test_a_damaged_webp_is_not_called_animated(tmp_path: Path) -> None:
    image = save(tmp_path / "image.webp", 1)
    image.write_bytes(image.read_bytes()[:40])
    with pytest.raises(InputError) as caught:
        probe(image)
    assert "damaged" in str(caught.value)


def test_light_in_floating_point_is_refused(tmp_path: Path) -> None:
    """FFV1 has no stable version that keeps it."""
    image = remake(
        save(tmp_path / "image.png", 1), tmp_path / "image.exr", **{"update": 1, "frames:v": 1}
    )
    with pytest.raises(InputError, match="FFV1 can't keep the pixel format gbrpf32le without loss"):
        transcode(image, probe(image), tmp_path, frozenset(Product), stall_seconds=STALL_SECONDS)
