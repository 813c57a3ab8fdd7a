"""Of a gold master in a bucket, only the bytes of the clips' frames are fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.media.clips import keyframes
from heaters_pipeline.media.clips.excerpts import ClusterIndex, read_index, write_excerpt
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange, Streams, WrongFrames, reads_of
from heaters_pipeline.media.clips.joined_range import joined
from heaters_pipeline.media.clips.keyframes import take_stills
from heaters_pipeline.media.clips.sparse import SAMPLE, SampleIndex, read_samples
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage.s3 import S3Storage
from heaters_pipeline.work.gold_master import open_gold_master
from heaters_pipeline.work.ingest import ingest as ingest_work
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import open_pipeline
from tests.decisions import decide, live
from tests.footage import STALL_SECONDS, make_numbered_film
from tests.integration.test_media_footage import Ingested, ingest

FRAMES = 100
RATE = 16_000
FILMS: dict[str, dict[str, Any]] = {
    "large.mp4": {"size": (320, 180)},
    "long.mp4": {"size": (320, 180), "options": {"g": "25", "b": "2000000"}},
    "small.mp4": {"size": (64, 36)},  # frames so small that they share clusters
    "mute.mp4": {"size": (64, 36), "audio": False},
    "opus.webm": {
        **{"size": (64, 36), "codec": "libvpx", "audio_codec": "libopus"},
        "options": {"deadline": "realtime", "cpu-used": "8"},
    },
    "uneven.mkv": {
        "size": (64, 36),
        "audio_codec": "pcm_s16le",
        "ticks": [n * 3600 + (n % 3) * 1000 for n in range(FRAMES)],
    },
}


@dataclass
class File:
    """A file that is read like an object in a bucket."""

    path: Path
    fetched: int = 0

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def read(self, start: int, length: int) -> bytes:
        self.fetched += length
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), length, start)

    def stream(self, start: int, length: int) -> Iterator[bytes]:
        yield self.read(start, length)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ingested]:
    done: dict[str, Ingested] = {}

    def get(name: str) -> Ingested:
        if name not in done:
            folder = tmp_path_factory.mktemp("film")
            film = make_numbered_film(folder / name, FRAMES, scenes=(30, 60), **FILMS[name])
            done[name] = ingest(film, folder)
        return done[name]

    return get


def indexed(film: Ingested) -> tuple[File, ClusterIndex]:
    """Its gold master, as if it lay elsewhere, and where its frames are in it."""
    assert film.made.gold_master
    remote = File(film.made.gold_master)
    index = read_index(remote, FRAMES)
    assert index is not None
    return remote, index


def excerpt(
    film: Ingested, index: ClusterIndex, remote: File, frames: FrameRange, out: Path
) -> GoldRange:
    first = write_excerpt(index, remote, frames, film.checksums.ticks, out)
    return replace(film.range(*frames), gold=out, begins=first, known=film.range(*frames).facts)


def heard(source: GoldRange, folder: Path) -> np.ndarray:
    """Its audio (samples,), after its frames were compared with their checksums."""
    out = folder / "audio.f32"

    def outputs(of_profiles: Sequence[Streams]) -> list[Any]:
        [streams] = of_profiles
        made = [ffmpeg.output(streams.video, "-", format="null")]
        options = {"format": "f32le", "ac": 1, "ar": RATE}
        return made + [ffmpeg.output(each, file_url(out), **options) for each in streams.audio]

    source.decode(outputs, folder / "crc", what="read", stall_seconds=STALL_SECONDS)
    return np.fromfile(out, "<f4") if out.exists() else np.empty(0)


@pytest.mark.parametrize("name", [each for each in FILMS if each != "long.mp4"])
def test_an_excerpt_holds_exactly_its_frames_and_their_audio(
    name: str, ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested(name)
    remote, index = indexed(film)
    for frames in map(FrameRange, (0, 25, 26, 37, 95), (1, 30, 40, 70, 100)):
        part = excerpt(film, index, remote, frames, tmp_path / "excerpt.mkv")
        assert np.array_equal(heard(part, tmp_path), heard(film.range(*frames), tmp_path)), frames


def test_an_excerpt_and_the_whole_make_the_same_file(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested("large.mp4")
    remote, index = indexed(film)
    frames = FrameRange(40, 50)
    made = [tmp_path / "part.mp4", tmp_path / "whole.mp4"]
    part = excerpt(film, index, remote, frames, tmp_path / "excerpt.mkv")
    for source, out in zip((part, film.range(*frames)), made, strict=True):
        export_clip(source, out, stall_seconds=STALL_SECONDS)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_little_more_is_read_than_the_frames_take(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested("large.mp4")
    remote, index = indexed(film)
    assert remote.fetched < remote.size
    frames, remote.fetched = FrameRange(40, 80), 0
    excerpt(film, index, remote, frames, tmp_path / "excerpt.mkv")
    around = index.bytes_of(FrameRange(9, 40)) + index.bytes_of(FrameRange(80, 93))
    assert 0 < remote.fetched - index.bytes_of(frames) < around / 3, "of audio alone"


def test_stills_are_the_same_however_their_frames_are_reached(
    ingested: Callable[[str], Ingested], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, frames = ingested("large.mp4"), [37, 40, 69]
    whole = film.range(37, 70)
    remote, index = indexed(film)
    part = excerpt(film, index, remote, whole.frames, tmp_path / "excerpt.mkv")

    def stills(source: GoldRange) -> list[bytes]:
        taken = take_stills(source, frames, tmp_path, stall_seconds=STALL_SECONDS)
        return [each.path.read_bytes() for each in taken]

    first = stills(whole)
    assert len(set(first)) == 3 and stills(part) == first
    for read in reads_of([whole]):
        monkeypatch.setattr(keyframes, "reads_of", lambda _, read=read: [read])
        assert stills(whole) == first


def test_other_frames_in_an_excerpt_are_found(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested("large.mp4")
    remote, index = indexed(film)
    part = excerpt(film, index, remote, FrameRange(40, 50), tmp_path / "excerpt.mkv")
    with pytest.raises(WrongFrames):
        heard(replace(part, frames=FrameRange(41, 51)), tmp_path)


def test_a_source_with_a_sample_table_is_read_from_the_key_frame_on(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested("long.mp4")
    remote, out = File(film.source), tmp_path / "part.mp4"
    index = read_samples(remote, FRAMES)
    assert index is not None
    frames, remote.fetched = FrameRange(60, 70), 0
    index.write(remote, frames, film.checksums.ticks, out)
    assert remote.fetched < 0.6 * remote.size
    assert out.stat().st_size == remote.size
    true = film.range(*frames, gold=film.source)
    told = heard(replace(true, gold=out, known=true.facts), tmp_path)
    assert np.array_equal(told, heard(true, tmp_path))
    assert read_samples(remote, FRAMES + 1) is None


def test_the_audio_of_a_last_frame_that_is_shown_for_long_is_read(tmp_path: Path) -> None:
    """Of frames that are shown for 5 seconds each."""
    stored = tmp_path / "film.mp4"
    stored.write_bytes(bytes(range(256)) * 4096)
    audio = np.array(
        [(n / 2, 200_000 + n * 40_000, 200_004 + n * 40_000, True) for n in range(20)], SAMPLE
    )
    video = np.array([(5.0 * n, n * 100, n * 100 + 4, True) for n in range(2)], SAMPLE)
    index = SampleIndex(stored.stat().st_size, {}, video, [audio])
    out = tmp_path / "part.mp4"
    index.write(File(stored), FrameRange(0, 1), np.array([0, 5 * 90_000]), out)
    there, whole = out.read_bytes(), stored.read_bytes()
    for each in audio[audio["seconds"] <= 5]:
        place = slice(int(each["start"]), int(each["end"]))
        assert there[place] == whole[place], f"{each['seconds']} s"


def test_what_is_no_gold_master_of_these_frames_has_no_index(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    film = ingested("large.mp4")
    assert film.made.gold_master
    assert read_index(File(film.made.gold_master), FRAMES - 1) is None
    assert read_index(File(film.source), FRAMES) is None
    text = tmp_path / "text"
    text.write_text("This is no film.\n")
    assert read_index(File(text), FRAMES) is None
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(film.made.gold_master.read_bytes()[: film.made.gold_master.stat().st_size // 2])
    assert read_index(File(cut), FRAMES) is None


@pytest.mark.parametrize(
    ("gold", "suffix", "fetches"), [("ffv1", ".mp4", 0), ("copy", ".mp4", 0), ("copy", ".mkv", 1)]
)
def test_clips_are_exported_from_a_bucket(
    gold: str,
    suffix: str,
    fetches: int,
    pipeline: Engine,
    s3_storage: S3Storage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEATERS_GOLD_MASTER", gold)
    get_settings.cache_clear()
    work = replace(open_pipeline(pipeline, get_settings()), storage=s3_storage)
    film = make_numbered_film(tmp_path / f"film{suffix}", 60, (160, 90), scenes=(20, 40))
    key = ingest_work(work, str(film)).key
    with work.transaction() as session:
        video = source_videos.get(session, key)
    (first, middle, last) = live(pipeline, video)
    for clip in (middle, last):
        decide(pipeline, clip, APPROVE)
    whole = wholly_fetched(s3_storage)
    batch = export_clips(work, key).batch
    assert (batch.done, batch.failed) == ([middle.id, last.id], [])
    gold_master = f"library/{video.gold_master_filepath}"
    assert whole.count(gold_master) == fetches
    if gold == "ffv1":
        apart = FrameRange(0, 10), FrameRange(30, 40)
        out = tmp_path / "joined.mp4"
        with open_gold_master(work, video, 1) as opened:
            opened.read_all(
                apart,
                lambda parts: export_clip(joined(parts), out, stall_seconds=STALL_SECONDS),
            )
        assert whole.count(gold_master) == 0, "two parts of it"
        with open_gold_master(work, video, 1) as opened, opened.part(first.frames) as part:
            beyond = FrameRange(first.start_frame + 10, first.end_frame + 10)
            part.read(beyond, lambda source: heard(source, tmp_path))
        assert whole.count(gold_master) == 1, "other frames than it was made for"


def test_the_whole_is_fetched_where_no_part_can_be_read(
    pipeline: Engine, s3_storage: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_GOLD_MASTER", "copy")
    get_settings.cache_clear()
    work = replace(open_pipeline(pipeline, get_settings()), storage=s3_storage)
    key = ingest_work(work, str(make_numbered_film(tmp_path / "film.mp4", 20, (64, 36)))).key
    with work.transaction() as session:
        video = source_videos.get(session, key)
    (clip,) = live(pipeline, video)
    decide(pipeline, clip, APPROVE)
    monkeypatch.setattr(SampleIndex, "write", lambda *given: given[-1].write_bytes(bytes(99)))
    whole = wholly_fetched(s3_storage)
    assert export_clips(work, key).batch.done == [clip.id]
    assert whole.count(f"library/{video.gold_master_filepath}") == 1


def wholly_fetched(storage: S3Storage) -> list[str]:
    """The keys of objects that are fetched without naming a range, from now on."""
    found: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        if "Range" not in params:
            found.append(params["Key"])

    storage._client.meta.events.register("provide-client-params.s3.GetObject", note)
    return found
