"""Encoding a broken merge again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ffmpeg
import pytest

from heaters_pipeline.media.download.merge_check import find_flaw, video_span
from heaters_pipeline.media.download.normalise import normalise
from heaters_pipeline.media.ffmpeg.process import file_url, run
from tests.footage import STALL_SECONDS

pytestmark = pytest.mark.long

VIDEO_SECONDS = 6


def merged(path: Path, audio_seconds: float) -> Path:
    video = ffmpeg.input(f"testsrc2=s=320x180:r=25:d={VIDEO_SECONDS}", format="lavfi")
    audio = ffmpeg.input(f"sine=d={audio_seconds}", format="lavfi")
    written = ffmpeg.output(
        video, audio, file_url(path), vcodec="libx264", preset="ultrafast", acodec="aac"
    )
    run(written, what="merge", stall_seconds=STALL_SECONDS)
    return path


@pytest.mark.parametrize("audio_seconds", [2, 11])
def test_audio_ends_with_the_video_however_busy_the_machine_is(
    audio_seconds: float, tmp_path: Path
) -> None:
    source = merged(tmp_path / "merged.mkv", audio_seconds)
    assert "its audio ends" in str(find_flaw(source, audio=True))
    span = video_span(source)
    assert span is not None
    assert span == pytest.approx((0, VIDEO_SECONDS), abs=0.1)

    def flaw(number: int) -> str | None:
        out = tmp_path / f"{number}.mp4"
        normalise(source, out, audio=True, end_seconds=span.end, stall_seconds=STALL_SECONDS)
        return find_flaw(out, audio=True, expected_seconds=VIDEO_SECONDS)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(flaw, range(4))) == [None] * 4
