"""Timelines and cut lists on films that were ingested, from the command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.decisions import Action, Mark
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.editors.cut_list import Reading
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.orchestration.run_keys import ingest_key
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage.s3 import S3Storage
from heaters_pipeline.work.cut_import import import_cuts
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.timecodes import learn_timecodes
from tests.decisions import decide
from tests.jobs import run_job
from tests.rows import ready_video


def heaters(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def film(path: Path, rate: str, timecode: str | None = None) -> Path:
    """Three shots of a second each."""
    command = [ffmpeg_binary(), "-v", "error", "-nostdin"]
    for source in ("testsrc2", "mandelbrot", "smptebars"):
        command += ["-f", "lavfi", "-t", "1", "-i", f"{source}=size=64x36:rate={rate}"]
    command += ["-filter_complex", "concat=n=3", "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    if timecode is not None:
        command += ["-timecode", timecode]
    subprocess.run([*command, str(path)], check=True)
    return path


@pytest.fixture
def work(pipeline: Engine) -> Iterator[Pipeline]:
    yield open_pipeline(pipeline, get_settings())


def clip_ids(work: Pipeline, key: str) -> list[int]:
    with work.transaction() as session:
        video = source_videos.get(session, key)
        return [clip.id for clip in clips.of_video(session, video.id)]


def frames(work: Pipeline, key: str) -> list[tuple[int, int]]:
    with work.transaction() as session:
        video = source_videos.get(session, key)
        return [clip.frames for clip in clips.of_video(session, video.id)]


def test_a_reel_of_two_rates_goes_out_as_timelines_and_comes_back_as_cuts(
    work: Pipeline, tmp_path: Path
) -> None:
    talk = ingest(work, str(film(tmp_path / "talk 1.mov", "25", "10:00:00:00"))).key
    game = ingest(work, str(film(tmp_path / "game.mov", "30000/1001", "00:59:59;00"))).key
    cut = {key: frames(work, key) for key in (talk, game)}
    assert cut == {talk: [(0, 25), (25, 50), (50, 75)], game: [(0, 30), (30, 60), (60, 90)]}
    with work.transaction() as session:
        said = [source_videos.get(session, key).source_timecode for key in (talk, game)]
    assert said == [{"start": "10:00:00:00"}, {"start": "00:59:59;00"}]

    reel = ",".join(map(str, [*clip_ids(work, talk), *clip_ids(work, game)]))
    written = heaters("timeline", tmp_path / "reel.edl", reel)
    assert written.exit_code == 0, written.output
    slow, fast = tmp_path / "reel-25.edl", tmp_path / "reel-29.97-df.edl"
    assert written.stdout.split("\n")[:2] == [str(slow), str(fast)]
    assert "TALK1    V     C        10:00:01:00 10:00:02:00 01:00:01:00 01:00:02:00" in (
        slow.read_text()
    )
    assert "GAME     V     C        01:00:00;00 01:00:01;00 01:00:01;00 01:00:02;00" in (
        fast.read_text()
    )
    assert f"* SOURCE FILE: {tmp_path / 'talk 1.mov'}\n" in slow.read_text()
    timeline = tmp_path / "reel.otio"
    assert heaters("timeline", timeline, reel, "--handles", 5).exit_code == 0
    assert heaters("timeline", tmp_path / "reel.fcpxml", reel).exit_code == 0

    # Back again, to the frame: nothing has to change.
    for key, edl in ((talk, slow), (game, fast)):
        tried = heaters("cuts", "import", key, edl, "--dry-run")
        assert "EDL: 2 cuts. 3 clips: 0 new, 0 replaced, 0 kept" in tried.stdout, tried.output
    tried = heaters("cuts", "import", game, timeline, "--dry-run")
    # With handles clips overlap, so that each end of one is a cut.
    assert "OTIO timeline: 4 cuts. 5 clips: 5 new, 3 replaced, 0 kept" in tried.stdout
    assert "Nothing was changed" in tried.stdout
    assert frames(work, game) == cut[game]
    other = heaters("cuts", "import", talk, fast)
    assert other.exit_code == 1
    assert "The EDL is not one of talk 1: it counts drop frame" in other.stderr

    # Videos from before the column get their timecode when it is first needed.
    with work.transaction() as session:
        session.execute(sa.update(SourceVideo).values(source_timecode=None))
    assert heaters("timeline", tmp_path / "again.edl", reel).exit_code == 0
    again = (tmp_path / "again-29.97-df.edl").read_text()
    assert again == fast.read_text().replace("TITLE: reel", "TITLE: again")
    assert learn_timecodes(work) == 0
    # And what never had one says so.
    assert heaters("timeline", tmp_path / "reel.aaf", reel).exit_code == 1
    assert "no timeline that is known" in heaters("timeline", tmp_path / "a.aaf", reel).stderr


def test_imported_cuts_leave_what_reviewers_touched_and_are_not_merged(
    work: Pipeline, tmp_path: Path
) -> None:
    key = ingest(work, str(film(tmp_path / "film.mp4", "25"))).key
    first = clip_ids(work, key)[0]
    decide(work.engine, first, Mark(Action.APPROVE))
    cuts = tmp_path / "cuts.csv"
    # The approved clip is frames 0 to 24. Two frames are fewer than detection makes a clip of.
    cuts.write_text("start_frame,end_frame\n0,10\n40,42\n")
    done = heaters("cuts", "import", key, cuts)
    assert "CSV: 3 cuts. 4 clips: 3 new, 2 replaced, 1 kept as reviewed." in done.stdout, (
        done.output
    )
    assert frames(work, key) == [(0, 25), (25, 40), (40, 42), (42, 75)]
    with work.transaction() as session:
        video = source_videos.get(session, key)
        assert (video.state, video.error) == ("ready", None)
        assert video.scene_cut_points["detector"] == "CSV"
        # Those that came have previews, as all clips have.
        assert session.scalar(sa.text("SELECT count(*) FROM clip_embeddings")) == 6
        assert session.get(Clip, first).state == "review_approved"
    again = import_cuts(work, key, "cuts.csv", cuts.read_bytes(), Reading())
    assert (again.laid.new, again.laid.replaced) == (0, 0)
    far = heaters("cuts", "import", key, tmp_path / "far.csv")
    assert far.exit_code == 2  # click's: there is no such file
    (tmp_path / "far.csv").write_text("frame\n80\n")
    far = heaters("cuts", "import", key, tmp_path / "far.csv")
    assert far.stderr == (
        "heaters: The CSV is not one of film: it names frame 80, and the film has frames 0 to 74.\n"
    )
    assert frames(work, key) == [(0, 25), (25, 40), (40, 42), (42, 75)]


def test_imported_cuts_stay_until_somebody_asks_for_the_detectors(
    work: Pipeline, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    key = ingest(work, str(film(tmp_path / "film.mp4", "25"))).key
    found = frames(work, key)
    import_cuts(work, key, "cuts.csv", b"start_frame,end_frame\n0,10\n40,42\n", Reading())
    imported = frames(work, key)
    assert imported == [(0, 10), (10, 40), (40, 42), (42, 75)]
    # As a sensor asks for it, when the film is fetched again or a step is tried again.
    again = run_job(instance, "ingest", key, tags={"dagster/run_key": ingest_key(key, 1)})
    assert again.success
    assert frames(work, key) == imported
    with work.transaction() as session:
        assert source_videos.get(session, key).state == "ready"
    assert run_job(instance, "ingest", key, ["scene_cut_points", "virtual_clips"]).success
    assert frames(work, key) == found


def test_a_video_without_frames_has_no_cuts_yet(work: Pipeline) -> None:
    with transaction(work.engine) as session:
        source_videos.register(
            session, key="new", title="New", url="/n.mp4", origin="upload", needs_splicing=True
        )
    with pytest.raises(InputError, match="New has no clips yet"):
        import_cuts(work, "new", "a.csv", b"frame\n1\n", Reading())


def test_the_timecode_of_a_source_in_s3_is_read_without_fetching_it(
    work: Pipeline, s3_storage: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "far.mov", "50", "01:00:00:00")
    with path.open("ab") as file:
        file.write(b"\x00\x40\x00\x00free" + bytes((1 << 22) - 8))
    s3_storage.put(path, "videos/film-1/source-1.mov")
    video, _ = ready_video(work.engine)
    with work.transaction() as session:
        facts = {"source_filepath": "videos/film-1/source-1.mov"}
        source_videos.record(session, video.key, facts)
    remote = Pipeline(work.engine, s3_storage, work.settings, work.log)
    read: list[int] = []
    fetch = s3_storage.read_range

    def counted(key: str, start: int, length: int) -> bytes:
        read.append(length)
        return fetch(key, start, length)

    monkeypatch.setattr(s3_storage, "read_range", counted)
    assert learn_timecodes(remote) == 1
    assert sum(read) < 500_000
    with work.transaction() as session:
        found = source_videos.get(session, video.key).source_timecode
    assert found == {"start": "01:00:00:00"}
    assert s3_storage.address("a/b.mov").startswith("s3://heaters-")
