"""Encoding a broken merge again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ffmpeg
import pytest

from heaters_pipeline.media.download.merge_check import find_flaw, picture_span
from heaters_pipeline.media.download.normalise import normalise
from heaters_pipeline.media.ffmpeg.process import file_url, run
from tests.footage import STALL_SECONDS

PICTURE_SECONDS = 6


def merged(path: Path, sound_seconds: float) -> Path:
    picture = ffmpeg.input(f"testsrc2=s=640x360:r=25:d={PICTURE_SECONDS}", format="lavfi")
    sound = ffmpeg.input(f"sine=d={sound_seconds}", format="lavfi")
    written = ffmpeg.output(
        picture, sound, file_url(path), vcodec="libx264", preset="ultrafast", acodec="aac"
    )
    run(written, what="merge", stall_seconds=STALL_SECONDS)
    return path


@pytest.mark.parametrize("sound_seconds", [2, 11])
def test_sound_ends_with_the_picture_however_busy_the_machine_is(
    sound_seconds: float, tmp_path: Path
) -> None:
    source = merged(tmp_path / "merged.mkv", sound_seconds)
    assert "its sound ends" in str(find_flaw(source, sound=True))
    span = picture_span(source)
    assert span == pytest.approx((0, PICTURE_SECONDS), abs=0.1)

    def flaw(number: int) -> str | None:
        out = tmp_path / f"{number}.mp4"
        normalise(source, out, sound=True, end_seconds=span[1], stall_seconds=STALL_SECONDS)
        return find_flaw(out, sound=True, expected_seconds=PICTURE_SECONDS)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(flaw, range(12))) == [None] * 12
