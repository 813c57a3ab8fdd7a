"""Clips that are files alone: a folder of them, a list of them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlmodel import col, select

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ImportedClip, SourceVideo
from heaters_pipeline.db.removal import remove
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import Fate, OlderClip, OlderFilm
from heaters_pipeline.domain.states import COMPLETE, ClipState, SourceState
from heaters_pipeline.platform.signals import StopRequested
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.older_files import OlderFiles
from heaters_pipeline.work.older_import import plan, take_over
from heaters_pipeline.work.older_lists import ListedClips, read_list
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from review_app import create_app
from tests.footage import make_numbered_film, remake
from tests.reviewer import Reviewer

SIZE, RATE = (64, 36), Fraction(25)
CUTS = (0, 10, 22, 30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film, and the files of its three shots beside it."""
    folder = tmp_path_factory.mktemp("clips")
    film = make_numbered_film(
        folder / "film.mp4", CUTS[-1], SIZE, RATE, scenes=CUTS[1:-1], audio=False
    )
    (folder / "shots").mkdir()
    for start, end in pairwise(CUTS):
        remake(
            film,
            folder / "shots" / f"{start}.mp4",
            vf=f"trim=start_frame={start}:end_frame={end},setpts=PTS-STARTPTS",
        )
    return folder


def heaters(*arguments: str) -> str:
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 0, told.output
    return told.output


def test_a_folder_of_clips_waits_for_review(settings, engine, dagster_home, folder: Path) -> None:
    assert "3 new clips" in heaters("import", str(folder / "shots"), "--dry-run")
    assert "Taken now: 3 clips" in heaters("import", str(folder / "shots"))
    assert "Taken now: 0 clips" in heaters("import", str(folder / "shots"))
    with transaction(engine) as session:
        found = session.exec(select(Clip).order_by(col(Clip.id))).all()
        assert sorted(clip.frames.length for clip in found) == [8, 10, 12]
        assert {clip.state for clip in found} == {ClipState.PENDING_REVIEW}


def test_a_list_of_clips_comes_with_decisions_and_moves_to_its_film(
    settings, engine, dagster_home, folder: Path
) -> None:
    (folder / "list.csv").write_text(
        "file,source,start_frame,end_frame,state,reviewer,decided_at,labels,rating,note\n"
        'shots/0.mp4,film.mp4,1,11,approved,ann,2024-05-01T10:00:00,"calm, blue",4,at dawn\n'
        "shots/10.mp4,film.mp4,,,skipped,ben,2024-05-01T10:01:00+02:00,,,\n"
        "shots/22.mp4,film.mp4,,,,,,,,\n"
    )
    heaters("import", str(folder / "list.csv"))
    with transaction(engine) as session:
        rows = dict(
            session.exec(
                select(ImportedClip.old_id, Clip).join(
                    Clip, col(Clip.id) == col(ImportedClip.clip_id)
                )
            ).all()
        )
        [film] = session.exec(select(SourceVideo).where(col(SourceVideo.playlist_id).is_(None)))
    first, second, third = (rows[f"shots/{cut}.mp4"] for cut in CUTS[:-1])
    assert (first.state, first.labels, first.rating, first.note) == (
        ClipState.EXPORTED,
        ["calm", "blue"],
        4,
        "at dawn",
    )
    assert first.decided_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert (second.state, third.state) == (ClipState.REVIEW_SKIPPED, ClipState.PENDING_REVIEW)
    with transaction(engine) as session:
        actors = {event.action: event.actor for event in clips.history(session, second.id)}
    assert actors[Action.SKIP] == "ben"

    told = heaters("migrate-clips", film.key)
    assert "3 clips placed, 3 of them to the frame" in told
    with transaction(engine) as session:
        assert [clip.start_frame for clip in clips.of_video(session, film.id)] == [*CUTS[:-1]]
    page = Reviewer(create_app(settings)).client.get("/sources").get_data(as_text=True)
    assert page.count("Its clip lies in") == 3
    assert "3 clips are files of their own" in heaters("migrate-clips", film.key, "--back")
    page = Reviewer(create_app(settings)).client.get("/sources").get_data(as_text=True)
    assert page.count("A clip of") == 3


def test_a_file_that_is_written_over_afterwards_stays_as_it_came(
    settings: Settings, engine, dagster_home, folder: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copy(folder / "shots" / "0.mp4", tmp_path))
    before = own.read_bytes()
    heaters("import", str(tmp_path))
    with own.open("r+b") as file:  # as ffmpeg -y does
        file.truncate()
        file.write(b"another one")
    with transaction(engine) as session:
        [path] = session.exec(
            select(SourceVideo.source_filepath).where(col(SourceVideo.source_filepath).is_not(None))
        )
    assert b"".join(open_pipeline(engine, settings).storage.stream(str(path))) == before


