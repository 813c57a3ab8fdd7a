"""Which columns name objects of the storage: what lies there and no row names is deleted."""

from __future__ import annotations

from sqlalchemy import Column
from sqlalchemy.sql import visitors
from sqlmodel import SQLModel

from heaters_pipeline.db import models, named_objects


def test_every_column_that_names_an_object_is_known() -> None:
    asked = {
        (column.table.name, column.name)
        for column in visitors.iterate(named_objects.named().element)
        if isinstance(column, Column)
    }
    keys = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name == "filepath" or column.name.endswith("_filepath")
    }
    assert models.SourceVideo.__tablename__ in {table for table, _ in keys}
    assert keys <= asked
    assert ("source_videos", "pending_source") in asked
