"""The schema's migrations: Alembic, with its scripts in `sql/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from heaters_pipeline.db.vector_indexes import PREFIX
from heaters_pipeline.domain.errors import InputError

SCRIPTS = Path(__file__).resolve().parents[2] / "sql"
LOCK = 0x48454154
"""Key of the advisory lock under which one process migrates and the others wait."""


def upgrade(url: str) -> None:
    """Brings the database to the newest schema, pgvector included. Safe to call at once from
    several processes; does nothing when there is nothing to do. Raises InputError for a database
    that a newer Heaters has migrated: there is no way back."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        check_known(revision(connection), "The database")
        upgrade_to(connection, "head")


def upgrade_to(connection: sa.Connection, schema: str) -> None:
    """Brings the database to this schema, in the connection's transaction."""
    connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, schema)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def revision(connection: sa.Connection) -> str | None:
    """The schema that the database has; None where it has none of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def check_known(revision: str | None, what: str) -> None:
    """Raises InputError for a schema that this Heaters has never heard of: that of a newer one."""
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise InputError(
            f"{what} has the schema {revision}, and this Heaters knows none after "
            f"{scripts.get_current_head()}: install the newer Heaters again, or restore a backup "
            "that was made before it."
        )


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
