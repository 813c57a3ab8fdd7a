"""What is outside Heaters and does not answer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import now, text, tries


class Outage(SQLModel, table=True):
    """A thing that did not answer, and has not since. Whatever needs it waits."""

    __tablename__: ClassVar[str] = "outages"

    thing: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    """`domain.errors.Unavailable.thing`"""
    reason: str = text()
    """Of the last request that it did not answer, in a sentence."""
    since: datetime = now()
    probes: int = tries()
    """How often it was asked in vain whether it answers again."""
    probe_at: datetime = now()
    """When it is asked again."""
