"""Two hundred clips of real footage at four rates, from a list of cuts to everything that they can
be had as."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips, collections, source_videos
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, Mark
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import open_pipeline
from tests.decisions import decide

pytestmark = pytest.mark.whole

FOOTAGE = {"issue-134-rotate.mp4": 23.976, "pursuit.mp4": 25, "sar_2x1.mp4": 30, "0.ts": 60}
OF_EACH = 50


def heaters(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_reel_of_200_clips_reaches_everywhere(
    pipeline: Engine, app: Flask, media_folder: Path, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    otio = pytest.importorskip("opentimelineio")
    work = open_pipeline(pipeline, get_settings())
    shown: dict[int, FrameRange] = {}
    films: dict[int, str] = {}
    for name in FOOTAGE:
        report = ingest(work, str(media_folder / name))
        assert report.error is None
        cuts = [round(n * report.frame_count / OF_EACH) for n in range(1, OF_EACH)]
        listed = tmp_path / f"{name}.csv"
        listed.write_text("frame\n" + "\n".join(map(str, cuts)))
        assert f"CSV: {len(cuts)} cuts. {OF_EACH} clips" in heaters(
            "cuts", "import", report.key, listed
        )
        with work.transaction() as session:
            live = clips.of_video(session, source_videos.get(session, report.key).id)
        assert [clip.frames for clip in live] == list(
            map(FrameRange._make, pairwise([0, *cuts, report.frame_count]))
        )
        for clip in live:
            decide(pipeline, clip, Mark(Action.APPROVE))
            shown[clip.id], films[clip.id] = clip.frames, name
        assert len(export_clips(work, report.key).batch.done) == OF_EACH
        take_keyframes(work, report.key)
        embed_clips(work, report.key)
    # The order of the reel goes from film to film.
    ids = [
        each for one in zip(*(_of(films, name) for name in FOOTAGE), strict=True) for each in one
    ]
    assert len(ids) == 200
    with work.transaction() as session:
        collections.put(session, collections.create(session, "Reel", "ann").id, ids, "ann")

    heaters("export", "Reel", "--to", tmp_path / "folder")
    heaters("export", "Reel", "--to", tmp_path / "reel.zip")
    manifest = json.loads((tmp_path / "folder" / "manifest.json").read_text())
    assert [each["clip"]["id"] for each in manifest["clips"]] == ids
    with zipfile.ZipFile(tmp_path / "reel.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 202
    for each in manifest["clips"]:
        assert each["receipt"]["frame_count"] == shown[each["clip"]["id"]].length

    written = heaters("timeline", tmp_path / "reel.edl", "Reel").split("\n")[:-1]
    assert [Path(each).stem for each in written] == [f"reel-{rate}" for rate in FOOTAGE.values()]
    for path, (name, rate) in zip(written, FOOTAGE.items(), strict=True):
        exact = rate if isinstance(rate, int) else 24000 / 1001
        [track] = otio.adapters.read_from_file(path, rate=exact).video_tracks()
        ranges = [each.source_range for each in track.find_clips()]
        assert [
            (each.start_time.to_frames(), each.end_time_exclusive().to_frames()) for each in ranges
        ] == [shown[clip_id] for clip_id in _of(films, name)]
    for name in ("reel.otio", "reel.fcpxml"):
        heaters("timeline", tmp_path / name, "Reel")
    root = ElementTree.parse(tmp_path / "reel.fcpxml").getroot()
    assert len(list(root.iter("asset-clip"))) == 200
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    [track] = timeline.video_tracks()
    assert [each.source_range.start_time.to_frames() for each in track.find_clips()] == [
        shown[clip_id].start for clip_id in ids
    ]

    heaters("dataset", tmp_path / "shards", "Reel", "--format", "webdataset", "--shard-mb", "5")
    keys = set()
    for shard in (tmp_path / "shards").glob("*.tar"):
        with tarfile.open(shard) as tar:
            keys |= {int(name.partition(".")[0]) for name in tar.getnames()}
    assert keys == set(ids)
    heaters("dataset", tmp_path / "hub", "Reel", "--format", "huggingface", "--profile", "delivery")
    loaded = datasets.load_dataset(str(tmp_path / "hub"), cache_dir=str(tmp_path / "cache"))
    assert {row for split in loaded.values() for row in split["clip_id"]} == set(ids)
    for one, other in pairwise(loaded.values()):
        assert not set(one["source_key"]) & set(other["source_key"])

    client = app.test_client()
    for name, files in {
        **{"/handover.zip": 202, "/handover/timelines.zip": 12},
        **{"/handover/webdataset.zip": None, "/handover/huggingface.zip": None},
    }.items():
        answer = client.get(f"{name}?collection=Reel")
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            assert files in (None, len(archive.namelist()))


def _of(films: dict[int, str], name: str) -> list[int]:
    return [clip_id for clip_id, film in films.items() if film == name]
