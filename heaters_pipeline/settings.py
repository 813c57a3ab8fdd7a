"""Every setting of Heaters, read from the environment. Names are prefixed `HEATERS_`, but for
`DATABASE_URL` and `STORAGE_URL`, which hosting platforms set under these names."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_home() -> Path:
    """Root's data lies outside any home folder: the embedded Postgres runs as a user of its own
    then, and every folder above its data must be open to that user."""
    if os.geteuid() == 0:
        return Path("/var/lib/heaters")
    return Path.home() / ".local" / "share" / "heaters"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _absolute_unless_url(place: str) -> str:
    return place if "://" in place else str(_absolute(Path(place)))


def _absolute_folder(place: str) -> str:
    """`place` as it stands, but for the path of a folder, which must not depend on the folder
    that a process happens to run in."""
    return str(_absolute(Path(place))) if Path(place).expanduser().is_dir() else place


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="HEATERS_",
        env_ignore_empty=True,
        extra="ignore",
        validate_by_name=True,
        validate_by_alias=True,
    )

    home: AbsolutePath = Field(
        default_factory=default_home, description="Folder of everything that Heaters keeps."
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="A Postgres 15 or later with pgvector; unset: the embedded one.",
    )
    dagster_database_url: str | None = Field(
        default=None,
        description="Dagster's own database; unset: `dagster` on the same server.",
    )
    storage_url: Annotated[str, AfterValidator(_absolute_unless_url)] | None = Field(
        default=None,
        validation_alias="STORAGE_URL",
        description="s3://bucket/prefix; unset: the folder `storage` in the home.",
    )
    s3_endpoint_url: str | None = Field(
        default=None, description="Address of an S3-compatible service other than AWS."
    )

    host: str = Field(default="127.0.0.1", description="Address the review app listens on.")
    trusted_hosts: str | None = Field(
        default=None,
        description="Names, separated by commas, under which browsers may reach the review app; "
        "unset: the names of this machine while the app listens on loopback only, else any.",
    )
    review_port: int = Field(default=8765, description="Port of the review app.")
    dagster_port: int = Field(default=3000, description="Port of the Dagster UI (loopback only).")

    undo_window_seconds: float = Field(
        default=60, ge=0, description="How long a decision rests before the pipeline acts on it."
    )
    lease_seconds: float = Field(
        default=90,
        gt=0,
        description="How long a clip handed to one reviewer is kept from others; the open page "
        "renews it.",
    )
    sensor_interval_seconds: int = Field(
        default=10, ge=1, description="How often the sensors ask what is due."
    )

    detector: Literal["adaptive"] = Field(default="adaptive", description="Cut detector.")
    min_clip_seconds: float = Field(
        default=0.6, ge=0, description="Cuts closer to one another than this are taken as one."
    )
    stall_seconds: float = Field(
        default=120, gt=0, description="An ffmpeg run without progress for this long is stopped."
    )
    embedding_model: Annotated[str, AfterValidator(_absolute_folder)] = Field(
        default="clip-ViT-B-32",
        description="A sentence-transformers model by name or folder, or `layout-v1`, the built-in "
        "descriptor, which is also used where sentence-transformers is not installed.",
    )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    return Settings()
