"""A repeated copy: each clip is there once, under its newest name, whatever interrupted it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from heaters_pipeline.db import profiles
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ClipExport, SourceVideo
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.handover import MANIFEST, MANIFEST_CSV, arguments_of
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.destinations import Folder
from heaters_pipeline.storage.s3 import s3_client
from heaters_pipeline.work.handover import UNDER_WAY, Copied, hand_over
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.handover import content, export
from tests.rows import ready_video

TABLES = {MANIFEST, MANIFEST_CSV}


@pytest.fixture
def pipeline(engine: Engine, settings: Settings, s3_endpoint: str) -> Pipeline:
    return open_pipeline(engine, settings.model_copy(update={"s3_endpoint_url": s3_endpoint}))


@pytest.fixture
def ids(engine: Engine, storage: LocalStorage, tmp_path: Path) -> list[int]:
    """Three clips of a film, all in the library."""
    _, clips = ready_video(engine)
    for clip in clips:
        export(engine, storage, tmp_path, clip.id)
    return [clip.id for clip in clips]


class Place(Protocol):
    to: str

    def files(self) -> dict[str, bytes]: ...

    def put(self, name: str, body: bytes) -> None: ...


class InFolder:
    def __init__(self, root: Path) -> None:
        self.root, self.to = root, str(root)
        root.mkdir(exist_ok=True)

    def files(self) -> dict[str, bytes]:
        return {each.name: each.read_bytes() for each in self.root.iterdir()}

    def put(self, name: str, body: bytes) -> None:
        (self.root / name).write_bytes(body)


class InBucket:
    def __init__(self, endpoint: str, bucket: str) -> None:
        self.client, self.bucket = s3_client(endpoint), bucket
        self.client.create_bucket(Bucket=bucket)
        self.to = f"s3://{bucket}/night"

    def files(self) -> dict[str, bytes]:
        found: list[dict[str, Any]] = self.client.list_objects_v2(Bucket=self.bucket).get(
            "Contents", []
        )
        return {
            each["Key"].removeprefix("night/"): self.client.get_object(
                Bucket=self.bucket, Key=each["Key"]
            )["Body"].read()
            for each in found
        }

    def put(self, name: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"night/{name}", Body=body)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, s3_endpoint: str) -> Place:
    if request.param == "folder":
        return InFolder(tmp_path / "taken")
    return InBucket(s3_endpoint, f"again-{abs(hash(tmp_path)):x}")


def copy(pipeline: Pipeline, to: str, text: str = "state=library&order=time") -> Copied:
    return hand_over(pipeline, arguments_of(text), to, actor="ann")


def rename(engine: Engine, title: str) -> None:
    """Gives the film another title, which all names of files begin with."""
    with transaction(engine) as session:
        session.scalars(select(SourceVideo)).one().title = title


def listed(place: Place) -> dict[int, str]:
    """The file of each clip, as the manifest names it; each is there, and nothing else."""
    files = place.files()
    described = json.loads(files[MANIFEST])["clips"]
    assert files.keys() - TABLES == {each["file"] for each in described}
    return {each["clip"]["id"]: each["file"] for each in described}


def test_a_file_with_a_new_name_takes_the_place_of_the_old_one(
    pipeline: Pipeline, engine: Engine, ids: list[int], place: Place
) -> None:
    copy(pipeline, place.to)
    before = listed(place)
    assert len(before) == 3
    rename(engine, "Another title")
    copied = copy(pipeline, place.to, f"{ids[0]},{ids[1]}")
    after = listed(place)
    assert all("Another title" in after[each] for each in ids[:2])
    assert after[ids[2]] == before[ids[2]], "another selection leaves what is there"
    assert place.files()[after[ids[0]]] == content(ids[0])
    assert copied.sentence == (
        f"Removed: {before[ids[0]]}, {before[ids[1]]}. Their clips have files of another name now."
    )
    whole = place.files()
    again = copy(pipeline, place.to, f"{ids[0]},{ids[1]}")
    assert (again.new, again.sentence, place.files()) == (0, None, whole)


def test_a_clip_that_was_cut_anew_has_one_file(
    pipeline: Pipeline,
    engine: Engine,
    storage: LocalStorage,
    ids: list[int],
    place: Place,
    tmp_path: Path,
) -> None:
    copy(pipeline, place.to)
    before = listed(place)
    with transaction(engine) as session:
        clip = session.get_one(Clip, ids[1])
        clip.cut_points = {**clip.cut_points, "start_frame": 25}
    export(engine, storage, tmp_path, ids[1], made=b"from frame 25 on")
    copied = copy(pipeline, place.to)
    after = listed(place)
    assert copied.new == 1
    assert after == {**before, ids[1]: after[ids[1]]}
    assert after[ids[1]] != before[ids[1]]
    assert place.files()[after[ids[1]]] == b"from frame 25 on"


def test_an_old_file_that_somebody_changed_is_left_alone_and_told_of(
    pipeline: Pipeline, engine: Engine, ids: list[int], place: Place
) -> None:
    copy(pipeline, place.to)
    old = listed(place)[ids[0]]
    place.put(old, b"graded")
    place.put("notes.txt", b"theirs")
    rename(engine, "Another title")
    copied = copy(pipeline, place.to)
    assert copied.sentence is not None
    assert f"Changed by somebody, so left beside the new: {old}." in copied.sentence
    files = place.files()
    assert (files.pop(old), files.pop("notes.txt")) == (b"graded", b"theirs")
    described = json.loads(files[MANIFEST])["clips"]
    assert [each["clip"]["id"] for each in described] == ids
    assert files.keys() - TABLES == {each["file"] for each in described}


def test_names_that_clips_give_one_another_are_free(
    pipeline: Pipeline, engine: Engine, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    place = InFolder(tmp_path / "taken")
    copy(pipeline, place.to)
    before = listed(place)
    # As if each had been copied under the name that the other one has now.
    described = json.loads((place.root / MANIFEST).read_text())
    first, second, _ = described["clips"]
    first["file"], second["file"] = second["file"], first["file"].upper()
    place.put(first["file"], content(ids[0]))
    (place.root / before[ids[0]]).unlink()
    place.put(second["file"], content(ids[1]))
    place.put(MANIFEST, json.dumps(described).encode())
    copy(pipeline, place.to)
    after = listed(place)
    assert {name.casefold() for name in after.values()} == {
        name.casefold() for name in before.values()
    }
    assert {each: place.files()[after[each]] for each in ids} == {
        each: content(each) for each in ids
    }


def test_other_profiles_keep_their_files(
    pipeline: Pipeline, engine: Engine, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    place = InFolder(tmp_path / "taken")
    copy(pipeline, place.to)
    main = listed(place)
    with transaction(engine) as session:
        for each in session.exec(select(ClipExport).where(col(ClipExport.clip_id) == ids[0])):
            each.profile, each.profile_hash = "web", profiles.get(session, "web").hash
    rename(engine, "Another title")
    hand_over(pipeline, arguments_of(f"{ids[0]}"), place.to, actor="ann", profile="web")
    described = json.loads((place.root / MANIFEST).read_text())["clips"]
    assert {(each["profile"], each["clip"]["id"]) for each in described} == {
        ("web", ids[0]),
        *(("delivery", each) for each in ids),
    }
    assert set(main.values()) < place.files().keys()


def test_a_manifest_that_names_files_elsewhere_is_none_of_ours(
    pipeline: Pipeline, engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    place = InFolder(tmp_path / "taken")
    copy(pipeline, place.to)
    elsewhere = tmp_path / "elsewhere.mp4"
    described = json.loads((place.root / MANIFEST).read_text())
    elsewhere.write_bytes(content(ids[0]))
    for name in ("../elsewhere.mp4", str(elsewhere), "..", "", "a\\b"):
        described["clips"][0]["file"] = name
        place.put(MANIFEST, json.dumps(described).encode())
        with pytest.raises(InputError, match="is not one of Heaters"):
            copy(pipeline, place.to)
    assert elsewhere.exists()


class Crash(BaseException):
    """The end of the process."""


def crashing(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Has the process end before the change number `at` at the destination; how many began."""
    begun = 0

    def counted(change: Callable[..., None]) -> Callable[..., None]:
        def made(*given: Any) -> None:
            nonlocal begun
            begun += 1
            if begun == at:
                raise Crash
            change(*given)

        return made

    for name in ("put", "write", "delete"):
        monkeypatch.setattr(Folder, name, counted(getattr(Folder, name)))
    return lambda: begun


