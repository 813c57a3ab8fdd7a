"""The lock of a video, as other sessions see it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.keepalives import ASK_SERVER, KEEPALIVES
from heaters_pipeline.db.locks import is_at_work, video_lock
from heaters_pipeline.platform.postgres import connect


def looks_taken(engine: Engine) -> bool:
    with transaction(engine) as session:
        return is_at_work(session, "film-1")


def test_whoever_asks_after_a_step_finds_its_lock_free(database_url: str) -> None:
    step, asker = open_engine(database_url), open_engine(database_url)
    for _ in range(100):
        with video_lock(step, "film-1"):
            assert looks_taken(asker)
        assert not looks_taken(asker)


def test_connections_that_hold_locks_give_signs_of_life(database_url: str) -> None:
    engine = open_engine(database_url)
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *each: asked.append(each[2]))
    with video_lock(engine, "film-1"), engine.connect() as connection:
        held = connection.connection.dbapi_connection
        with connect(database_url) as ours:
            for each in (held, ours):
                options = each.info.get_parameters()
                assert {name: int(options[name]) for name in KEEPALIVES} == KEEPALIVES
    assert asked[0] == ASK_SERVER
    with engine.connect() as connection:
        names = sorted(f"tcp_{name}" for name in KEEPALIVES)
        known = "SELECT name FROM pg_settings WHERE context = 'user' AND name = ANY(:names)"
        assert sorted(connection.scalars(sa.text(known), {"names": names})) == names
    engine.dispose()
