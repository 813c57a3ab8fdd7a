"""Files of every profile: what they are like, and that whatever is wrong with one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import ffmpeg
import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.profiles import ALL_TRACKS, BUILT_IN, Fit, Profile
from heaters_pipeline.media.clips import encoders
from heaters_pipeline.media.clips.encoders import file_options
from heaters_pipeline.media.clips.export import export_clip, export_files
from heaters_pipeline.media.clips.schedule import Schedule, middle
from heaters_pipeline.media.ffmpeg.process import file_url, run
from tests.footage import STALL_SECONDS, make_numbered_film, read_number
from tests.integration.test_media_footage import Ingested, ingest, pictures
from tests.proofs import prove

START, END = 10, 60
BEEPS = r"0.4*(random(0)-0.5)*lt(mod(t+0.1\,0.5)\,0.08)"

DATASET = replace(BUILT_IN["dataset"], width=128, height=72, audio=(1,), seconds=1.5)
PROFILES: Mapping[str, Profile] = {
    **BUILT_IN,
    "dataset": DATASET,
    "narrow": replace(BUILT_IN["web"], crop="1:1", width=64, height=64),
    "padded": replace(BUILT_IN["delivery"], width=128, height=128, fit=Fit.PAD, audio=ALL_TRACKS),
    "mute": replace(BUILT_IN["web"], audio=()),
}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """A film that beeps in one track and hums in another, in blocks of which the last 9 samples of
    one are the first of frame START: too few for an encoder's first frame."""
    folder = tmp_path_factory.mktemp("film")
    mute = make_numbered_film(folder / "mute.mp4", 75, (160, 90), audio=False, scenes=[30])
    film = folder / "film.mkv"
    beeps = ffmpeg.input(f"aevalsrc={BEEPS}:s=48000", format="lavfi", t=3)
    hum = ffmpeg.input("sine=f=440:r=48000", format="lavfi", t=3)
    codecs = {"c:v": "copy", "c:a": "flac", "frame_size:a:1": 1011}
    output = ffmpeg.output(ffmpeg.input(file_url(mute)), beeps, hum, file_url(film), **codecs)
    run(output, what="make a film with two tracks", stall_seconds=STALL_SECONDS)
    return ingest(film, folder)