def test_a_copy_that_replaces_can_be_interrupted_anywhere(
    pipeline: Pipeline, engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    interrupted = 0
    straight = InFolder(tmp_path / "straight")
    for at in range(1, 99):
        rename(engine, "Film-1")
        place = InFolder(tmp_path / f"taken-{at}")
        copy(pipeline, place.to)
        copy(pipeline, straight.to)
        rename(engine, "Another title")
        copy(pipeline, straight.to)
        with pytest.MonkeyPatch.context() as patch:
            crashing(patch, at)
            try:
                copy(pipeline, place.to)
            except Crash:
                interrupted += 1
            else:
                break
        assert {content(each) for each in ids} <= set(place.files().values()), "nothing is lost"
        copy(pipeline, place.to)
        assert place.files() == straight.files()
    # What is under way, three files, two manifests, three old files, and the end.
    assert interrupted == 10


def test_what_a_killed_copy_did_not_bring_is_not_in_the_manifest_of_the_next_one(
    pipeline: Pipeline, engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    place = InFolder(tmp_path / "taken")
    with pytest.MonkeyPatch.context() as patch:
        crashing(patch, 3)  # before the second file
        with pytest.raises(Crash):
            copy(pipeline, place.to)
    assert UNDER_WAY in place.files()
    copy(pipeline, place.to, f"{ids[2]}")
    assert listed(place).keys() == {ids[0], ids[2]}
