"""The loudness by which the page levels clips, against ffmpeg's `ebur128`."""

from __future__ import annotations

import re
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.media.products.levels import append_levels
from review_app.presenters import wav
from tests.conftest import CHECKOUT
from tests.footage import STALL_SECONDS

RATE = 24_000
LEVELS_JS = CHECKOUT / "review_app" / "static" / "player" / "levels.js"


def drawn_sound(path: Path) -> Path:
    """Speech, as it were: noise that comes and goes, 30 s of it, louder in the last third."""
    chance = np.random.default_rng(1)
    times = np.arange(30 * RATE) / RATE
    swell = np.abs(np.sin(times * 2.1)) * np.where(times > 20, 0.5, 0.1)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        samples = chance.normal(0, 0.3, len(times)) * swell
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def film_sound(film: Path, path: Path) -> Path:
    command = [ffmpeg_binary(), "-v", "error", "-i", str(film), "-ac", "1", "-ar", str(RATE)]
    subprocess.run([*command, str(path)], check=True)
    return path


def page_loudness(audio: bytes, start: float, end: float) -> float:
    """What the page makes of the levels that the server sends for this stretch."""
    layout = wav.read_layout(audio[: wav.LONGEST_HEADER])
    data_end = layout.data_start + layout.data_bytes
    first = wav.levels_start(layout, audio[data_end : data_end + 16])
    assert first is not None
    samples = range(round(start * RATE), round(end * RATE))
    records = wav.records_within(layout, samples)
    content = audio[first + records.start * 7 : first + records.stop * 7]
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's loudness goes untested")
    script = f"""
      const {{ Levels }} = await import({str(LEVELS_JS)!r});
      const bytes = new Uint8Array(require('node:fs').readFileSync(0));
      console.log(new Levels(bytes.buffer).loudness);
    """
    done = subprocess.run(
        [node, "-e", f"(async () => {{{script}}})()"],
        input=wav.levels_header(layout, samples, records) + content,
        capture_output=True,
        check=True,
    )
    return float(done.stdout)


def ffmpeg_loudness(audio: Path, start: float, end: float) -> float:
    command = [ffmpeg_binary(), "-nostdin", "-i", str(audio)]
    cut = f"atrim={start}:{end},ebur128"
    done = subprocess.run(
        [*command, "-af", cut, "-f", "null", "-"], capture_output=True, text=True, check=True
    )
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])


def assert_levels_are_right(audio: Path) -> None:
    with wave.open(str(audio)) as before:
        seconds, samples = before.getnframes() / RATE, before.readframes(before.getnframes())
    append_levels(audio, stall_seconds=STALL_SECONDS)
    with wave.open(str(audio)) as after:
        assert after.readframes(after.getnframes()) == samples
    for start, end in ((0, seconds), (3.33, 9.1), (seconds / 2, seconds / 2 + 1.57)):
        expected = ffmpeg_loudness(audio, start, end)
        assert page_loudness(audio.read_bytes(), start, end) == pytest.approx(expected, abs=1)


def test_loudness_of_clips_is_that_of_ebur128(tmp_path: Path) -> None:
    assert_levels_are_right(drawn_sound(tmp_path / "sound.wav"))


@pytest.mark.parametrize("name", ["shots_a.mp4", "pursuit.mp4"])
def test_loudness_of_real_sound_is_that_of_ebur128(
    name: str, media_folder: Path, tmp_path: Path
) -> None:
    assert_levels_are_right(film_sound(media_folder / name, tmp_path / "sound.wav"))
