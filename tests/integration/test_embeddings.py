"""The search over vectors, in a real Postgres with pgvector."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from heaters_pipeline.db import embeddings, migrate
from heaters_pipeline.db.embeddings import INDEX_PREFIX, PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.states import ClipState
from tests.rows import ready_video

MODEL = "layout-v1"


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
        embeddings.ensure_index(session, MODEL, 2)
    return ids


def indexes(engine: Engine) -> list[str]:
    query = "SELECT indexdef FROM pg_indexes WHERE starts_with(indexname, :prefix)"
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query), {"prefix": INDEX_PREFIX}))


def test_only_vectors_of_one_strategy_are_compared(engine: Engine, embedded: list[int]) -> None:
    first, second, third, pending = embedded
    with transaction(engine) as session:
        found = embeddings.similar(session, first, 10)
        assert [clip.id for clip, _ in found] == [second, third]
        assert [distance for _, distance in found] == pytest.approx([1 - 2**-0.5, 1 - 5**-0.5])
        assert embeddings.similar(session, pending, 10, MODEL) == []
        assert embeddings.models_of_clip(session, pending) == []
        assert embeddings.models(session) == embeddings.models_of_clip(session, first) == [MODEL]


def test_the_index_leaves_previews_out_and_serves_the_search(
    engine: Engine, embedded: list[int]
) -> None:
    (definition,) = indexes(engine)
    assert "strategy <> 'preview'" in definition
    with transaction(engine) as session:
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        session.execute(sa.text("SET LOCAL enable_sort = off"))
        assert len(embeddings.similar(session, embedded[0], 10)) == 2
        session.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        used = "SELECT idx_scan FROM pg_stat_user_indexes WHERE starts_with(indexrelname, :prefix)"
        assert connection.scalar(sa.text(used), {"prefix": INDEX_PREFIX}) == 1


def test_an_index_from_before_previews_is_made_anew_without_them(
    engine: Engine, database_url: str, embedded: list[int]
) -> None:
    (wanted,) = indexes(engine)
    before = wanted.replace(" AND (strategy <> 'preview'::text)", "")
    assert before != wanted
    with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            connection.execute(sa.text(statement))
        connection.execute(sa.text("CREATE EXTENSION vector"))
        config = Config()
        config.set_main_option("script_location", str(migrate.SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(sa.text(before.replace(":", "\\:")))
    assert indexes(engine) == [before]
    migrate.upgrade(database_url)
    assert indexes(engine) == [wanted]
