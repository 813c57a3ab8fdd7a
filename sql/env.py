"""Alembic's entry: runs the migrations on the connection that `db.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import heaters_pipeline.db.models  # noqa: F401  (registers the tables)
from heaters_pipeline.db.migrate import include_object

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_object=include_object,
)
with context.begin_transaction():
    context.run_migrations()
