"""Flashes that detection found, for the pictures of clips."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.engine import transaction
from tests.reviewer import Reviewer
from tests.rows import ready_video


def test_each_clip_is_sent_with_the_flashes_that_it_has(app: Flask, engine: Engine) -> None:
    ready_video(engine)
    ready_video(engine, "from-before")
    with transaction(engine) as session:
        found = {"flashes": [[3, 4], [9, 12], [50, 51]]}
        source_videos.record(session, "film-1", {"scene_cut_points": found})
    clips = Reviewer(app).queue(limit=9)
    assert [clip["flashes"] for clip in clips] == [
        [[3, 4], [9, 12]],
        [[9, 12]],
        [[50, 51]],
        [],
        [],
        [],
    ]
