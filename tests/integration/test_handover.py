"""Files that leave the house: which ones, under which names, copied however often it takes."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from http.client import IncompleteRead
from io import BytesIO, StringIO
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import select
from werkzeug.http import parse_options_header

from heaters_pipeline.cli import main
from heaters_pipeline.db import collections, handed, handovers, profiles
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ClipExport, SourceVideo
from heaters_pipeline.domain.errors import HeatersError, InputError, NotFound
from heaters_pipeline.domain.handover import Handover, arguments_of, manifest, manifest_csv
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.storage.zips import Zipped, zip_of
from heaters_pipeline.work.handover import UNDER_WAY, Copied, hand_over
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from review_app.handover_formats import FORMATS
from tests.handover import content, export
from tests.rows import ready_video


@pytest.fixture
def pipeline(engine: Engine, settings: Settings) -> Pipeline:
    return open_pipeline(engine, settings)


@pytest.fixture
def ids(engine: Engine, storage: LocalStorage, tmp_path: Path) -> list[int]:
    """Clips of a film with an awkward title: two have files, the third waits for review."""
    video, clips = ready_video(engine)
    with transaction(engine) as session:
        session.get_one(SourceVideo, video.id).title = "=Né/on: 夜"
        session.get_one(Clip, clips[0].id).labels = ["night", "+rain"]
    for clip in clips[:2]:
        export(engine, storage, tmp_path, clip.id)
    return [clip.id for clip in clips]


def found(engine: Engine, text: str) -> Handover:
    with transaction(engine) as session:
        return handed.handover(session, handed.selection(session, arguments_of(text)))


def copy(pipeline: Pipeline, text: str, to: object) -> Copied:
    return hand_over(pipeline, arguments_of(text), str(to), actor="ann")


def test_a_selection_is_ids_a_page_s_address_or_a_collection(
    engine: Engine, ids: list[int]
) -> None:
    with transaction(engine) as session:
        made = collections.create(session, "Best of", "ann").id
        collections.put(session, made, [ids[1], ids[0]], "ann")
    for text, expected in (
        (f"{ids[1]}, {ids[0]}", [ids[1], ids[0]]),
        ("Best of", [ids[1], ids[0]]),
        (f"http://host/library?collection={made}&label=night&page=2", [ids[0]]),
        ("label=night", [ids[0]]),
        ("state=library&order=time", ids[:2]),
        ("taken=yes", []),
    ):
        assert [each.clip_id for each in found(engine, text).clips] == expected, text
    with pytest.raises(InputError, match="The selection is empty"):
        arguments_of(" ")
    with pytest.raises(InputError, match="A selection has no 'lable'"):
        found(engine, "lable=night")
    with pytest.raises(NotFound, match="There is no collection 'Worst of'"):
        found(engine, "Worst of")


def test_what_is_left_out_is_named(engine: Engine, ids: list[int]) -> None:
    handover = found(engine, f"{ids[0]},{ids[2]},{ids[2] + 99}")
    assert [each.clip_id for each in handover.clips] == ids[:1]
    assert handover.sentence == (
        f"2 of 3 clips left out: clip {ids[2]} (not reviewed yet); "
        f"clip {ids[2] + 99} (there is none)."
    )
    assert found(engine, f"{ids[0]}").sentence is None


def test_the_manifest_tells_what_each_file_is(engine: Engine, ids: list[int]) -> None:
    described = manifest(found(engine, ",".join(map(str, ids))))
    first, second = json.loads(described)["clips"]
    assert first["file"] == f"=Né-on- 夜_00-00-00-00_{ids[0]}.mp4"
    assert first["frames"] == {"start_frame": 0, "end_frame": 10}
    assert (first["bytes"], first["receipt"]["frame_count"]) == (len(content(ids[0])), 10)
    assert first["source"]["rate"] == [25, 1]
    assert first["sha256"] != second["sha256"]
    assert json.loads(described)["left_out"] == [{"clip": ids[2], "why": "not reviewed yet"}]
    first["clip"]["decided_by"] = "=1+1"
    described = json.dumps({"format": "heaters-handover", "clips": [first]})
    line = next(iter(csv.DictReader(StringIO(manifest_csv(described)))))
    assert line["file"] == f"'{first['file']}"  # no spreadsheet runs it
    assert line["labels"] == "night,+rain" and line["decided_by"] == "'=1+1"


def test_a_zip_holds_the_files_under_their_names(
    pipeline: Pipeline, ids: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "out" / "night.zip"
    copied = copy(pipeline, "state=library&order=time", path)
    assert (copied.new, copied.place) == (2, str(path))
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        described = json.loads(made.read("manifest.json"))
        assert made.namelist()[2:] == [each["file"] for each in described["clips"]]
        for each in described["clips"]:
            assert made.read(each["file"]) == content(each["clip"]["id"])
            assert made.getinfo(each["file"]).compress_type == zipfile.ZIP_STORED
    assert copy(pipeline, "state=library&order=time", path).new == 0
    assert [each.name for each in path.parent.iterdir()] == ["night.zip"]


def test_a_zip_with_a_broken_file_never_looks_whole(
    pipeline: Pipeline, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    (storage.root / f"clips/{ids[1]}/clip.mp4").write_bytes(content(ids[1])[:-1] + b"x")
    path = tmp_path / "night.zip"
    with pytest.raises(HeatersError, match="is not the file that was exported"):
        copy(pipeline, "state=library", path)
    assert not path.exists()
    storage.delete(f"clips/{ids[1]}/clip.mp4")
    with pytest.raises(HeatersError, match="has no object"):
        copy(pipeline, "state=library", path)
    assert list(tmp_path.glob(".*.partial")) == []


class Endless:
    """A storage whose objects are generated."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks

    def stream(self, _key: str) -> object:
        return (bytes(1 << 20) for _ in range(self.chunks))


