"""The search over vectors, in a real Postgres with pgvector."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from heaters_pipeline.db import embeddings, migrate
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.index_making import ensure_index
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.vector_indexes import PREFIX
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.states import ClipState
from tests.rows import counted, ready_video, wait_for_waiting

MODEL = "layout-v1"
BEFORE = (
    "INSERT INTO source_videos (key, title, origin, url, state)"
    " VALUES ('film-1', 'Film', 'web', 'https://example.org/1', 'new')",
    "INSERT INTO clips (source_video_id, made_by, cut_points) VALUES"
    """ (1, 'replan', '{"start_frame": 0, "end_frame": 9}')""",
    "INSERT INTO clip_embeddings (clip_id, model, strategy, embedding) VALUES"
    " (1, 'it''s:50%% a model', 'keyframe_mean', '[1,2]'),"
    " (1, 'it''s:50%% a model', 'preview', '[1,0]')",
    "CREATE INDEX hnsw_ed1ad5c1b4f83213 ON clip_embeddings"
    " USING hnsw ((embedding::vector(2)) vector_cosine_ops)"
    " WHERE model = 'it''s:50%% a model' AND vector_dims(embedding) = 2 AND strategy <> 'preview'",
)
"""A library of the schema before vectors of single frames."""

OUR_INDEX = f"WHERE starts_with(indexrelid::regclass::text, '{PREFIX}')"


@pytest.fixture
def embedded(engine: Engine) -> list[int]:
    """Three clips of the library whose previews say the opposite of their vectors, and one clip
    with a preview alone."""
    _, found = ready_video(engine, cuts=(10, 20, 30))
    ids = [clip.id for clip in found]
    with transaction(engine) as session:
        for place, clip_id in enumerate(ids):
            embeddings.save(session, clip_id, MODEL, PREVIEW, [1.0, float(-place)])
        for place, clip_id in enumerate(ids[:3]):
            embeddings.save(session, clip_id, MODEL, "mean", [1.0, float(place)])
            session.get_one(Clip, clip_id).state = ClipState.EMBEDDED
    ensure_index(engine, MODEL, "mean", 2)
    return ids


def indexes(engine: Engine) -> list[str]:
    query = "SELECT indexdef FROM pg_indexes WHERE starts_with(indexname, :prefix)"
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query), {"prefix": PREFIX}))


def test_only_vectors_of_one_strategy_are_compared(engine: Engine, embedded: list[int]) -> None:
    first, second, third, pending = embedded
    with transaction(engine) as session:
        found = embeddings.similar(session, first, 10)
        assert [clip.id for clip, _ in found] == [second, third]
        assert [distance for _, distance in found] == pytest.approx([1 - 2**-0.5, 1 - 5**-0.5])
        assert embeddings.similar(session, pending, 10, MODEL) == []
        assert embeddings.models_of_clip(session, pending) == []
        assert embeddings.models(session) == embeddings.models_of_clip(session, first) == [MODEL]


def test_the_index_is_of_one_model_and_strategy(engine: Engine, embedded: list[int]) -> None:
    (definition,) = indexes(engine)
    for part in ("strategy = 'mean'", "model = 'layout-v1'", "vector_dims(embedding) = 2"):
        assert part in definition


def test_vectors_of_an_earlier_version_stay_and_get_their_index_anew(
    engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            connection.execute(sa.text(statement))
        connection.execute(sa.text("CREATE EXTENSION vector"))
        config = Config()
        config.set_main_option("script_location", str(migrate.SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0024")
        for statement in BEFORE:
            connection.exec_driver_sql(statement)
    migrate.upgrade(database_url)
    (definition,) = indexes(engine)
    with transaction(engine) as session:
        rows = session.execute(
            sa.text("SELECT model, strategy, frame FROM clip_embeddings ORDER BY id")
        )
        assert [tuple(row) for row in rows] == [
            ("it's:50% a model", "mean", None),
            ("it's:50% a model", "preview", None),
        ]
    ensure_index(engine, "it's:50% a model", "mean", 2)
    assert indexes(engine) == [definition]


def test_an_index_that_is_there_is_found_without_waiting_for_those_who_write(
    engine: Engine, embedded: list[int]
) -> None:
    with transaction(engine) as writing:
        embeddings.save(writing, embedded[3], MODEL, "mean", [1.0, 3.0])
        with counted(engine) as sent:
            ensure_index(engine, MODEL, "mean", 2)
    assert len(sent) == 1
    assert len(indexes(engine)) == 1


def test_vectors_are_written_while_an_index_is_made(engine: Engine, embedded: list[int]) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as writing:
            embeddings.save(writing, embedded[0], "other", "mean", [1.0, 3.0, 2.0])
            making = pool.submit(ensure_index, engine, "other", "mean", 3)
            wait_for_waiting(engine)
            with transaction(engine) as session:
                session.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
                embeddings.save(session, embedded[1], "other", "mean", [1.0, 3.0, 2.0])
        making.result(timeout=20)
    assert len(indexes(engine)) == 2


def test_what_is_left_of_an_index_whose_making_broke_off_is_replaced(
    engine: Engine, embedded: list[int]
) -> None:
    (wanted,) = indexes(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE pg_index SET indisvalid = false " + OUR_INDEX))
    ensure_index(engine, MODEL, "mean", 2)
    assert indexes(engine) == [wanted]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT indisvalid FROM pg_index " + OUR_INDEX))


def test_of_many_at_once_one_makes_the_index(engine: Engine, embedded: list[int]) -> None:
    with transaction(engine) as session:
        for clip_id in embedded:
            embeddings.save(session, clip_id, "other", "mean", [1.0, 3.0, 2.0])
    start = threading.Barrier(4)

    def make(model: str) -> None:
        start.wait()
        ensure_index(engine, model, "mean", 3)

    with counted(engine) as sent, ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(make, model) for model in ("other", "third") * 2]:
            each.result(timeout=60)
    assert sum(each.startswith("CREATE INDEX CONCURRENTLY") for each in sent) == 2
    assert len(indexes(engine)) == 3


def test_an_index_is_made_while_another_run_waits_for_the_videos_lock(
    engine: Engine, embedded: list[int]
) -> None:
    def wait_in_vain() -> None:
        with pytest.raises(Conflict, match="Another run"), video_lock(engine, "film-1", 3):
            pass

    with video_lock(engine, "film-1"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_in_vain)
        time.sleep(0.5)  # until it asks
        ensure_index(engine, "other", "mean", 3)
        assert not waiting.done()
