"""The commands on a real database, with real footage made by ffmpeg."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from heaters_pipeline.cli import _show_until_ready, main
from heaters_pipeline.db import embeddings, source_videos
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.index_making import ensure_index
from heaters_pipeline.db.models import Clip, Origin
from heaters_pipeline.domain.states import DOWNLOAD, ClipState, SourceState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.work.register import add_source
from tests.rows import add_keyframe, new_video, ready_video


def heaters(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Two scenes of one second each, 25 frames a second."""
    path = tmp_path / "two scenes.mp4"
    command = [ffmpeg_binary(), "-v", "error", "-nostdin"]
    for source in ("testsrc2", "mandelbrot"):
        command += ["-f", "lavfi", "-t", "1", "-i", f"{source}=size=320x180:rate=25"]
    command += ["-filter_complex", "concat=n=2", "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    subprocess.run([*command, str(path)], check=True)
    return path


def test_videos_are_added_once(settings: Settings, footage: Path) -> None:
    first = heaters("add", footage, "https://example.org/talk.mp4")
    assert first.exit_code == 0, first.output
    assert [line.split()[1] for line in first.stdout.splitlines()] == ["added", "added"]
    second = heaters("add", footage)
    assert "known already, new" in second.stdout
    assert json.loads(heaters("status", "--json").stdout) == {
        "home": str(settings.home),
        "source_videos": {"new": 2},
        "clips": {},
        "failures": {},
        "outages": [],
        "stopped": [],
    }


def test_a_file_that_is_not_there_is_refused_at_once(settings: Settings) -> None:
    for command in ("add", "ingest"):
        refused = heaters(command, "/no/such/typo.mp4")
        assert refused.exit_code == 1
        assert "heaters: There is no file /no/such/typo.mp4: check the path." in refused.stderr
    assert json.loads(heaters("status", "--json").stdout)["source_videos"] == {}


def test_a_title_is_for_one_video(settings: Settings, footage: Path) -> None:
    result = heaters("add", "--title", "A talk", footage, "https://example.org/talk.mp4")
    assert result.exit_code == 2
    assert heaters("status", "--json").stdout.count("new") == 0


def test_ingest_gives_one_object_and_changes_nothing_the_second_time(
    settings: Settings, footage: Path
) -> None:
    first = heaters("ingest", footage, "--json", "--title", "Two scenes")
    assert first.exit_code == 0, first.stderr
    report = json.loads(first.stdout)
    assert report["frame_count"] == 50
    assert report["clip_count"] >= 1
    assert report["changed"] is True
    assert report["error"] is None
    second = json.loads(heaters("ingest", footage, "--json").stdout)
    assert second["changed"] is False
    assert (second["key"], second["paths"]) == (report["key"], report["paths"])
    assert "nothing has changed" in heaters("ingest", footage).stdout
    assert json.loads(heaters("status", "--json").stdout)["source_videos"] == {"ready": 1}


def test_a_clip_that_is_cut_already_stays_whole(settings: Settings, footage: Path) -> None:
    result = heaters("ingest", footage, "--json", "--no-splice")
    assert json.loads(result.stdout)["clip_count"] == 1


def test_bad_footage_is_one_sentence_everywhere(settings: Settings, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    result = heaters("ingest", text, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["error"]
    assert f"heaters: {report['error']}\n" in result.stderr
    assert "Traceback" not in result.stderr
    assert json.loads(heaters("status", "--json").stdout)["failures"] == {
        report["key"]: report["error"]
    }
    assert report["error"] in heaters("status").stdout
    assert [path for path in (settings.home / "scratch").iterdir() if path.is_dir()] == []


def test_migrate_may_be_repeated(settings: Settings) -> None:
    for _ in range(2):
        assert heaters("migrate").stdout == "The schema is up to date.\n"


def test_models_are_listed_and_one_that_is_not_in_use_is_removed(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", LAYOUT_MODEL)
    get_settings.cache_clear()
    _, (first, second, _) = ready_video(engine)
    with transaction(engine) as session:
        for clip in (first, second):
            add_keyframe(session, clip.id, clip.start_frame, "unused")
            session.get_one(Clip, clip.id).state = ClipState.EMBEDDED
            embeddings.save(session, clip.id, "old", "mean", [1.0, 2.0])
        embeddings.save(session, first.id, LAYOUT_MODEL, "mean", [1.0, 2.0, 3.0])
        embeddings.save(session, first.id, "old", PREVIEW, [1.0])
    ensure_index(engine, "old", "mean", 2)
    assert heaters("embeddings", "list").stdout.splitlines() == [
        "layout-v1  mean, 3 numbers, 1 clips, in use",
        "old  mean, 2 numbers, 2 clips",
        "1 clips lack a vector by layout-v1, mean.",
    ]
    for model, sentence in ((LAYOUT_MODEL, "is in use"), ("new", "No clip has such a vector")):
        refused = heaters("embeddings", "remove", model)
        assert (refused.exit_code, sentence in refused.stderr) == (1, True)
    assert heaters("embeddings", "remove", "old").exit_code == 0
    with transaction(engine) as session:
        assert [kind.model for kind in embeddings.kinds(session)] == [LAYOUT_MODEL]
        assert set(embeddings.previews(session, [first.id])) == {first.id}
        left = "SELECT 1 FROM pg_indexes WHERE starts_with(indexname, 'hnsw_')"
        assert session.execute(sa.text(left)).all() == []


def test_doctor_finds_everything(settings: Settings) -> None:
    result = heaters("doctor")
    assert result.exit_code == 0, result.output
    for name in ("ffmpeg", "Postgres", "pgvector", "storage", "free disk"):
        assert f"✓ {name}" in result.stdout
    assert "· JavaScript" in result.stdout


def test_doctor_names_what_is_missing(
    settings: Settings, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_URL", "s3://no-such-bucket/heaters")
    monkeypatch.setenv("HEATERS_S3_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/heaters")
    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", "/no/such/model")
    get_settings.cache_clear()
    result = heaters("doctor")
    assert result.exit_code == 1
    assert "✓ ffmpeg" in result.stdout
    for name in ("Postgres", "pgvector", "storage"):
        assert f"✗ {name}" in result.stdout
    assert "no vector by /no/such/model yet: there is no folder" in result.stdout


def test_a_database_that_does_not_answer_is_one_sentence(
    heaters_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/heaters")
    get_settings.cache_clear()
    result = heaters("status")
    assert result.exit_code == 1
    assert result.stderr.startswith("heaters: The database postgresql://127.0.0.1:1/heaters ")
    assert result.stderr.count("\n") == 1


def test_a_refetch_that_is_refused_stops_no_other(pipeline: Engine) -> None:
    video = new_video(pipeline, url="https://films.example/a.mp4")
    with transaction(pipeline) as session:
        again = source_videos.get(session, video.key)
        again.origin = Origin.WEB
        again.error = "It was not there."
    result = heaters("refetch", "no-such-film", video.key)
    assert result.exit_code == 1
    assert result.stdout == f"{video.key}  as you asked\n"
    assert "'no-such-film'" in result.stderr
    assert result.stderr.endswith("heaters: 1 of 2 could not be fetched again.\n")


def test_a_demo_of_a_film_that_is_there_already_names_it_and_ends(
    engine: Engine, footage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original, _ = ready_video(engine)
    with transaction(engine) as session:
        video, _ = add_source(session, str(footage))
        source_videos.begin(session, video.key, DOWNLOAD)
        facts = {"duplicate_of_id": original.id}
        source_videos.settle(session, video.key, SourceState.DUPLICATE, facts)
    supervisor: Any = SimpleNamespace(
        database_url=engine.url.render_as_string(hide_password=False),
        review_address="http://review.example",
        settings=get_settings(),
        watch=lambda: pytest.fail("It waits for a film that is settled."),
    )
    _show_until_ready(supervisor, footage, title=None)
    assert f"the same video as {original.title!r}" in capsys.readouterr().out
