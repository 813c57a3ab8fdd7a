"""The lock of a video, as other sessions see it."""

from __future__ import annotations

from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.locks import is_at_work, video_lock


def looks_taken(engine: Engine) -> bool:
    with transaction(engine) as session:
        return is_at_work(session, "film-1")


def test_whoever_asks_after_a_step_finds_its_lock_free(database_url: str) -> None:
    step, asker = open_engine(database_url), open_engine(database_url)
    for _ in range(100):
        with video_lock(step, "film-1"):
            assert looks_taken(asker)
        assert not looks_taken(asker)
