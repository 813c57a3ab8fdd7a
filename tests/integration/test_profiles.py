"""The page and the command for export profiles, and a clip's files on its page."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import select

from heaters_pipeline.cli import main
from heaters_pipeline.db import clip_exports, clips, labels, migrate, profiles, wanted_files
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, ExportProfile
from heaters_pipeline.db.urls import with_database
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.labels import Colour
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.storage import LocalStorage
from tests.conftest import execute
from tests.reviewer import Reviewer
from tests.rows import ready_video

RECEIPT = Receipt(
    frame_count=40,
    duration_seconds=1.6,
    size=4,
    sha256="ab" * 32,
    psnr_least=41.26,
    psnr_mean=45.0,
    audio_lag=None,
    ffmpeg="9.0",
    encode_seconds=0.8,
)


def exported(engine: Engine, clip_id: int, name: str = MAIN) -> str:
    """Has the clip a file of the profile; its storage key."""
    with transaction(engine) as session:
        clip, row = clips.get(session, clip_id), profiles.get(session, name)
        path = f"clips/{clip_id}/clip-{name}-{row.hash}.{row.profile.container}"
        clip_exports.save(session, clip, row, filepath=path, frames=clip.frames, receipt=RECEIPT)
        for column, value in (clip_exports.main_file(session, clip_id) or {}).items():
            setattr(clip, column, value)
        clip.state = ClipState.EMBEDDED
    return path


class Page:
    def __init__(self, app: Flask) -> None:
        reviewer = Reviewer(app)
        self.client, self.token = reviewer.client, reviewer.token

    def text(self, url: str = "/profiles") -> str:
        page = self.client.get(url).get_data(as_text=True)
        return _words(page)

    def post(self, url: str, **fields: Any) -> str:
        fields = {"csrf_token": self.token, **fields}
        return _words(
            self.client.post(url, data=fields, follow_redirects=True).get_data(as_text=True)
        )


def _words(page: str) -> str:
    main = page.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def test_the_page_says_what_a_change_makes_before_it_is_made(app: Flask, engine: Engine) -> None:
    _, (first, second, _) = ready_video(engine)
    for clip in (first, second):
        exported(engine, clip.id)
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == second.id).values(labels=["sea"]))
        sea = labels.add(session, "sea").id
    page = Page(app)
    shown = page.text()
    assert "H.264 in MP4, CRF 16 · the source's colours and fields" in shown
    assert "2 files, 2 B per second of film" in shown
    assert "encoded at 2.0 times the speed of the film" in shown
    assert "every approved clip" in shown

    assert "small-web is added" in page.post("/profiles", name="small-web", like="web")
    assert "already" in page.post("/profiles", name="small-web", like="web")
    fields = {"codec": "h264", "container": "mp4", "quality": "30", "width": "320"}
    fields |= {"picture": "web", "audio": "none", "name": "{key}_{clip}"}
    assert "small-web is saved" in page.post("/profiles/small-web", **fields)
    assert "at most 320 wide" in page.text()

    warned = page.post("/profiles/small-web/uses", label="sea")
    assert "This makes 1 file of 1 film" in warned
    assert "label sea" not in page.text()
    page.post("/profiles/small-web/uses", label="sea", agreed="yes")
    assert "label sea" in page.text() and "1 file to make" in page.text()

    warned = page.post(f"/profiles/{MAIN}", codec="h264", container="mp4", quality="12")
    assert "This makes 2 files of 1 film" in warned
    with transaction(engine) as session:
        assert profiles.get(session, MAIN).profile == BUILT_IN[MAIN]
        labels.change(session, sea, "ocean", Colour.RED, None)
    assert "label ocean" in page.text()
    refused = page.post("/profiles/small-web", codec="ffv1", container="mp4")
    assert "ffv1 does not go into mp4: choose mkv." in refused

    page.post("/profiles/small-web/uses/remove", label="ocean")
    assert "label ocean" not in page.text()
    page.post("/profiles/archive/retire")
    assert "retired" in page.text()
    page.post("/profiles/archive/revive")
    assert "retired" not in page.text()


COSTS = """
    SELECT profile, profile_hash, sum(files), sum(bytes), sum(seconds), sum(timed_seconds),
        sum(encode_seconds)
    FROM export_costs GROUP BY 1, 2 HAVING sum(files) > 0 ORDER BY 1, 2
