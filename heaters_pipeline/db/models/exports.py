"""Profiles, and the files that are made by them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    flag,
    identity,
    json,
    key_part,
    named_profile,
    now,
    optional_text,
    reference,
    text,
    time,
    touched,
    tries,
)
from heaters_pipeline.domain.profiles import NAME_PATTERN as PROFILE_NAME_PATTERN
from heaters_pipeline.domain.profiles import Profile
from heaters_pipeline.domain.receipts import Receipt


def _sum() -> Any:
    return Field(sa_column=sa.Column(sa.Numeric, nullable=False))


class ExportProfile(SQLModel, table=True):
    """What the files of an export are like (`domain.profiles`)."""

    __tablename__: ClassVar[str] = "export_profiles"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.CheckConstraint(f"name ~ '^{PROFILE_NAME_PATTERN.pattern}$'", name="name"),
    )

    id: int = identity()
    name: str = text(unique=True)
    spec: dict[str, Any] = json(nullable=False)
    hash: str = text()
    """`Profile.hash` of `spec`."""
    retired: bool = flag()
    """No file is made by it any more; those that exist stay."""
    created_at: datetime = now()
    updated_at: datetime = touched()

    @property
    def profile(self) -> Profile:
        return Profile.from_json(self.spec)


class ProfileUse(SQLModel, table=True):
    """Which approved clips a profile is for: all, those of one video, those with a label, or those
    of one video with a label."""

    __tablename__: ClassVar[str] = "profile_uses"
    __table_args__ = (
        sa.UniqueConstraint(
            "profile_id", "source_video_id", "label", postgresql_nulls_not_distinct=True
        ),
    )

    id: int = identity()
    profile_id: int = reference("export_profiles.id")
    source_video_id: int | None = reference("source_videos.id", nullable=True)
    label: str | None = optional_text()


class ClipExport(SQLModel, table=True):
    """A finished file of a clip."""

    __tablename__: ClassVar[str] = "clip_exports"
    __table_args__ = (
        sa.UniqueConstraint("clip_id", "profile"),
        sa.Index("ix_clip_exports_profile", "profile"),
    )

    id: int = identity()
    clip_id: int = reference("clips.id")
    profile: str = named_profile()
    profile_hash: str = text()
    """Of the profile that the file was made by, or that would make the same file."""
    filepath: str = text()
    exported_frames: dict[str, int] = json(nullable=False)
    """`{"start_frame", "end_frame"}` of what the file holds."""
    bytes: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    sha256: str | None = optional_text()
    """This, the size and the receipt are null of files that are older than receipts."""
    receipt: Receipt | None = json()
    made_at: datetime = now()


class ExportCost(SQLModel, table=True):
    """What the files of clips by one spec of a profile have cost: the sum of the rows that there
    are of it. Triggers on `clip_exports` keep it."""

    __tablename__: ClassVar[str] = "export_costs"
    __table_args__ = (sa.Index("ix_export_costs_profile_profile_hash", "profile", "profile_hash"),)

    id: int = identity()
    profile: str = named_profile()
    profile_hash: str = text()
    files: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    bytes: Decimal = _sum()
    """Of the files whose length is known."""
    seconds: Decimal = _sum()
    """Of film."""
    timed_seconds: Decimal = _sum()
    """Of film, in files of which it is known how long their encoding took."""
    encode_seconds: Decimal = _sum()


class ProfileLack(SQLModel, table=True):
    """How many files clips lacked of a profile when they were counted last."""

    __tablename__: ClassVar[str] = "profile_lacks"

    profile_id: int = key_part("export_profiles.id")
    files: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    videos: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    counted_at: datetime = now()


class ExportFailure(SQLModel, table=True):
    """Why a profile has no file of a clip. The profile is tried on the clip again at `retry_at`;
    where that is null, not until it changes, or somebody asks for it."""

    __tablename__: ClassVar[str] = "export_failures"
    __table_args__ = (
        sa.UniqueConstraint("clip_id", "profile"),
        sa.Index("ix_export_failures_profile", "profile"),
    )

    id: int = identity()
    clip_id: int = reference("clips.id")
    profile: str = named_profile()
    profile_hash: str = text()
    error: str = text()
    tries: int = tries()
    """How often it failed for a reason that may pass."""
    retry_at: datetime | None = time()
    failed_at: datetime = now()


class GroupExport(SQLModel, table=True):
    """A file that holds a whole group of clips, by one profile, or why there is none. Where a newer
    one failed, an older one stays beside the reason."""

    __tablename__: ClassVar[str] = "group_exports"
    __table_args__ = (
        sa.CheckConstraint(
            "num_nonnulls(filepath, frames, receipt) = CASE WHEN filepath IS NULL THEN 0 ELSE 3 END"
            " AND (filepath IS NOT NULL OR error IS NOT NULL)",
            name="made",
        ),
        sa.UniqueConstraint("first_clip_id", "profile"),
        sa.Index("ix_group_exports_profile", "profile"),
    )

    id: int = identity()
    first_clip_id: int = reference("clips.id")
    profile: str = named_profile()
    basis: str = text()
    """Names what the last attempt made, or was to make: the profile's hash, and the clips with
    their frames."""
    filepath: str | None = optional_text()
    frames: list[dict[str, int]] | None = json()
    """The ranges of the film that the file holds, `[{"start_frame", "end_frame"}, ...]`."""
    receipt: Receipt | None = json()
    error: str | None = optional_text()
    tries: int = tries()
    retry_at: datetime | None = time()
    """As `ExportFailure`'s."""
    made_at: datetime = now()
