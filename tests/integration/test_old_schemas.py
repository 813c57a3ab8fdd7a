"""Databases of released versions become today's, with every row in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import Connection

from heaters_pipeline.cli import main
from heaters_pipeline.db import migrate
from heaters_pipeline.db.urls import with_database
from heaters_pipeline.settings import Settings
from tests.conftest import execute
from tests.schemas.make import FOLDER

FILES = sorted(FOLDER.glob("*.sql"))

CHANGED_ON_PURPOSE = {("clip_embeddings", "strategy", "keyframe_mean"): "mean"}
"""Values that migrations replace."""


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """A database as a released version left it."""
    name = f"old_{request.param.stem}_{id(request):x}"
    execute(postgres_url, f"CREATE DATABASE {name}")
    url = with_database(postgres_url, name)
    execute(url, request.param.read_text())
    yield url
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """By table, in the order of their keys."""
    found = {}
    inspected = sa.inspect(connection)
    for table in inspected.get_table_names():
        if table != "alembic_version":
            keys = ", ".join(inspected.get_pk_constraint(table)["constrained_columns"])
            query = sa.text(f"SELECT * FROM {table} ORDER BY {keys}")
            found[table] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def test_every_row_of_a_released_version_is_there_after_the_migration(old: str) -> None:
    engine = sa.create_engine(old)
    with engine.connect() as connection:
        before = rows(connection)
    assert all(before[table] for table in before if table != "search_words")
    migrate.upgrade(old)
    with engine.connect() as connection:
        after = rows(connection)
        assert migrate.differences(connection) == []
        check_exports(connection)
    engine.dispose()
    for table, those in before.items():
        assert len(after[table]) == len(those), table
        for row, now in zip(those, after[table], strict=True):
            for column, value in row.items():
                expected = CHANGED_ON_PURPOSE.get((table, column, str(value)), value)
                assert now[column] == expected, (table, column)


def check_exports(connection: Connection) -> None:
    """Files from before there were profiles are those of the main one."""
    made = connection.execute(sa.text("SELECT clip_id, profile, filepath FROM clip_exports"))
    assert [(row.clip_id, row.profile) for row in made] == [(2, "delivery")]


@pytest.fixture
def empty(postgres_url: str) -> Iterator[str]:
    name = f"old_{uuid.uuid4().hex[:12]}"
    execute(postgres_url, f"CREATE DATABASE {name}")
    yield with_database(postgres_url, name)
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def test_files_that_held_the_first_seconds_of_a_group_go(empty: str) -> None:
    engine = sa.create_engine(empty)
    with engine.begin() as connection:
        migrate.upgrade_to(connection, "0049")
        # The clip of the group matters to nobody here.
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            sa.text("""
                UPDATE export_profiles SET spec = spec || '{"groups": "one"}'
                WHERE name IN ('dataset', 'web')
            """)
        )
        connection.execute(
            sa.text("""
                INSERT INTO group_exports
                    (first_clip_id, profile, basis, filepath, frames, receipt)
                SELECT 1, name, 'basis', 'groups/1-' || name, '[]', '{}'
                FROM export_profiles WHERE name IN ('dataset', 'web')
            """)
        )
        migrate.upgrade_to(connection, "head")
        rest = connection.scalars(sa.text("SELECT filepath FROM group_exports")).all()
        gone = connection.scalars(sa.text("SELECT path FROM objects_to_delete")).all()
        one = connection.scalars(
            sa.text("SELECT name FROM export_profiles WHERE spec ? 'groups'")
        ).all()
    engine.dispose()
    assert (rest, gone, one) == (["groups/1-web"], ["groups/1-dataset"], ["web"])


def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    settings: Settings, database_url: str
) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    head = ScriptDirectory(str(migrate.SCRIPTS)).get_current_head()
    assert result.stderr == (
        f"heaters: The database has the schema 9999, and this Heaters knows none after {head}: "
        "install the newer Heaters again, or restore a backup that was made before it.\n"
    )
    with sa.create_engine(database_url).connect() as connection:
        assert migrate.revision(connection) == "9999"