"""
COUNTED = """
    SELECT profile, profile_hash, count(*), sum(bytes), sum(duration_seconds),
        sum(duration_seconds), sum(encode_seconds)
    FROM clip_exports, jsonb_to_record(receipt) AS told (duration_seconds numeric,
        encode_seconds numeric)
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def test_what_files_have_cost_is_kept_through_every_change(engine: Engine) -> None:
    _, (first, second, third) = ready_video(engine)
    for clip in (first, second, third):
        exported(engine, clip.id)
    exported(engine, first.id, "web")
    exported(engine, first.id)  # in place of the one before

    def counted() -> list[Any]:
        with transaction(engine) as session:
            kept, now = (session.execute(sa.text(each)).all() for each in (COSTS, COUNTED))
        assert kept == now
        return [(row[0], row[2]) for row in kept]

    assert counted() == [(MAIN, 3), ("web", 1)]
    with transaction(engine) as session:
        clip_exports.outdate(session, [second.id])
    assert sorted(counted()) == [(MAIN, 1), (MAIN, 2), ("web", 1)]
    with transaction(engine) as session:
        clip_exports.forget(session, [first.id, second.id])
    assert counted() == [(MAIN, 1)]


def test_failed_files_of_a_profile_are_tried_again(app: Flask, engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine)
    with transaction(engine) as session:
        for clip in (first, second):
            clip_exports.fail(session, clip.id, profiles.get(session, "web"), "No disk.")
    page = Page(app)
    assert "2 failed Try again" in page.text()
    assert "2 files of web are tried again" in page.post("/profiles/web/again")
    assert "failed" not in page.text()
    with transaction(engine) as session:
        clip_exports.fail(session, first.id, profiles.get(session, "web"), "No disk.")
    done = CliRunner().invoke(main, ["profiles", "again", "--video", video.key])
    assert done.output == "1 file tried again.\n"


def test_keyframe_rules_are_set_and_dropped(app: Flask, engine: Engine) -> None:
    video, _ = ready_video(engine)
    with transaction(engine) as session:
        labels.add(session, "sea")
    page, url = Page(app), "/keyframes"
    assert "All clips at 25, 50, 75 %, as JPEG" in page.text(url)
    rule = {"strategy": "percentages", "percentages": "10, 90", "image": "webp"}
    assert f"{video.title} Drop at 10, 90 %, as WebP" in page.post(url, video=video.key, **rule)
    assert "Label sea Drop the sharpest frame of each third" in page.post(
        url, label="sea", **{**rule, "strategy": "sharpest"}
    )
    assert "choose one of them" in page.post(url, label="sea", video=video.key, **rule)
    assert "must be whole numbers" in page.post(url, **{**rule, "percentages": "x"})
    assert "must be one of percentages" in page.post(url, **{**rule, "strategy": "x"})
    page.post(f"{url}/remove", label="sea")
    assert "Label sea" not in page.text(url)


def test_a_clip_s_page_lists_its_files(
    app: Flask, engine: Engine, storage: LocalStorage, tmp_path: Path
) -> None:
    video, (first, *_) = ready_video(engine)
    for name in (MAIN, "archive"):
        (tmp_path / name).write_bytes(name[:4].encode())
        storage.put(tmp_path / name, exported(engine, first.id, name))
    with transaction(engine) as session:
        clip_exports.fail(session, first.id, profiles.get(session, "av1"), "No encoder.")
    page = Page(app)
    shown = page.text(f"/clips/{first.id}")
    for words in (
        "delivery MP4, 4 B",
        "archive MKV, 4 B",
        "41.3 dB at worst",
        "av1",
        "No encoder.",
    ):
        assert words in shown
    answer = page.client.get(f"/clips/{first.id}/exports/archive?download")
    assert (answer.data, answer.mimetype) == (b"arch", "video/matroska")
    name = f"{video.title}_00-00-00-00_{first.id}.mkv"
    assert name in answer.headers["Content-Disposition"]
    assert page.client.get(f"/clips/{first.id}/clip.mp4").data == b"deli"
    assert page.client.get(f"/clips/{first.id}/exports/web").status_code == 404
    assert "made again" in page.post(f"/clips/{first.id}/exports/retry")


