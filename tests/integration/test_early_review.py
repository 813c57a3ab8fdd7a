"""A long film whose first clips are reviewed while the rest of it is transcoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import (
    backed_up_objects,
    clip_work,
    clips,
    frame_indexes,
    named_objects,
    reviews,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import SourceFacts
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Action, Split
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.frame_index import FrameRecord, pack
from heaters_pipeline.domain.states import EXPORT, ClipState
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import read_frame_index
from heaters_pipeline.media.products.growing import Growing, Segments, take_samples
from heaters_pipeline.media.products.transcode import Product, transcode
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work import early_review
from heaters_pipeline.work.early_review import refuse_other_source
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests import early
from tests.footage import STALL_SECONDS, make_numbered_film
from tests.rows import new_video
from tests.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return early.long_film(tmp_path_factory.mktemp("film"))


@pytest.fixture
def work(pipeline: Engine, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    early.segments_of_seconds(monkeypatch)
    return open_pipeline(pipeline, get_settings())


@pytest.mark.parametrize("ticks", [None, [n * 3600 + n % 3 * 700 for n in range(100)]])
def test_segments_hold_the_samples_of_the_whole_proxy_and_change_no_product(
    tmp_path: Path, ticks: list[int] | None
) -> None:
    """Also in a folder with a name that ffmpeg reads as a pattern; and of uneven frames."""
    film = make_numbered_film(tmp_path / "film.mp4", 100, (160, 90), ticks=ticks)
    facts, everything = probe(film), frozenset(Product)
    one, cut = tmp_path / "one", tmp_path / "100 %d|'it\\s"
    for folder in (one, cut):
        folder.mkdir()
    samples: list[bytes] = []
    times: list[int] = []

    @contextmanager
    def follow(growing: Growing) -> Iterator[None]:
        yield
        for part in sorted(growing.parts.glob("*.mp4")):
            take_samples(part, tmp_path / "samples")
            samples.append((tmp_path / "samples").read_bytes())
        times.extend(growing.ticks().tolist())
        assert growing.thumbnail_count() == 100

    whole = transcode(film, facts, one, everything, stall_seconds=STALL_SECONDS)
    made = transcode(
        film, facts, cut, everything, segments=Segments(0.9, follow), stall_seconds=STALL_SECONDS
    )
    assert len(samples) == 5
    for name in ("gold_master", "review_proxy", "proxy_audio", "sprites", "thumbnails"):
        assert getattr(made, name).read_bytes() == getattr(whole, name).read_bytes(), name
    assert made.review_proxy
    index = read_frame_index(made.review_proxy)
    start = int(index["offset"][0])
    proxy = made.review_proxy.read_bytes()
    assert b"".join(samples) == proxy[start : start + int(index["size"].sum())]
    assert times == index["ticks"].tolist()
    assert sorted(path.name for path in cut.iterdir()) == sorted(
        path.name for path in one.iterdir()
    )


def test_the_first_clips_wait_for_review_while_the_rest_is_transcoded(
    work: Pipeline, app: Flask, film: Path
) -> None:
    """And what is decided on them holds, whatever becomes of the transcode."""
    engine, client = work.engine, app.test_client()
    with early.ingest_under_way(film) as process:
        video, live = early.when_settled(engine)
        assert process.is_alive() and video.state == "preprocessing"
        assert video.gold_master_filepath is None and video.proxy_filepath is None
        edges = [0, *early.SCENES]
        assert [clip.start_frame for clip in live] == edges[: len(live)]
        assert {clip.state for clip in live} == {ClipState.PENDING_REVIEW}
        first_id, proxy_id = live[0].id, video.proxy_id
        with transaction(engine) as session:
            _all_objects_are_named(session, work, video.key)
            reviews.decide(
                session, actor="ann", clip_id=live[0].id, version=live[0].version, decision=APPROVE
            )
            reviews.decide(
                session, actor="ann", clip_id=live[1].id, version=live[1].version, decision=SKIP
            )
            reviews.decide(
                session,
                actor="ann",
                clip_id=live[2].id,
                version=live[2].version,
                decision=Split(frames=(400,)),
            )
        with transaction(engine) as session:
            # There is no gold master to cut it from.
            assert clip_work.due(session, 0, 10) == []
            assert clip_work.claim(session, video.id, EXPORT, 0) == []
            live = clips.of_video(session, video.id)
            decided = [(clip.id, clip.frames, clip.state) for clip in live]
        seen = client.get(f"/media/{proxy_id}/frames/200-253").data
        assert client.get(f"/media/{proxy_id}/proxy.mp4").status_code == 404
        known = video.frame_count or 0
        assert client.get(f"/media/{proxy_id}/frames/{known - 1}-{known}").status_code == 404
    # It was killed in the middle. Another one, which is killed, too, begins anew: what it has made
    # comes in place of what was there as soon as it is as much.
    with early.ingest_under_way(film):
        video = early.when(engine, lambda video: video.proxy_id != proxy_id)
        assert video.state == "preprocessing" and (video.frame_count or 0) >= known
        with transaction(engine) as session:
            live = clips.of_video(session, video.id)
            _all_objects_are_named(session, work, video.key)
        assert [(clip.id, clip.frames, clip.state) for clip in live][: len(decided)] == decided
        assert client.get(f"/media/{video.proxy_id}/frames/200-253").data == seen
        assert client.get(f"/media/{proxy_id}/frames/200-253").status_code == 404
    report = ingest(work, str(film))
    assert (report.error, report.state, report.frame_count) == (None, "ready", early.FRAMES)
    assert all(report.checks.values())
    with transaction(engine) as session:
        video = source_videos.get(session, report.key)
        live = clips.of_video(session, video.id)
        assert [(clip.id, clip.frames, clip.state) for clip in live][: len(decided)] == decided
        assert sorted({*(clip.start_frame for clip in live)} - {400}) == [0, *early.SCENES]
        assert video.proxy_segments is None
        _all_objects_are_named(session, work, video.key)
        assert [each.clip_count for each in clip_work.due(session, 0, 10)] == [1]
        ticks = frame_indexes.all_ticks(session, video.id)
    again = client.get(f"/media/{video.proxy_id}/frames/200-253").data
    assert again == seen
    with work.storage.fetch(str(video.proxy_filepath)) as proxy:
        assert read_frame_index(proxy)["ticks"].tolist() == ticks
    assert export_clips(work, report.key).batch.done == [first_id]


def _all_objects_are_named(session: Session, work: Pipeline, key: str) -> None:
    """What has been replaced goes a moment after that."""
    rows = set(session.scalars(sa.select(named_objects.named().c.path)))
    until(lambda: set(work.storage.list(f"videos/{key}/")) == rows)
    assert rows == backed_up_objects.named(session).keys()


def test_nobody_sees_a_short_film_early(work: Pipeline, tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 200, (64, 36), scenes=(100,))
    report = ingest(work, str(film))
    assert (report.error, report.clip_count) == (None, 2)
    names = [path.rpartition("/")[2] for path in work.storage.list(f"videos/{report.key}/")]
    assert not [name for name in names if name.endswith(".samples")]


def test_a_film_that_fails_early_review_is_ingested_all_the_same(
    work: Pipeline, film: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(early_review, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(early_review, "open_detector", lambda *_: 1 / 0)
    report = ingest(work, str(film))
    assert (report.error, report.state) == (None, "ready")
    assert "No further clips can be reviewed before" in caplog.text


def test_clips_are_never_of_another_source_than_they_were_laid_over(work: Pipeline) -> None:
    video = new_video(work.engine)
    facts: SourceFacts = {
        "rate_num": 25,
        "rate_den": 1,
        "frame_count": 2,
        "keyframe_offsets": pack([FrameRecord(0, 5, 0), FrameRecord(5, 5, 3600)]),
        "proxy_segments": {
            "source_sha256": "first",
            "parts": [{"path": "a", "frames": 2, "bytes": 10}],
        },
    }
    with transaction(work.engine) as session:
        source_videos.record(session, video.key, facts)
        video = source_videos.get(session, video.key)
    refuse_other_source(work, video, "second")  # nothing is lost
    with transaction(work.engine) as session:
        clips.lay(session, video, [FrameRange(0, 1)], Action.REPLAN)
    refuse_other_source(work, video, "first")
    with pytest.raises(InputError, match="other bytes now: remove the video"):
        refuse_other_source(work, video, "second")
