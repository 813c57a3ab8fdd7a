"""The media layer's arithmetic: sizes, formats, numbers, checksums."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.clips.embeddings import mean_vector
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.ffmpeg.checksums import CHECKSUM_TYPE, read_checksums
from heaters_pipeline.media.ffmpeg.filters import lossless_format, proxy_size, tile_size
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from tests.footage import numbered_picture, read_number

FACTS = VideoFacts(
    width=640,
    height=360,
    rate=Fraction(25),
    duration_seconds=4.0,
    has_audio=False,
    orientation=Orientation(),
    sample_aspect=Fraction(1),
    pixel_format="yuv420p",
    color_space=None,
    color_range=None,
)


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (640, 360)),
        ({"width": 1920, "height": 1080}, (1280, 720)),
        ({"width": 1920, "height": 1080, "orientation": Orientation(90)}, (404, 720)),
        ({"sample_aspect": Fraction(2)}, (1280, 360)),
        ({"sample_aspect": Fraction(2), "orientation": Orientation(270)}, (202, 720)),
        ({"width": 720, "height": 576, "sample_aspect": Fraction(16, 15)}, (768, 576)),
        ({"width": 641, "height": 361}, (640, 360)),
        ({"width": 1, "height": 1}, (2, 2)),
        ({"width": 853, "height": 479}, (852, 480)),
        ({"width": 7680, "height": 4320}, (1280, 720)),
        ({"width": 4000, "height": 16}, (4000, 16)),
        ({"width": 16000, "height": 64}, (4096, 16)),
    ],
)
def test_proxy_is_upright_with_square_pixels_and_of_a_size_to_play(
    changes: dict[str, object], size: tuple[int, int]
) -> None:
    width, height = proxy_size(replace(FACTS, **changes))
    assert height <= 720 and width <= 4096
    assert width % 2 == height % 2 == 0
    assert (width, height) == size


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (160, 90)),
        ({"width": 1920, "height": 1080, "orientation": Orientation(90)}, (90, 160)),
        ({"sample_aspect": Fraction(2)}, (160, 44)),
        ({"width": 101, "height": 57}, (100, 56)),
        ({"width": 1, "height": 1}, (2, 2)),
        ({"width": 4000, "height": 16}, (160, 2)),
    ],
)
def test_tiles_fit_a_small_square_and_are_never_larger_than_the_proxy(
    changes: dict[str, object], size: tuple[int, int]
) -> None:
    assert tile_size(replace(FACTS, **changes)) == size


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("yuv420p", "yuv420p"),
        ("yuvj420p", "yuv420p"),
        ("yuv420p10le", "yuv420p10le"),
        ("nv12", "yuv420p"),
        ("rgb24", "bgra"),
        ("bgr0", "bgra"),
        ("pal8", "bgra"),
        ("rgb555le", "bgra"),
        ("yuv422p10le", "yuv422p10le"),
        ("yuva444p12le", "yuva444p12le"),
        ("gray", "gray"),
    ],
)
def test_gold_master_keeps_every_bit_of_the_pixel_format(source: str, kept: str) -> None:
    assert lossless_format(source) == kept


def test_checksums_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "frame_checksums.txt"
    file.write_text(
        "#software: Lavf\n#tb 0: 1/90000\n#media_type 0: video\n"
        "0,          0,          0,     3600,    38016, 0x0000abcd\n"
        "0,       3600,       3600,     3600,    38016, 0xffffffff, S=1, 8, 0x1\n"
    )
    checksums = read_checksums(file)
    assert checksums.dtype.names == CHECKSUM_TYPE.names
    assert checksums.tolist() == [(0, 0xABCD), (3600, 0xFFFFFFFF)]
    assert checksums[1].crc == 0xFFFFFFFF


@pytest.mark.parametrize("text", ["#tb 0: 1/25\n", "0, 1\n", "nonsense\n"])
def test_damaged_checksums_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "frame_checksums.txt"
    file.write_text(text)
    with pytest.raises(HeatersError):
        read_checksums(file)


def test_thumbnails_of_half_a_frame_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "thumbnails.rgb"
    file.write_bytes(bytes(3888 * 2))
    assert open_thumbnails(file).shape == (2, 27, 48, 3)
    file.write_bytes(bytes(3888 + 1))
    with pytest.raises(HeatersError, match="whole number of frames"):
        open_thumbnails(file)


def test_mean_vector_has_length_one() -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    assert mean_vector(rows) == pytest.approx([2**-0.5, 2**-0.5, 0])


@pytest.mark.parametrize("number", [0, 1, 1234, 0xAAAA, 0xFFFF])
def test_numbers_in_footage_survive_any_size(number: int) -> None:
    assert read_number(numbered_picture(number, 320, 180, scene=number % 6)) == number
    assert read_number(numbered_picture(number, 48, 27)) == number


def test_adaptive_detector_finds_cuts_however_close() -> None:
    scenes = [20] * 30 + [220] * 5 + [90] * 40 + [160] * 30
    frames = np.array(scenes, dtype=np.uint8)[:, None, None, None].repeat(27, 1).repeat(48, 2)
    frames = frames.repeat(3, 3)
    assert open_detector("adaptive").detect(frames, Fraction(25)).cuts() == [30, 35, 75]
