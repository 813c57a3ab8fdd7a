"""A finished export is read back, and whatever is wrong with it is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import ffmpeg
import numpy as np
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.proof import MOST_LAG
from heaters_pipeline.media.ffmpeg.process import file_url, run
from tests.footage import STALL_SECONDS, make_numbered_film
from tests.integration.test_media_footage import Ingested, ingest
from tests.proofs import prove

START, END = 10, 60
BEEPS = r"0.4*(random(0)-0.5)*lt(mod(t+0.1\,0.5)\,0.08)"
"""Bursts of noise, twice a second: their time is beyond doubt."""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("film")
    mute = make_numbered_film(folder / "mute.mp4", 75, audio=False, scenes=[30])
    film = folder / "film.mkv"
    beeps = ffmpeg.input(f"aevalsrc={BEEPS}:s=48000", format="lavfi", t=3)
    beeps = beeps.filter("aformat", channel_layouts="stereo")
    codecs = {"c:v": "copy", "c:a": "flac"}
    output = ffmpeg.output(ffmpeg.input(file_url(mute)), beeps, file_url(film), **codecs)
    run(output, what="make a film that beeps", stall_seconds=STALL_SECONDS)
    return ingest(film, folder)


@pytest.fixture(scope="module")
def exported(ingested: Ingested, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ingested.export(START, END, tmp_path_factory.mktemp("clip") / "clip.mp4")


def spoilt(
    exported: Path,
    out: Path,
    video: Callable[[Any], Any] = lambda each: each,
    audio: Callable[[Any], Any] = lambda each: each,
) -> Path:
    """The export, encoded once more with something done to it."""
    opened = ffmpeg.input(file_url(exported))
    codecs = {"c:v": "libx264", "crf": 12, "c:a": "aac", "b:a": "192k"}
    output = ffmpeg.output(
        video(opened["v"]), audio(opened["a"]), file_url(out), **codecs, fps_mode="passthrough"
    )
    run(output, what="spoil an export", stall_seconds=STALL_SECONDS)
    return out


def refusal(ingested: Ingested, file: Path) -> str:
    with pytest.raises(HeatersError) as refused:
        prove(ingested.range(START, END), file)
    assert list(file.parent.iterdir()) == [file], "nothing of the comparison stays"
    return str(refused.value)


def test_a_receipt_says_what_was_measured(ingested: Ingested, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    receipt = export_clip(ingested.range(START, END), out, stall_seconds=STALL_SECONDS)
    assert (receipt["frame_count"], receipt["duration_seconds"]) == (50, 2.0)
    assert (receipt["size"], receipt["sha256"]) == (out.stat().st_size, file_digest(out))
    assert 35 < receipt["psnr_least"] <= receipt["psnr_mean"] < 100
    assert receipt["audio_lag"] is not None and abs(receipt["audio_lag"]) < 0.002
    assert re.search(r"\d", receipt["ffmpeg"])
    assert list(tmp_path.iterdir()) == [out]


def test_audio_keeps_its_channels_and_its_rate(exported: Path) -> None:
    """Whatever the proof keeps of it."""
    with av.open(str(exported)) as container:
        heard = container.streams.audio[0].codec_context
        assert (heard.layout.name, heard.sample_rate) == ("stereo", 48_000)


def test_encoding_again_is_no_fault(ingested: Ingested, exported: Path, tmp_path: Path) -> None:
    again = spoilt(exported, tmp_path / "again.mp4")
    receipt = prove(ingested.range(START, END), again)
    assert receipt["psnr_least"] > 30


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (START - 1, END, "it has 51 frames instead of 50"),
        (START, END - 1, "it has 49 frames instead of 50"),
        (START - 1, END - 1, "frame 0 is not that frame of the range: it shows something else"),
        (START + 1, END + 1, "frame 0 is not that frame of the range: it shows frame 1"),
    ],
)
def test_a_range_that_is_off_by_a_frame(
    ingested: Ingested, tmp_path: Path, start: int, end: int, why: str
) -> None:
    assert why in refusal(ingested, ingested.export(start, end, tmp_path / "clip.mp4"))


@pytest.mark.parametrize(("frame", "shown"), [(7, 6), (7, 8), (0, 1), (49, 48), (12, 30), (23, 20)])
def test_a_frame_that_is_another_one(
    ingested: Ingested, exported: Path, tmp_path: Path, frame: int, shown: int
) -> None:
    order = [*range(50)]
    order[frame] = shown
    mapping = " ".join(map(str, order))
    file = spoilt(exported, tmp_path / "clip.mp4", lambda v: v.filter("shuffleframes", mapping))
    assert f"frame {frame} is not that frame of the range" in refusal(ingested, file)


def test_two_frames_that_are_swapped(ingested: Ingested, exported: Path, tmp_path: Path) -> None:
    order = [*range(50)]
    order[31], order[32] = 32, 31
    mapping = " ".join(map(str, order))
    file = spoilt(exported, tmp_path / "clip.mp4", lambda v: v.filter("shuffleframes", mapping))
    assert "frame 31 is not that frame of the range: it shows frame 32" in refusal(ingested, file)


def test_a_frame_of_another_clip(ingested: Ingested, exported: Path, tmp_path: Path) -> None:
    def other_frame(video: Any) -> Any:
        other = ffmpeg.input("testsrc2=size=320x180:rate=25", format="lavfi", t=2)
        return ffmpeg.filter([video, other], "overlay", enable="eq(n,20)")

    file = spoilt(exported, tmp_path / "clip.mp4", other_frame)
    assert "frame 20 is not that frame of the range: it shows something else" in refusal(
        ingested, file
    )


def test_images_that_lost_too_much(ingested: Ingested, exported: Path, tmp_path: Path) -> None:
    file = spoilt(exported, tmp_path / "clip.mp4", lambda v: v.filter("noise", alls=30, allf="t"))
    assert re.search(r"frame \d+ differs too much from the gold master \(2\d\.\d dB\)",
                     refusal(ingested, file))  # fmt: skip


def test_frames_that_are_shown_at_other_times(
    ingested: Ingested, exported: Path, tmp_path: Path
) -> None:
    file = spoilt(
        exported, tmp_path / "clip.mp4", lambda v: v.filter("setpts", "PTS+gte(N,25)*0.04/TB")
    )
    assert "frame 25 is shown at 1.040 s instead of 1.000 s" in refusal(ingested, file)


@pytest.mark.parametrize(
    ("audio", "why"),
    [
        (lambda a: a.filter("adelay", 40, all=1).filter("atrim", end=2), "40 ms late"),
        (lambda a: a.filter("atrim", start=0.04).filter("asetpts", "PTS-STARTPTS")
         .filter("apad", whole_dur=2), "40 ms early"),
        (lambda a: a.filter("atrim", end=1.5), "takes 1.5"),
        (lambda a: a.filter("volume", 0), "its audio is not the gold master's from 0.0 s on"),
        (lambda a: a.filter("areverse"), "its audio"),
    ],
)  # fmt: skip
def test_audio_that_is_not_the_range_s(
    ingested: Ingested,
    exported: Path,
    tmp_path: Path,
    audio: Callable[[Any], Any],
    why: str,
) -> None:
    assert why in refusal(ingested, spoilt(exported, tmp_path / "clip.mp4", audio=audio))


def test_audio_that_is_not_there(ingested: Ingested, exported: Path, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    mute = ffmpeg.output(ffmpeg.input(file_url(exported))["v"], file_url(file), c="copy")
    run(mute, what="take the audio off", stall_seconds=STALL_SECONDS)
    assert "it has no audio" in refusal(ingested, file)


@pytest.mark.parametrize("share", [0.97, 0.6, 0.1])
def test_a_file_that_is_cut_short(
    ingested: Ingested, exported: Path, tmp_path: Path, share: float
) -> None:
    file, data = tmp_path / "clip.mp4", exported.read_bytes()
    file.write_bytes(data[: int(share * len(data))])
    assert refusal(ingested, file).startswith("The exported file is not the clip")


def test_beeps_stay_where_they_are_and_nothing_clicks(exported: Path) -> None:
    """The audio of an export begins and ends with its images, and between the bursts is silence."""
    with av.open(str(exported)) as container:
        rate = container.streams.audio[0].rate
        samples = np.concatenate([each.to_ndarray()[0] for each in container.decode(audio=0)])
    samples = samples[: 2 * rate]
    times = np.arange(len(samples)) / rate + START / 25 + 0.1
    within = times % 0.5
    loud = np.abs(samples) > 0.02
    heard = within[loud]
    assert loud.any()
    assert ((heard < 0.08 + MOST_LAG) | (heard > 0.5 - MOST_LAG)).all()