def test_a_film_that_lies_where_the_list_says_by_the_next_import_takes_its_clips(
    settings, engine, dagster_home, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("file,source\n0.mp4,late.mp4\n")
    shutil.copy(folder / "shots" / "0.mp4", tmp_path)
    assert "1 film, 0 of them with a file" in heaters("import", str(tmp_path / "list.csv"))
    shutil.copy(folder / "film.mp4", tmp_path / "late.mp4")
    assert "1 film, 1 of them with a file" in heaters("import", str(tmp_path / "list.csv"))
    with transaction(engine) as session:
        [film] = session.exec(select(SourceVideo).where(SourceVideo.title == "late"))
    assert film.frame_count == CUTS[-1]
    assert "1 clip placed, 1 of them to the frame" in heaters("migrate-clips", film.key)
    assert "all clips that were cut from it lie in it already" in heaters("migrate-clips", film.key)


def test_a_film_that_can_not_be_copied_keeps_nothing_else_from_coming(
    settings: Settings, engine, dagster_home, folder: Path, tmp_path: Path
) -> None:
    """Nor does a sensor take it up when the next import tries it again."""
    work = open_pipeline(engine, settings)
    shutil.copy(folder / "shots" / "0.mp4", tmp_path)
    (tmp_path / "film.mp4").touch()
    clip = OlderClip("1", "1", "one", "0.mp4", None, Fate.PENDING)
    older = ListedClips([clip], [OlderFilm("1", "Film", "film.mp4")])
    files = OlderFiles(LocalStorage(tmp_path), settings.home)
    report = take_over(work, older, plan(work, older, "lists", files), files)
    [(key, told)] = report.failed.items()
    assert "is empty" in told
    assert report.taken == 1
    assert state_of(work, key) == SourceState.DOWNLOAD_FAILED
    shutil.copy(folder / "film.mp4", tmp_path)
    meanwhile: list[str] = []
    report = take_over(
        work,
        older,
        plan(work, older, "lists", files),
        files,
        on_progress=lambda *_: meanwhile.append(state_of(work, key)),
    )
    assert (report.taken, report.failed) == (0, {})
    assert meanwhile == [SourceState.DOWNLOADING]
    assert state_of(work, key) in COMPLETE


def test_a_film_that_was_removed_here_does_not_come_again(
    settings: Settings, engine, dagster_home, folder: Path
) -> None:
    work = open_pipeline(engine, settings)
    clip = OlderClip("1", "1", "one", "shots/0.mp4", None, Fate.PENDING)
    older = ListedClips([clip], [OlderFilm("1", "Film", "film.mp4")])
    files = OlderFiles(LocalStorage(folder), settings.home)
    [key] = take_over(work, older, plan(work, older, "lists", files), files).films
    with work.transaction() as session:
        remove(session, key, actor="ann")
    report = take_over(work, older, plan(work, older, "lists", files), files)
    assert (report.taken, report.failed) == (0, {})
    with work.transaction() as session:
        film = source_videos.get(session, key)
    assert (film.state, film.source_filepath) == (SourceState.REMOVED, None)


def state_of(work: Pipeline, key: str) -> str:
    with work.transaction() as session:
        return source_videos.get(session, key).state


def test_an_import_that_was_stopped_after_the_clip_was_laid_leaves_no_error(
    settings, engine, dagster_home, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"  # beside HEATERS_HOME, which has videos after the first import
    own.mkdir()
    shutil.copy(folder / "shots" / "0.mp4", own)

    def stopped(*_: object) -> None:
        raise StopRequested

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.work.clips.seek_repeats", stopped)
        assert "stopped; the same command goes on from here" in refused("import", str(own))
    assert "Taken now: 1 clip" in heaters("import", str(own))
    with transaction(engine) as session:
        assert [video.error for video in session.exec(select(SourceVideo))] == [None, None]


def test_whoever_names_another_video_than_the_film_is_told(
    settings, engine, dagster_home, folder: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / "shots" / "0.mp4", tmp_path)
    heaters("import", str(tmp_path))
    heaters("ingest", str(folder / "film.mp4"))
    with transaction(engine) as session:
        films = {video.title: video.key for video in session.exec(select(SourceVideo))}
    own, alone = films[f"{tmp_path.name}: 0"], films["film"]
    assert f"the file of one clip: name its film, {films[tmp_path.name]}" in refused(
        "migrate-clips", own
    )
    assert "No clip's file was cut from film" in refused("migrate-clips", alone)


def refused(*arguments: str) -> str:
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 1, told.output
    return " ".join(told.output.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("mysql://ann:secret@host/older",), "mysql:// is no address"),
        (("postgres://ann:secret@host:port/older",), "is no address of a database"),
        (("postgres://ann:secret@127.0.0.1:1/older",), "can't be read: "),
        ((".", "--files", "not-there"), "There is no folder not-there"),
        ((".", "--files", "https://host/files"), "--files is https://host/files"),
    ],
)
def test_what_can_not_be_imported_from_is_refused_without_its_password(
    settings, engine, arguments: tuple[str, ...], sentence: str
) -> None:
    told = refused("import", *arguments)
    assert sentence in told
    assert "secret" not in told


def test_a_path_that_is_not_absolute_is_one_of_the_older_systems_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "a.mp4").touch()
    monkeypatch.chdir(tmp_path)
    files = OlderFiles(LocalStorage(tmp_path / "storage"), tmp_path)
    assert not files.exists("a.mp4")
    assert files.exists(str(tmp_path / "a.mp4"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path\na.mp4\n", "has no column file"),
        ("file,colour\na.mp4,red\n", "has the column colour"),
        ("file,state\na.mp4,liked\n", "Line 2 .* The state is 'liked'"),
        ("file,rating\na.mp4,9\n", "Line 2 .* The rating is 9"),
        ("file,start_frame,end_frame\na.mp4,9,3\n", "Line 2 .* no range"),
        ("file,decided_at\na.mp4,yesterday\n", "Line 2"),
        ("file,note\n,good\n", "Line 2 .* is empty"),
        ("file\na.mp4,red\n", "Line 2 .* more cells"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_list(file)
