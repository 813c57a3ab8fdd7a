"""Datasets, loaded by the libraries that they are for."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import col, select
from werkzeug.test import TestResponse

from heaters_pipeline.cli import main
from heaters_pipeline.db import artifacts, embeddings
from heaters_pipeline.db.artifacts import KeyframeFile
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.annotations import annotation_changes
from heaters_pipeline.domain.decisions import Action, Annotate, Mark
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.datasets import Recipe, make_dataset
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import decide
from tests.handover import content, export
from tests.rows import ready_video

FILMS = 4
JPEG = b"\xff\xd8\xff a still"


def direction(number: int, turned: float = 0.0) -> list[float]:
    vector = np.zeros(40, np.float32)
    vector[number], vector[number + 1] = np.cos(turned), np.sin(turned)
    return [float(value) for value in vector]


@pytest.fixture
def library(pipeline: Engine, tmp_path: Path) -> Pipeline:
    """Four films of three clips. The last clip of each is not approved. The second clips of films
    0 and 1 look alike."""
    work = open_pipeline(pipeline, get_settings())
    still = tmp_path / "still.jpg"
    still.write_bytes(JPEG)
    for film in range(FILMS):
        _, (first, second, _) = ready_video(pipeline, f"film-{film}")
        for place, clip in enumerate((first, second)):
            decide(pipeline, clip, Mark(Action.APPROVE), actor="bea")
            if film == 0 and place == 0:
                said = {"labels": ["goal", "crowd"], "rating": 4, "note": "the “best” one"}
                decide(pipeline, clip, Annotate(annotation_changes(said)))
            export(pipeline, work.storage, tmp_path, clip.id)
            key = f"clips/{clip.id}/keyframe-7.jpg"
            work.storage.put(still, key)
            with work.transaction() as session:
                row: KeyframeFile = {"frame": 7, "filepath": key, "width": 64, "height": 36}
                artifacts.replace_keyframes(session, clip.id, [row], "")
                twins = {(0, 1): direction(1), (1, 1): direction(1, 0.05)}
                alike = twins.get((film, place), direction(10 + 2 * film + place))
                embeddings.save(session, clip.id, LAYOUT_MODEL, embeddings.PREVIEW, alike)
                embeddings.save(session, clip.id, LAYOUT_MODEL, "mean", [0.5, -1.0])
    return work


def every_clip(work: Pipeline) -> dict[str, str]:
    with work.transaction() as session:
        ids = session.exec(select(Clip.id).order_by(col(Clip.id))).all()
    return {"ids": ",".join(map(str, ids))}


def made(work: Pipeline, out: Path, kind: str, **more: object) -> Path:
    make_dataset(work, out, every_clip(work), Recipe(kind, **more))
    return out


def heaters(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


RANGE = ("start_frame", "end_frame", "start_seconds", "end_seconds", "duration_seconds")


def check(clip_id: int, film: bytes, facts: dict[str, Any]) -> None:
    """What must be true of an example in every format."""
    assert film == content(clip_id)
    assert facts["sha256"] == hashlib.sha256(film).hexdigest()
    made = (facts["approved_by"], facts["decision"], facts["profile"])
    assert made == ("bea", "approve", "delivery")
    assert facts["source_key"] == f"film-{(clip_id - 1) // 3}"
    expected = {1: (0, 10, 0.0, 0.4, 0.4), 2: (10, 50, 0.4, 2.0, 1.6)}[(clip_id - 1) % 3 + 1]
    assert tuple(facts[name] for name in RANGE) == expected
    first = clip_id == 1
    assert facts["labels"] == (["goal", "crowd"] if first else [])
    assert (facts["rating"], facts["note"]) == ((4, "the “best” one") if first else (None, None))
    assert facts["keyframe_frames"] == [7]


SPLITS = ("train", "validation", "test")


def test_each_library_loads_what_is_made_for_it(
    library: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    for name, load in LOADERS.items():
        load(library, tmp_path / name)


def by_webdataset(library: Pipeline, out: Path) -> None:
    import webdataset

    folder = made(library, out, "webdataset", shard_bytes=50_000)
    shards = sorted(path.name for path in folder.glob("*.tar"))
    assert shards[0] == "test-000000.tar" and "train-000001.tar" in shards
    films: dict[str, set[str]] = {split: set() for split in SPLITS}
    seen = []
    for shard in shards:
        for sample in webdataset.WebDataset(str(folder / shard), shardshuffle=False):
            facts = json.loads(sample["json"])
            seen.append(int(sample["__key__"]))
            check(seen[-1], sample["mp4"], facts)
            assert sample["keyframe0.jpg"] == JPEG
            assert np.load(io.BytesIO(sample["npy"])).tolist() == [0.5, -1.0]
            assert shard.startswith(facts["split"])
            films[facts["split"]].add(facts["source_key"])
    assert sorted(seen) == [clip for clip in range(1, 3 * FILMS) if clip % 3]
    # No film and no clip alike stands in two splits.
    assert sum(map(len, films.values())) == FILMS
    assert all(films.values())
    assert any({"film-0", "film-1"} <= each for each in films.values())


def by_hugging_face(library: Pipeline, out: Path) -> None:
    import datasets

    folder = made(library, out, "huggingface")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(out / "cache"))
    assert sorted(loaded) == sorted(SPLITS)
    seen = []
    for split, rows in loaded.items():
        plain = rows.cast_column("video", datasets.Video(decode=False)).cast_column(
            "keyframes", datasets.List(datasets.Image(decode=False))
        )
        for row in plain:
            seen.append(row["clip_id"])
            check(row["clip_id"], Path(row["video"]["path"]).read_bytes(), row)
            [still] = row["keyframes"]
            assert Path(still["path"]).read_bytes() == JPEG
            assert (row["split"], row["vector"]) == (split, [0.5, -1.0])
            assert row["approved_at"].tzinfo is not None
    assert len(seen) == 2 * FILMS


def by_pyarrow(library: Pipeline, out: Path) -> None:
    import datasets
    import pyarrow.parquet as parquet

    folder = made(library, out, "parquet", shard_bytes=50_000)
    assert (folder / "train-00001.parquet").exists()
    seen = []
    for path in sorted(folder.glob("*.parquet")):
        for row in parquet.read_table(path).to_pylist():
            seen.append(row["clip_id"])
            check(row["clip_id"], row["video"]["bytes"], row)
            assert row["video"]["path"] == f"{row['clip_id']:012d}.mp4"
            assert [still["bytes"] for still in row["keyframes"]] == [JPEG]
            assert (row["vector"], row["vector_model"]) == ([0.5, -1.0], LAYOUT_MODEL)
    assert len(seen) == 2 * FILMS
    loaded = datasets.load_dataset(str(folder), cache_dir=str(out / "cache"))
    assert sum(map(len, loaded.values())) == 2 * FILMS


def by_fiftyone(library: Pipeline, out: Path) -> None:
    """By hand, and by its own importer where it is installed: it brings a database server."""
    folder = made(library, out, "fiftyone")
    samples = json.loads((folder / "samples.json").read_text())["samples"]
    for sample in samples:
        check(
            sample["clip_id"],
            (folder / sample["filepath"]).read_bytes(),
            {**sample, "labels": [each["label"] for each in sample["labels"]["classifications"]]},
        )
        assert sample["tags"][0] in SPLITS
        assert [(folder / still).read_bytes() for still in sample["keyframes"]] == [JPEG]
        assert json.loads((folder / sample["frames"]).read_text()) == {"frames": {}}
    assert len(samples) == 2 * FILMS
    assert json.loads((folder / "metadata.json").read_text()) == {"media_type": "video"}
    if importlib.util.find_spec("fiftyone") is not None:
        from fiftyone.utils.data import LegacyFiftyOneDatasetImporter

        with LegacyFiftyOneDatasetImporter(str(folder)) as importer:
            found = [each.clip_id for each in importer]
        assert found == [each["clip_id"] for each in samples]


LOADERS = {
    "webdataset": by_webdataset,
    "huggingface": by_hugging_face,
    "parquet": by_pyarrow,
    "fiftyone": by_fiftyone,
}


def test_the_same_clips_give_the_same_bytes(library: Pipeline, tmp_path: Path) -> None:
    for kind in LOADERS:
        one, two = (made(library, tmp_path / f"{kind}-{n}", kind, title="Goals") for n in (1, 2))
        files = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
        assert [(one / name).read_bytes() for name in files] == [
            (two / name).read_bytes() for name in files
        ]
        card = (one / "README.md").read_text()
        assert "# Goals\n\n8 clips of 4 films, each approved by a person." in card
        assert "| clips | why |\n|---:|---|\n| 4 | " in card
        assert "| goal | 1 |" in card and "## Licence\n\nNot stated." in card
        assert card.startswith("---\nconfigs: [{") == (kind == "huggingface")


def test_the_command_takes_a_selection_and_says_what_it_made(
    library: Pipeline, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    command = ("dataset", out, "1,2,3,4", "--format", "webdataset")
    done = heaters(*command, "--splits", "train=1,test=1", "--split-by", "likeness")
    assert done.exit_code == 0, done.output
    *splits, left_out = done.stdout.splitlines()
    assert [line.split()[0] for line in splits] == ["train", "test"]
    assert "left out: clip 3" in left_out
    again = heaters(*command)
    assert again.exit_code == 1
    assert f"{out} is there already" in again.stderr
    (tmp_path / "file").touch()
    for words in (
        ("dataset", tmp_path / "file" / "set", "1", "--format", "webdataset"),
        ("timeline", tmp_path / "file" / "reel.edl", "1"),
    ):
        refused = heaters(*words)
        assert (refused.exit_code, "can't be written" in refused.stderr) == (1, True), refused
    nothing = heaters("dataset", tmp_path / "no", "3", "--format", "parquet")
    assert (nothing.exit_code, "left out: clip 3" in nothing.stderr) == (1, True)
    assert not (tmp_path / "no").exists()
    # A run that was killed leaves a part, which the next one replaces; two do not meet.
    part = tmp_path / "again.partial"
    (part / "train").mkdir(parents=True)
    held = try_lock(part / ".lock")
    with pytest.raises(Conflict, match="Another run"):
        made(library, tmp_path / "again", "webdataset")
    os.close(held)
    made(library, tmp_path / "again", "webdataset")
    assert not part.exists() and not (tmp_path / "again" / "train").exists()
    assert not (tmp_path / "again" / ".lock").exists()
    # What breaks off leaves no dataset.
    with library.storage.fetch("clips/11/clip.mp4") as file:
        length = file.stat().st_size
    for other in (b"something else", bytes(length + 9)):
        (tmp_path / "other").write_bytes(other)
        library.storage.put(tmp_path / "other", "clips/11/clip.mp4")
        with pytest.raises(HeatersError, match="export the clip again"):
            made(library, tmp_path / "half", "webdataset")
    assert [path.name for path in tmp_path.glob("half*")] == []
    with pytest.raises(InputError, match="There is no profile"):
        made(library, tmp_path / "half", "webdataset", profile="nosuch")


def test_the_page_gives_timelines_and_datasets_as_zips(
    library: Pipeline, app: Flask, tmp_path: Path
) -> None:
    client = app.test_client()
    page = client.get("/handover?ids=1,2,3,4")
    assert page.status_code == 200, page.text
    for name in ("timelines.zip", "webdataset.zip", "huggingface.zip"):
        assert f"/handover/{name}?ids=1,2,3,4" in page.text
    timelines = unzipped(client.get("/handover/timelines.zip?ids=1,2,3,4"))
    assert sorted(timelines) == [
        *(f"files/Clips.{kind}" for kind in ("edl", "fcpxml", "otio")),
        "files/LEFT-OUT.txt",
        *(f"films/Clips.{kind}" for kind in ("edl", "fcpxml", "otio")),
        "films/TIMECODE-UNKNOWN.txt",
    ]
    assert b"* SOURCE FILE: /films/film-0.mp4\n" in timelines["films/Clips.edl"]
    assert b"* SOURCE FILE: Film-0_00-00-00-10_2.mp4\n" in timelines["files/Clips.edl"]
    for kind in ("webdataset", "huggingface"):
        made = unzipped(client.get(f"/handover/{kind}.zip?ids=1,2,3,4"))
        out = tmp_path / kind
        make_dataset(library, out, {"ids": "1,2,3,4"}, Recipe(kind, title="Clips"))
        files = [path for path in out.rglob("*") if path.is_file()]
        assert made == {str(each.relative_to(out)): each.read_bytes() for each in files}
    # What breaks off can't be opened.
    (tmp_path / "other").write_bytes(b"something else")
    library.storage.put(tmp_path / "other", "clips/2/clip.mp4")
    broken = client.get("/handover/webdataset.zip?ids=1,2")
    received = bytearray()
    with pytest.raises(HeatersError, match="export the clip again"):
        for piece in broken.response:
            received += piece
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(received))


def unzipped(answer: TestResponse) -> dict[str, bytes]:
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
