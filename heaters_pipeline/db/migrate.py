"""The schema's migrations: Alembic, with its scripts in `sql/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from heaters_pipeline.db.vector_indexes import PREFIX

SCRIPTS = Path(__file__).resolve().parents[2] / "sql"
LOCK = 0x48454154
"""Key of the advisory lock under which one process migrates and the others wait."""


def upgrade(url: str) -> None:
    """Brings the database to the newest schema, pgvector included. Safe to call at once from
    several processes; does nothing when there is nothing to do."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def differences(connection: sa.Connection) -> list[Any]:
    """What Alembic would have to change to make the database equal to the models."""
    context = MigrationContext.configure(
        connection, opts={"include_object": include_object, "compare_server_default": True}
    )
    return list(compare_metadata(context, SQLModel.metadata))


def include_object(
    _object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object
) -> bool:
    """Leaves out the vector indexes, which are made with a model's first vectors."""
    return not (kind == "index" and name is not None and name.startswith(PREFIX))