@pytest.fixture(scope="module")
def files(ingested: Ingested, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A file of a profile, made once; `shift` frames late."""
    folder = tmp_path_factory.mktemp("clips")

    def get(name: str, shift: int = 0) -> Path:
        profile = PROFILES[name]
        out = folder / f"{name}{shift}.{profile.container}"
        if not out.exists():
            clip = middle(ingested.range(START + shift, END + shift), profile)
            export_clip(clip, out, stall_seconds=STALL_SECONDS, profile=profile)
        return out

    return get


def proven(ingested: Ingested, name: str, file: Path) -> Any:
    clip = middle(ingested.range(START, END), PROFILES[name])
    return prove(clip, file, PROFILES[name])


def refusal(ingested: Ingested, name: str, file: Path) -> str:
    with pytest.raises(HeatersError) as refused:
        proven(ingested, name, file)
    return str(refused.value)


def spoilt(name: str, file: Path, folder: Path, video: Any = None, audio: Any = None) -> Path:
    """A file of a profile, encoded once more with something done to it."""
    out, opened = folder / file.name, ffmpeg.input(file_url(file))
    streams = [video(opened["v:0"]) if video else opened["v:0"]]
    with av.open(str(file)) as container:
        streams += [opened[f"a:{n}"] for n in range(len(container.streams.audio))]
    if audio:
        streams[1] = audio(streams[1])
    options = file_options(PROFILES[name], has_audio=len(streams) > 1)
    output = ffmpeg.output(*streams, file_url(out), **options, fps_mode="passthrough")
    run(output, what="spoil a file", stall_seconds=STALL_SECONDS)
    return out


EXPECTED: Mapping[str, tuple[str, str, tuple[int, int], int]] = {
    "delivery": ("h264", "yuv420p", (160, 90), 1),
    "web": ("h264", "yuv420p", (160, 90), 1),
    "archive": ("ffv1", "yuv420p", (160, 90), 2),
    "hevc": ("hevc", "yuv420p", (160, 90), 1),
    "av1": ("libdav1d", "yuv420p", (160, 90), 1),
    "prores": ("prores", "yuv422p10le", (160, 90), 2),
    "dataset": ("h264", "yuv420p", (128, 72), 1),
    "narrow": ("h264", "yuv420p", (64, 64), 1),
    "padded": ("h264", "yuv420p", (128, 128), 2),
    "mute": ("h264", "yuv420p", (160, 90), 0),
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_file_is_what_its_profile_says(
    ingested: Ingested, files: Callable[[str], Path], name: str
) -> None:
    file, profile = files(name), PROFILES[name]
    codec, pixel_format, size, tracks = EXPECTED[name]
    with av.open(str(file)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.format.name) == (codec, pixel_format)
        assert (video.width, video.height) == size
        heard = [track.codec_context.sample_rate for track in container.streams.audio]
        assert heard == [48_000] * tracks
    receipt = proven(ingested, name, file)
    assert receipt["frame_count"] == (profile.frame_count or END - START)
    assert (receipt["lossless"], receipt["audio_tracks"]) == (profile.is_lossless, tracks)
    assert (receipt["psnr_least"] == 100) == profile.is_lossless
    if name in ("delivery", "web", "archive", "hevc", "av1", "prores"):
        assert [read_number(each) for each in pictures(file)] == [*range(START, END)]


FAULTS: Mapping[str, tuple[list[int] | None, int | None, str]] = {
    "the first frame is doubled": ([0, 0], None, "frame 1 "),
    "two frames are swapped": ([6, 5], 5, "frame 5 "),
    "a frame is from elsewhere": ([2], 9, "frame 9 "),
    "the last frame is the one before": (None, -1, "frame"),
}


@pytest.mark.parametrize("name", ["archive", "hevc", "dataset"])
class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_of_frames(
        self,
        ingested: Ingested,
        files: Callable[[str], Path],
        tmp_path: Path,
        name: str,
        fault: str,
    ) -> None:
        file = files(name)
        order = [*range(PROFILES[name].frame_count or END - START)]
        shown, place, why = FAULTS[fault]
        if shown is None:
            order[-1] = order[-2]
        else:
            at = place or 0
            order[at : at + len(shown)] = shown
        mapping = " ".join(map(str, order))
        bad = spoilt(name, file, tmp_path, lambda v: v.filter("shuffleframes", mapping))
        told = refusal(ingested, name, bad)
        assert f"{why}" in told and "is not that frame of the range" in told

    @pytest.mark.parametrize("shift", [-1, 1])
    def test_of_a_range_that_is_off_by_a_frame(
        self, ingested: Ingested, files: Callable[..., Path], name: str, shift: int
    ) -> None:
        told = refusal(ingested, name, files(name, shift))
        assert "is not that frame of the range" in told

    def test_of_a_frame_of_another_clip(
        self, ingested: Ingested, files: Callable[[str], Path], tmp_path: Path, name: str
    ) -> None:
        def other_frame(video: Any) -> Any:
            rate = PROFILES[name].rate or 25
            other = ffmpeg.input(f"testsrc2=size=160x90:rate={rate}", format="lavfi", t=2)
            return ffmpeg.filter([video, other], "overlay", enable="eq(n,7)", shortest=1)

        told = refusal(ingested, name, spoilt(name, files(name), tmp_path, other_frame))
        assert "is not that frame of the range: it shows something else" in told

    def test_of_audio_that_is_late(
        self, ingested: Ingested, files: Callable[[str], Path], tmp_path: Path, name: str
    ) -> None:
        seconds = PROFILES[name].seconds or 2

        def late(audio: Any) -> Any:
            return audio.filter("adelay", 40, all=1).filter("atrim", end=seconds)

        told = refusal(ingested, name, spoilt(name, files(name), tmp_path, audio=late))
        assert "is 40 ms late" in told

    def test_of_a_file_that_is_cut_short(
        self, ingested: Ingested, files: Callable[[str], Path], tmp_path: Path, name: str
    ) -> None:
        data, bad = files(name).read_bytes(), tmp_path / files(name).name
        bad.write_bytes(data[: int(0.9 * len(data))])
        assert refusal(ingested, name, bad).startswith("The exported file is not the clip")


def test_files_that_are_made_together_are_those_that_are_made_alone(
    ingested: Ingested, files: Callable[[str], Path], tmp_path: Path
) -> None:
    names = ["delivery", "archive", "narrow", "padded", "mute"]
    outs = {name: tmp_path / f"{name}.{PROFILES[name].container}" for name in names}
    wanted = [(PROFILES[name], out) for name, out in outs.items()]
    receipts = export_files(ingested.range(START, END), wanted, stall_seconds=STALL_SECONDS)
    for (name, out), receipt in zip(outs.items(), receipts, strict=True):
        assert out.read_bytes() == files(name).read_bytes()
        assert receipt["audio_tracks"] == EXPECTED[name][3]
        assert "encode_seconds" not in receipt, "nobody knows what one of them took"


def test_a_fixed_rate_shows_what_a_viewer_sees(
    ingested: Ingested, files: Callable[[str], Path]
) -> None:
    """10 frames a second of 25, the middle 1.5 s of 2 s: times 0, 0.1, 0.2 fall into frames 0, 2,
    5 of the middle."""
    clip = middle(ingested.range(START, END), DATASET)
    assert (clip.frames.start, clip.frames.length) == (START + 6, 38)
    shown = Schedule(clip, DATASET).shown
    assert shown[:6].tolist() == [0, 2, 5, 7, 10, 12]
    numbers = [read_number(each) for each in pictures(files("dataset"))]
    assert numbers == (clip.frames.start + shown).tolist()


def test_a_short_clip_holds_its_last_frame(ingested: Ingested, tmp_path: Path) -> None:
    clip, out = ingested.range(20, 30), tmp_path / "short.mp4"
    receipt = export_clip(clip, out, stall_seconds=STALL_SECONDS, profile=DATASET)
    assert (receipt["frame_count"], receipt["held_frames"]) == (15, 11)
    assert [read_number(each) for each in pictures(out)] == [20, 22, 25, 27, *[29] * 11]


@pytest.mark.parametrize("name", ["web", "archive", "narrow", "padded"])
def test_turned_footage_is_upright(tmp_path: Path, name: str) -> None:
    film = make_numbered_film(
        tmp_path / "film.mp4", 12, (90, 160), orientation=Orientation(90), audio=False
    )
    turned, out = ingest(film, tmp_path), tmp_path / "clip.mkv"
    profile = replace(PROFILES[name], container=BUILT_IN["archive"].container)
    export_clip(turned.range(2, 10), out, stall_seconds=STALL_SECONDS, profile=profile)
    sizes = {"web": (90, 160), "archive": (90, 160), "narrow": (64, 64), "padded": (128, 128)}
    (first, *_) = pictures(out)
    assert first.shape == (*sizes[name][::-1], 3)
    if name in ("web", "archive"):
        assert [read_number(each) for each in pictures(out)] == [*range(2, 10)]


def test_a_codec_that_ffmpeg_has_no_encoder_for(
    ingested: Ingested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "_available", lambda: frozenset({"libx264"}))
    with pytest.raises(HeatersError, match=r"has no encoder for av1 \(libsvtav1"):
        export_clip(
            ingested.range(START, END),
            tmp_path / "clip.mp4",
            stall_seconds=STALL_SECONDS,
            profile=BUILT_IN["av1"],
        )
    assert list(tmp_path.iterdir()) == []