def test_the_command_does_the_same(engine: Engine, settings: object) -> None:
    def heaters(*arguments: str, told: str | None = None) -> str:
        result = CliRunner().invoke(main, ["profiles", *arguments], input=told)
        return result.output

    _, (first, *_) = ready_video(engine)
    exported(engine, first.id)
    listed = heaters("list")
    assert "delivery    H.264 in MP4, CRF 16" in listed and "for every approved clip" in listed
    assert heaters("set", "tiny", "width=64", "height=64", "--like", "dataset").startswith("tiny ")
    assert "width=64\n" in heaters("show", "tiny") and "rate=10\n" in heaters("show", "tiny")
    asked = heaters("use", "tiny", told="n\n")
    assert "This makes 1 file of 1 film." in asked
    assert "tiny" in heaters("list") and "no clip" in heaters("list")
    heaters("use", "tiny", "--yes")
    assert heaters("list").count("for every approved clip") == 2
    heaters("use", "tiny", "--remove")
    heaters("retire", "tiny")
    assert "for no clip (retired)" in heaters("list")
    assert "heaters: The rate is 'fast'" in heaters("set", "tiny", "rate=fast")
    assert "heaters: There is no profile huge." in heaters("show", "huge")
    assert "add it with --like, as in `heaters profiles set new --like" in heaters("set", "new")


BEFORE_PROFILES = "0018"
OLDER_ROWS = (
    "INSERT INTO source_videos (key, title, url, origin) VALUES ('film', 'Film', '/film', 'web')",
    "INSERT INTO clips (source_video_id, state, made_by, is_virtual, cut_points, clip_filepath,"
    " exported_frames) SELECT id, 'embedded', 'replan', false,"
    """ '{"start_frame": 5, "end_frame": 20, "start_time_seconds": 0, "end_time_seconds": 1}',"""
    """ 'clips/1/clip.mp4', '{"start_frame": 5, "end_frame": 20}' FROM source_videos""",
    "INSERT INTO stored_objects (path, source_video_id, kind, bytes)"
    " SELECT 'clips/1/clip.mp4', id, 'clip', 4 FROM source_videos",
)


@pytest.fixture
def older_database(postgres_url: str) -> Iterator[str]:
    """A database of the time before profiles, with an exported clip."""
    name = f"older_{uuid.uuid4().hex[:12]}"
    execute(postgres_url, f"CREATE DATABASE {name}")
    url = with_database(postgres_url, name)
    execute(url, "CREATE EXTENSION vector")
    engine = open_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate.SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE_PROFILES)
        for statement in OLDER_ROWS:
            connection.exec_driver_sql(statement)
    engine.dispose()
    yield url
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("trimmed", ["", "true"])
def test_older_exports_become_those_of_the_first_profile(
    older_database: str, monkeypatch: pytest.MonkeyPatch, trimmed: str
) -> None:
    """The migration takes their files over, and none is missing."""
    monkeypatch.setenv("HEATERS_EXPORT_TRIMMED", trimmed)
    migrate.upgrade(older_database)
    engine = open_engine(older_database)
    with transaction(engine) as session:
        assert profiles.get(session, MAIN).profile.trimmed == bool(trimmed)
        clip = session.exec(select(Clip)).one()
        (export,) = clip_exports.of_clips(session, [clip.id])[clip.id]
        assert (export.filepath, export.profile, export.bytes) == ("clips/1/clip.mp4", MAIN, 4)
        assert FrameRange.from_json(export.exported_frames) == clip.frames == FrameRange(5, 20)
        assert clip_exports.missing(session, clip.source_video_id, 0, 9) == []
    engine.dispose()


def test_the_first_profile_of_a_clip_is_the_first_that_is_for_it(engine: Engine) -> None:
    _, (labelled, other, _) = ready_video(engine)
    with transaction(engine) as session:
        session.get_one(Clip, labelled.id).labels = ["sea"]
        profiles.stop_using(session, MAIN, video_key=None, label=None)
        profiles.use(session, MAIN, video_key=None, label="sea")
        profiles.use(session, "web", video_key=None, label=None)
        firsts = wanted_files.pairs(wanted_files.is_main()).with_only_columns(
            Clip.id, ExportProfile.name
        )
        found = dict(map(tuple, session.execute(firsts)))
    assert found[labelled.id] == MAIN
    assert found[other.id] == "web"
