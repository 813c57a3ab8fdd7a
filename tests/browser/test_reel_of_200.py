"""Clips of real footage at four rates, in the whole form two hundred of them, from a list of cuts
to everything that they can be had as: by one command each, and by the page in real Chromium."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips, collections, source_videos
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, Mark
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.handover_copies import make_copy
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import open_pipeline
from review_app.handover_formats import FORMATS
from tests.decisions import decide

FOOTAGE = {"issue-134-rotate.mp4": 23.976, "pursuit.mp4": 25, "sar_2x1.mp4": 30, "0.ts": 60}


def heaters(*arguments: str | Path) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("of_each", [3, pytest.param(50, marks=pytest.mark.whole)])
def test_a_reel_of_real_footage_reaches_everywhere(
    of_each: int, pipeline: Engine, page: Page, media_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("datasets")
    otio = pytest.importorskip("opentimelineio")
    work = open_pipeline(pipeline, get_settings())
    shown: dict[int, FrameRange] = {}
    films: dict[int, str] = {}
    for name in FOOTAGE:
        report = ingest(work, str(media_folder / name))
        assert report.error is None
        cuts = [round(n * report.frame_count / of_each) for n in range(1, of_each)]
        listed = tmp_path / f"{name}.csv"
        listed.write_text("frame\n" + "\n".join(map(str, cuts)))
        assert f"CSV: {len(cuts)} cuts. {of_each} clips" in heaters(
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
        assert len(export_clips(work, report.key).batch.done) == of_each
        take_keyframes(work, report.key)
        embed_clips(work, report.key)
    # The order of the reel goes from film to film.
    ids = [
        each for one in zip(*(_of(films, name) for name in FOOTAGE), strict=True) for each in one
    ]
    assert len(ids) == 4 * of_each
    with work.transaction() as session:
        collections.put(session, collections.create(session, "Reel", "ann").id, ids, "ann")

    heaters("export", "Reel", "--to", tmp_path / "folder")
    heaters("export", "Reel", "--to", tmp_path / "reel.zip")
    manifest = json.loads((tmp_path / "folder" / "manifest.json").read_text())
    assert [each["clip"]["id"] for each in manifest["clips"]] == ids
    assert files_in(tmp_path / "reel.zip") == files_of(tmp_path / "folder")
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
    assert len(list(root.iter("asset-clip"))) == len(ids)
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    [track] = timeline.video_tracks()
    assert [each.source_range.start_time.to_frames() for each in track.find_clips()] == [
        shown[clip_id].start for clip_id in ids
    ]

    heaters("dataset", tmp_path / "shards", "Reel", "--format", "webdataset", "--shard-mb", "5")
    assert keys_in(tmp_path / "shards") == set(ids)
    heaters("dataset", tmp_path / "hub", "Reel", "--format", "huggingface", "--profile", "delivery")
    assert set(rows_of(tmp_path / "hub", tmp_path / "cache")) == set(ids)

    page.goto("/collections")
    page.get_by_role("link", name="Reel", exact=True).first.click()
    page.get_by_role("link", name="Hand over").click()
    expect(page.locator("h1 .count")).to_contain_text(f"{len(ids)} files")
    had = {"Reel.zip": tmp_path / "page.zip"}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download ZIP").click()
    download.value.save_as(had["Reel.zip"])
    for link in page.locator(".formats a:not(.primary)").all():
        with page.expect_download(timeout=600_000) as download:
            link.click()
        had[link.inner_text()] = tmp_path / f"page-{link.inner_text()}"
        download.value.save_as(had[link.inner_text()])
    assert had.keys() == {"Reel.zip", *FORMATS}
    assert files_in(had["Reel.zip"]) == files_of(tmp_path / "folder")
    assert had["manifest.json"].read_bytes() == (tmp_path / "folder/manifest.json").read_bytes()
    with zipfile.ZipFile(had["timelines.zip"]) as archive:
        for name in written:
            same = f"films/Reel{Path(name).name.removeprefix('reel')}"
            assert events(archive.read(same).decode()) == events(Path(name).read_text())
        for folder in ("files", "films"):
            root = ElementTree.fromstring(archive.read(f"{folder}/Reel.fcpxml"))
            assert len(list(root.iter("asset-clip"))) == len(ids)
    for name, format in (("webdataset.zip", "webdataset"), ("huggingface.zip", "huggingface")):
        with zipfile.ZipFile(had[name]) as archive:
            archive.extractall(tmp_path / "page" / format)
    assert keys_in(tmp_path / "page" / "webdataset") == set(ids)
    assert set(rows_of(tmp_path / "page" / "huggingface", tmp_path / "cache")) == set(ids)

    page.get_by_label("Where the files are to be copied").fill(str(tmp_path / "copied"))
    page.get_by_role("button", name="Copy", exact=True).click()
    copies = page.get_by_label("The latest copies")
    expect(copies).to_contain_text("A run is about to begin.")
    make_copy(work, 1)
    expect(copies).to_contain_text(re.compile(r"taken on \d{4}-\d\d-\d\d \d\d:\d\d by "))
    expect(copies).to_contain_text(f"{len(ids)} files copied, 0 there already.")
    assert files_of(tmp_path / "copied") == files_of(tmp_path / "folder")


def events(edl: str) -> list[str]:
    """Its lines after the title."""
    return edl.splitlines()[1:]


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def files_in(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def keys_in(folder: Path) -> set[int]:
    """The clips of a webdataset."""
    found = set()
    for shard in folder.rglob("*.tar"):
        with tarfile.open(shard) as tar:
            found |= {int(name.partition(".")[0]) for name in tar.getnames()}
    return found


def rows_of(folder: Path, cache: Path) -> dict[int, str]:
    """The key of the film of each clip of a Hugging Face dataset, in none of whose splits there is
    a film of another one."""
    import datasets

    splits = datasets.load_dataset(str(folder), cache_dir=str(cache)).values()
    for one, other in pairwise(splits):
        assert not set(one["source_key"]) & set(other["source_key"])
    return {
        clip_id: key
        for split in splits
        for clip_id, key in zip(split["clip_id"], split["source_key"], strict=True)
    }


def _of(films: dict[int, str], name: str) -> list[int]:
    return [clip_id for clip_id, film in films.items() if film == name]
