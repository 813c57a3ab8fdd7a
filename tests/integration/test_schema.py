"""The models, the migrations and the constraints agree, in a real Postgres."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from heaters_pipeline.db import migrate
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipFile,
    Origin,
    SourceFacts,
    SourceVideo,
)
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.states import ClipState, SourceState
from tests.rows import ready_video

CONSTRAINTS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    ORDER BY conname
"""
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY indexname
"""


def _tables(connection: sa.Connection, query: str) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.execute(sa.text(query))]


def test_migrations_make_the_tables_of_the_models(engine) -> None:
    with engine.connect() as connection:
        assert migrate.differences(connection) == []
        migrated = [_tables(connection, query) for query in (CONSTRAINTS, INDEXES)]
    with engine.begin() as connection:
        # The functions that indexes call are no matter of the models: they stay.
        connection.execute(sa.text(f"DROP TABLE {', '.join(SQLModel.metadata.tables)} CASCADE"))
        SQLModel.metadata.create_all(connection)
        assert [_tables(connection, query) for query in (CONSTRAINTS, INDEXES)] == migrated


def test_migrating_twice_changes_nothing(engine, database_url) -> None:
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        assert migrate.differences(connection) == []


def test_the_frame_index_is_stored_uncompressed(engine) -> None:
    """A compressed value would be read whole for every slice of it."""
    with engine.connect() as connection:
        storage = connection.scalar(
            sa.text(
                "SELECT attstorage FROM pg_attribute WHERE attname = 'keyframe_offsets'"
                " AND attrelid = 'source_videos'::regclass"
            )
        )
    assert storage == "e"


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("source_videos.state", SourceState),
        ("source_videos.origin", Origin),
        ("clips.state", ClipState),
        ("review_events.action", Action),
        ("clip_artifacts.kind", ArtifactKind),
    ],
)
def test_the_database_knows_the_same_words_as_the_code(engine, table, values) -> None:
    table, column = table.split(".")
    with engine.connect() as connection:
        definition = connection.scalar(
            sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": f"ck_{table}_{column}"},
        )
    assert set(definition.split("'")[1::2]) == set(values)


def _clip(video_id: int, start: int, end: int, **columns: object) -> Clip:
    return Clip(
        source_video_id=video_id,
        made_by=Action.REPLAN,
        cut_points={"start_frame": start, "end_frame": end},
        **columns,
    )


def test_live_clips_of_a_video_never_overlap(engine) -> None:
    video, _ = ready_video(engine, frame_count=100, cuts=[50])
    with pytest.raises(IntegrityError, match="ex_clips_overlap"), transaction(engine) as session:
        session.add(_clip(video.id, 40, 60))
    with transaction(engine) as session:
        session.add(_clip(video.id, 40, 60, state=ClipState.SUPERSEDED))
        session.add(_clip(video.id, 100, 160))
    other, _ = ready_video(engine, "film-2", frame_count=100, cuts=[50])
    assert other.id != video.id


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"is_virtual": False}, "physical"),
        ({"is_virtual": False, "clip_filepath": "clips/1/clip.mp4"}, "physical"),
        ({"state": "lost"}, "ck_clips_state"),
        ({"cut_points": {"start_frame": 5, "end_frame": 5}}, "range"),
        ({"cut_points": {"start_frame": -1, "end_frame": 5}}, "range"),
    ],
)
def test_a_clip_that_can_not_be_is_refused(engine, columns, constraint) -> None:
    video, _ = ready_video(engine)
    clip = _clip(video.id, 200, 300)
    for name, value in columns.items():
        setattr(clip, name, value)
    with pytest.raises(IntegrityError, match=constraint), transaction(engine) as session:
        session.add(clip)


def test_an_index_of_another_length_than_the_video_is_refused(engine) -> None:
    ready_video(engine)
    with (
        pytest.raises(IntegrityError, match="ck_source_videos_keyframe_offsets"),
        transaction(engine) as session,
    ):
        session.execute(sa.text("UPDATE source_videos SET frame_count = frame_count + 1"))


@pytest.mark.parametrize(
    "change", ["UPDATE review_events SET actor = 'x'", "DELETE FROM review_events"]
)
def test_review_events_can_only_be_added(engine, change) -> None:
    ready_video(engine)
    with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
        session.execute(sa.text(change))


@pytest.mark.parametrize(("facts", "table"), [(SourceFacts, SourceVideo), (ClipFile, Clip)])
def test_facts_are_columns(facts, table) -> None:
    assert facts.__annotations__.keys() <= {column.name for column in sa.inspect(table).columns}