@pytest.mark.parametrize(
    ("chunks", "files"), [(16, 8), pytest.param(5000, 2, marks=pytest.mark.whole)]
)
def test_a_zip_of_any_size_needs_little_memory(chunks: int, files: int) -> None:
    import tracemalloc

    objects = [Zipped(f"{n}.mp4", "key", chunks << 20, None) for n in range(files)]
    made = zip_of(Endless(chunks), objects, {"manifest.json": "{}"})
    tracemalloc.start()
    length = sum(map(len, made.body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == made.length > files * (chunks << 20)
    assert peak < 8 << 20


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_repeated_copy_adds_what_is_new_and_is_noted(
    pipeline: Pipeline, engine: Engine, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    out = tmp_path / "taken"
    assert copy(pipeline, f"{ids[0]}", out).new == 1
    before = {each: each.stat().st_mtime_ns for each in out.glob("*.mp4")}
    copied = copy(pipeline, "state=library&order=time", out)
    assert (copied.new, copied.unchanged) == (1, 1)
    assert {each: each.stat().st_mtime_ns for each in before} == before
    whole = contents(out)
    assert len(whole) == 4
    assert copy(pipeline, "state=library&order=time", out).new == 0
    assert contents(out) == whole
    with transaction(engine) as session:
        taken = handovers.of_clips(session, ids)
    assert taken.keys() == set(ids[:2])
    (noted,) = taken[ids[1]]
    assert (noted.actor, noted.destination, noted.clip_count) == ("ann", str(out), 1)
    assert [each.clip_id for each in found(engine, "taken=no&state=pending").left_out] == [ids[2]]
    assert found(engine, "taken=no").clips == []

    # What the taker changes is theirs, until they ask for it again.
    (out / copied.handover.clips[0].file.name).write_bytes(b"changed")
    assert (storage.root / f"clips/{ids[0]}/clip.mp4").read_bytes() == content(ids[0])
    export(engine, storage, tmp_path, ids[1], made=b"made anew")
    assert copy(pipeline, "state=library&order=time", out).new == 2
    assert b"made anew" in contents(out).values()
    # Another selection leaves what is there, and its entries in the manifest.
    assert copy(pipeline, f"{ids[1]}", out).new == 0
    assert len(json.loads((out / "manifest.json").read_text())["clips"]) == 2


def test_a_file_of_somebody_else_is_never_written_over(
    pipeline: Pipeline, engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    out = tmp_path / "theirs"
    out.mkdir()
    name = found(engine, f"{ids[0]}").clips[0].file.name
    (out / name).write_bytes(b"theirs")
    with pytest.raises(InputError, match="that is not from Heaters"):
        copy(pipeline, "state=library", out)
    assert contents(out) == {name: b"theirs"}
    (tmp_path / "theirs.zip").write_bytes(b"theirs")
    with pytest.raises(InputError, match="is not one of Heaters"):
        copy(pipeline, "state=library", tmp_path / "theirs.zip")
    assert (tmp_path / "theirs.zip").read_bytes() == b"theirs"
    with zipfile.ZipFile(tmp_path / "extension.zip", "w") as extension:
        extension.writestr("manifest.json", '{"name": "of a browser", "version": "1.0"}')
    before = (tmp_path / "extension.zip").read_bytes()
    with pytest.raises(InputError, match="is not one of Heaters"):
        copy(pipeline, "state=library", tmp_path / "extension.zip")
    assert (tmp_path / "extension.zip").read_bytes() == before
    (out / name).unlink()
    (out / "manifest.json").write_text('{"clips": 1}')
    with pytest.raises(InputError, match="is not one of Heaters"):
        copy(pipeline, "state=library", out)


def test_files_of_two_profiles_lie_side_by_side(
    pipeline: Pipeline, engine: Engine, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    out = tmp_path / "both"
    copy(pipeline, f"{ids[0]}", out)
    [main] = out.glob("*.mp4")
    with transaction(engine) as session:
        web = profiles.get(session, "web")
        for each in session.exec(select(ClipExport)):
            each.profile, each.profile_hash = web.name, web.hash
            each.sha256 = hashlib.sha256(b"for the web").hexdigest()
    (storage.root / f"clips/{ids[0]}/clip.mp4").write_bytes(b"for the web")
    chosen = arguments_of(f"{ids[0]}")
    for new in (1, 0):
        copied = hand_over(pipeline, chosen, str(out), actor="ann", profile="web")
        assert copied.new == new
        assert contents(out)[main.name] == content(ids[0])
        assert contents(out)[f"{main.stem}-web.mp4"] == b"for the web"
    assert len(json.loads((out / "manifest.json").read_text())["clips"]) == 2


def test_the_command_copies_and_says_what_it_left_out(
    engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    with transaction(engine) as session:
        made = collections.create(session, "Best of", "ann").id
        collections.put(session, made, [ids[2], ids[0]], "ann")
    out = tmp_path / "taken"
    result = CliRunner().invoke(main, ["export", "Best of", "--to", str(out), "--by", "bob"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == (
        f"{out}: 1 new or changed, 0 there already (0.0 MB in all)"
    )
    assert f"clip {ids[2]} (not reviewed yet)" in result.output
    with transaction(engine) as session:
        (taken,) = handovers.of_collection(session, made)
        assert (taken.actor, taken.destination, taken.clip_count) == ("bob", str(out), 1)
        assert handovers.latest_of_collections(session) == {made: taken}
    refused = CliRunner().invoke(main, ["export", "Worst of", "--to", str(out)])
    assert (refused.exit_code, refused.output) == (
        1,
        "heaters: There is no collection 'Worst of'.\n",
    )


COPY = """
import os, sys
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.handover import hand_over
from heaters_pipeline.work.pipeline import open_pipeline

settings = get_settings()
pipeline = open_pipeline(open_engine(settings.database_url), settings)
killed = lambda done: os.kill(os.getpid(), 9)
hand_over(pipeline, {"state": "library", "order": "time"}, sys.argv[1], actor="bob",
          on_progress=killed)
"""


def test_a_copy_that_was_killed_ends_the_same_when_it_is_repeated(
    pipeline: Pipeline, engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    out, straight = tmp_path / "killed", tmp_path / "straight"
    process = subprocess.run(
        [sys.executable, "-c", COPY, str(out)], env=os.environ, timeout=60, check=False
    )
    assert process.returncode == -signal.SIGKILL
    assert len(list(out.glob("*.mp4"))) == 1
    assert not (out / "manifest.json").exists()
    (out / ".half.mp4.partial").touch()
    assert copy(pipeline, "state=library&order=time", out).new == 1
    (out / ".half.mp4.partial").unlink()
    copy(pipeline, "state=library&order=time", straight)
    assert contents(out) == contents(straight)
    assert not (out / UNDER_WAY).exists()
    with transaction(engine) as session:
        assert handovers.of_clips(session, ids).keys() == set(ids[:2])


def test_a_bucket_takes_files_as_a_folder_does(
    pipeline: Pipeline, ids: list[int], s3_endpoint: str, tmp_path: Path
) -> None:
    client = s3_client(s3_endpoint)
    bucket = f"taken-{abs(hash(tmp_path)):x}"
    client.create_bucket(Bucket=bucket)
    there = Pipeline(
        pipeline.engine,
        pipeline.storage,
        pipeline.settings.model_copy(update={"s3_endpoint_url": s3_endpoint}),
        pipeline.log,
    )
    place = f"s3://{bucket}/night shots"
    assert copy(there, f"{ids[0]}", place).new == 1
    copied = copy(there, "state=library&order=time", place)
    assert (copied.new, copied.unchanged, copied.place) == (1, 1, place)
    listed = client.list_objects_v2(Bucket=bucket)["Contents"]
    names = {each["Key"].removeprefix("night shots/") for each in listed}
    assert names == {
        "manifest.json",
        "manifest.csv",
        *(each.file.name for each in copied.handover.clips),
    }
    body = client.get_object(Bucket=bucket, Key=f"night shots/{copied.handover.clips[1].file.name}")
    assert body["Body"].read() == content(ids[1])
    client.put_object(
        Bucket=bucket, Key=f"other/{copied.handover.clips[0].file.name}", Body=b"theirs"
    )
    with pytest.raises(InputError, match="that is not from Heaters"):
        copy(there, f"{ids[0]}", f"s3://{bucket}/other")
    with pytest.raises(HeatersError, match="can't be used"):
        copy(there, f"{ids[0]}", f"s3://{bucket}-nowhere/other")


def test_the_page_s_addresses_give_the_files_and_every_format(app: Flask, ids: list[int]) -> None:
    client = app.test_client()
    query = f"ids={ids[1]},{ids[2]},{ids[0]}"
    page = client.get(f"/handover?{query}")
    assert f"clip {ids[2]} (not reviewed yet)" in page.get_data(as_text=True)
    made = client.get(f"/handover.zip?{query}")
    assert made.content_length == len(made.data)
    with zipfile.ZipFile(BytesIO(made.data)) as zipped:
        assert zipped.testzip() is None
        described = zipped.read("manifest.json")
    assert client.get(f"/handover/manifest.json?{query}").data == described
    for name, format in FORMATS.items():
        answer = client.get(f"/handover/{name}?{query}")
        assert (answer.status_code, answer.mimetype) == (200, format.mimetype), name
        assert f"Clips-{name}" in answer.headers["Content-Disposition"]
    for url, status in (
        (f"/handover/strange.xml?{query}", 404),
        (f"/handover.zip?ids={ids[2]}", 400),
        (f"/handover?{query}&profile=none", 404),
        ("/handover?collection=77", 404),
        ("/handover?ids=x", 400),
    ):
        assert client.get(url).status_code == status, url


@pytest.mark.parametrize("name", ["Best of", "A = B & C+D 100%", "-x", "<b>'\"</b>"])
def test_the_page_s_command_means_what_the_page_shows(
    app: Flask, engine: Engine, ids: list[int], name: str
) -> None:
    with transaction(engine) as session:
        made = collections.create(session, name, "ann").id
        collections.put(session, made, ids[:1], "ann")
    page = app.test_client().get(f"/handover?collection={made}").get_data(as_text=True)
    command = html.unescape(re.search('<code id="command">(.*?)</code>', page)[1])
    assert "<b>" not in page.split("<main")[1].split("<ul")[0]
    _, _, selection, to, _ = shlex.split(command)
    assert (to, selection[0] != "-") == ("--to", True)
    assert [each.clip_id for each in found(engine, selection).clips] == ids[:1]


def test_downloads_have_names_in_any_script(address: str, engine: Engine, ids: list[int]) -> None:
    with transaction(engine) as session:
        made = collections.create(session, "Été, 夜 🚢", "ann").id
        collections.put(session, made, ids[:1], "ann")
    for path, name in (
        (f"/handover.zip?collection={made}", "Été, 夜 🚢.zip"),
        (f"/handover/manifest.csv?collection={made}", "Été, 夜 🚢-manifest.csv"),
        (f"/clips/{ids[0]}/exports/delivery?download", f"=Né-on- 夜_00-00-00-00_{ids[0]}.mp4"),
    ):
        with urlopen(address + path) as answer:
            told = answer.headers["Content-Disposition"]
        assert told.isascii()
        assert parse_options_header(told) == ("attachment", {"filename": name})


def test_a_download_with_a_broken_file_has_fewer_bytes_than_were_announced(
    address: str, storage: LocalStorage, ids: list[int]
) -> None:
    url = f"{address}/handover.zip?ids={ids[0]},{ids[1]}"
    with urlopen(url) as answer:
        assert len(answer.read()) == answer.length or answer.length == 0
    storage.delete(f"clips/{ids[1]}/clip.mp4")
    with pytest.raises(IncompleteRead), urlopen(url) as answer:
        answer.read()
