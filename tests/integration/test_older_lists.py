"""Clips that are files alone: a folder of them, a list of them."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlmodel import col, select

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ImportedClip, SourceVideo
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.work.older_lists import read_list
from tests.footage import make_numbered_film, remake

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
    assert "3 clips are files of their own" in heaters("migrate-clips", film.key, "--back")


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
