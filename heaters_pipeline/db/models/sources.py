"""Source videos, and the ledger of what lies in the storage."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Literal, get_args

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from heaters_pipeline.db.models.columns import (
    READ_BACK,
    flag,
    identity,
    json,
    key_part,
    now,
    one_of,
    optional_text,
    reference,
    text,
    time,
    touched,
    tries,
)
from heaters_pipeline.domain.archive import Archived, Goal
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.damage import DamageFacts
from heaters_pipeline.domain.keys import KEY_PATTERN
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.quality import DownloadQuality
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.domain.segments import Segments
from heaters_pipeline.domain.sprites import StoredSpriteIndex
from heaters_pipeline.domain.states import SourceState


class Origin(StrEnum):
    WEB = "web"
    UPLOAD = "upload"


class PendingSource(TypedDict):
    """Another copy of a ready video, in the storage, that no products are made from yet."""

    path: str
    sha256: str
    quality: DownloadQuality | None


class SourceTimecode(TypedDict, total=False):
    """What a file says of itself; nothing where it says nothing."""

    start: str
    """The timecode of its first frame, with ";" before the frames where it drops some."""
    reel: str


class SourceVideo(SQLModel, table=True):
    """One long video and what was made of it. Paths are storage keys."""

    __tablename__: ClassVar[str] = "source_videos"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.CheckConstraint(f"key ~ '^{KEY_PATTERN.pattern}$'", name="key"),
        one_of("origin", Origin),
        one_of("pipeline", ClipPipeline),
        one_of("state", SourceState),
        sa.CheckConstraint("rate_num > 0 AND rate_den > 0", name="rate"),
        sa.CheckConstraint("sample_aspect_num > 0 AND sample_aspect_den > 0", name="sample_aspect"),
        sa.CheckConstraint("rotation IN (0, 90, 180, 270)", name="rotation"),
        sa.CheckConstraint("frame_count > 0", name="frame_count"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        sa.CheckConstraint(
            "octet_length(keyframe_offsets) = frame_count * 20", name="keyframe_offsets"
        ),
        sa.CheckConstraint(
            "state NOT IN ('ready', 'spliced') OR (frame_count IS NOT NULL"
            " AND keyframe_offsets IS NOT NULL"
            " AND (gold_master_filepath IS NOT NULL OR archived IS NOT NULL)"
            " AND proxy_filepath IS NOT NULL)",
            name="ready",
        ),
        sa.CheckConstraint(
            "archived IN ('cold', 'away') AND (archived IS NULL) = (archived_at IS NULL)",
            name="archived",
        ),
        sa.Index("ix_source_videos_state", "state"),
        sa.Index(
            "ix_source_videos_words",
            sa.text("search_video_words(title, url)"),
            postgresql_using="gin",
        ),
    )

    id: int = identity()
    key: str = text(unique=True)
    title: str = text()
    url: str = text()
    """Where it comes from: an address, or the path of a file on the server."""
    origin: Origin = text()
    needs_splicing: bool = flag(default=True)
    """False of a film that is one scene: no cuts are sought in it."""
    pipeline: ClipPipeline = text(server_default=ClipPipeline.VIRTUAL)
    """Whether its clips get files before they are reviewed."""
    state: SourceState = text(server_default=SourceState.NEW)
    attempt: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    progress: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """Done share of the step at work; null between steps."""
    step_began_at: datetime | None = time()
    error: str | None = optional_text()
    tries: int = tries()
    """How often the present step failed for a reason that may pass."""
    retry_at: datetime | None = time()
    """When it is tried again by itself; null: whenever it is due, or never where it failed."""
    cancel_requested: bool = flag()
    """Somebody wants the work on this video to stop; the step at work checks every second."""
    refetch_requested: bool = flag()
    """A ready video waits to be fetched again: its site has a better copy."""
    lost_products: list[str] | None = Field(default=None, sa_column=sa.Column(sa.ARRAY(sa.Text)))
    """Products of a ready video that the storage has lost, which wait to be made again
    (`media.products.transcode.Product`); null where there are none."""
    site_id: str | None = optional_text(index=True)
    """What its site calls it (`youtube:...`): two addresses with one id are one video."""
    duplicate_of_id: int | None = reference("source_videos.id", nullable=True)
    playlist_id: int | None = reference("source_videos.id", nullable=True, index=True)
    """The playlist that it came from."""

    source_sha256: str | None = optional_text(index=True)
    products_sha256: str | None = optional_text()
    """Of the source that gold master, proxy and frame scores were made from."""
    pending_source: PendingSource | None = json()
    """A refetched copy that the next transcode compares with the present source, which it then
    replaces; null where there is none."""
    width: int | None = None
    height: int | None = None
    rate_num: int | None = None
    rate_den: int | None = None
    rotation: int | None = None
    mirrored: bool | None = None
    """With `rotation`: how the stored image is set upright (`domain.orientation`)."""
    sample_aspect_num: int | None = None
    sample_aspect_den: int | None = None
    frame_count: int | None = None
    duration_seconds: float | None = None
    has_audio: bool | None = None
    source_timecode: SourceTimecode | None = json()
    """The file's own timecode; null where nobody has looked for it, as in videos that are older
    than this column (`work.timecodes`)."""
    download_quality: DownloadQuality | None = json()
    """`{"got", "best_listed", "format", "normalised"}` (`domain.quality`); null for files."""
    damage: DamageFacts | None = json()
    """`{"frames": [[start, end], ...], "errors", "missing_seconds"}`: the parts of the source that
    could not be decoded cleanly; null where there are none."""

    source_filepath: str | None = optional_text()
    gold_master_filepath: str | None = optional_text()
    frame_checksums_filepath: str | None = optional_text()
    frame_scores_filepath: str | None = optional_text()
    repeats_sought_in: str | None = optional_text()
    """The thumbnails in which repeats were sought (`work.repeats`); null while they were not."""
    repeats_method: int | None = None
    """How they were sought: `domain.repeats.METHOD` of that time."""
    repeats_tried_at: datetime | None = time()
    """When a search broke off: it is tried again a day later."""
    cut_evidence_filepath: str | None = optional_text()
    """What cut detection knows before any threshold (`media.cuts.evidence`)."""
    proxy_filepath: str | None = optional_text()
    proxy_audio_filepath: str | None = optional_text()
    sprites_filepath: str | None = optional_text()
    proxy_segments: Segments | None = json()
    """What is finished of a proxy that is still being made (`domain.segments`); null once it is
    whole. While it is there, frame count, frame index and cut points are those of its frames."""
    proxy_id: str | None = optional_text(unique=True)
    """Names the proxy's very bytes, so that whatever is read under it may be cached for ever."""
    proxy_codec: str | None = optional_text()
    proxy_description: bytes | None = Field(default=None, sa_column=sa.Column(BYTEA))
    """The avcC record (ISO/IEC 14496-15) that a decoder is configured with."""
    proxy_width: int | None = None
    proxy_height: int | None = None
    keyframe_offsets: bytes | None = Field(default=None, sa_column=sa.Column(BYTEA))
    """The packed frame index of the proxy (`domain.frame_index`)."""
    sprites: StoredSpriteIndex | None = json()
    """What is in the proxy's sprite sheets (`domain.sprites.SpriteIndex`); null where a proxy is
    from before there were any."""
    scene_cut_points: dict[str, Any] | None = json()
    """`{"detector", "threshold", "cuts", "transitions", "suggestions"}`: what detection found,
    before any reviewer. Suggestions are transitions that it left out;
    older ones have none. Of an imported list, `imported` is true and the threshold is missing."""

    archived: Archived | None = optional_text()
    """Where source and gold master went when the video was archived; null while it is not."""
    archived_at: datetime | None = time()

    created_at: datetime = now()
    updated_at: datetime = touched()

    @property
    def address(self) -> str:
        """`url` for people: without the login that it may carry."""
        return without_login(self.url)

    @property
    def rate(self) -> Fraction:
        """Frames per second; raises ValueError before the video has been probed."""
        if self.rate_num is None or self.rate_den is None:
            raise ValueError(f"The frame rate of {self.key} is not known yet.")
        return Fraction(self.rate_num, self.rate_den)

    @property
    def sample_aspect(self) -> Fraction:
        """Width of a stored pixel over its height; square where nothing is known."""
        return Fraction(self.sample_aspect_num or 1, self.sample_aspect_den or 1)

    @property
    def orientation(self) -> Orientation:
        """How the stored image is set upright; it is upright where nothing is known."""
        return Orientation(self.rotation or 0, bool(self.mirrored))


class SourceFacts(TypedDict, total=False):
    """Columns of a source video that its steps find out."""

    title: str
    site_id: str | None
    duplicate_of_id: int
    refetch_requested: bool
    download_quality: DownloadQuality | None
    source_sha256: str | None
    source_filepath: str | None
    products_sha256: str | None
    pending_source: PendingSource | None
    width: int
    height: int
    rate_num: int
    rate_den: int
    rotation: int
    mirrored: bool
    sample_aspect_num: int
    sample_aspect_den: int
    duration_seconds: float
    has_audio: bool
    source_timecode: SourceTimecode
    frame_count: int
    damage: DamageFacts | None
    gold_master_filepath: str | None
    frame_checksums_filepath: str | None
    frame_scores_filepath: str | None
    repeats_sought_in: str | None
    repeats_method: int | None
    repeats_tried_at: datetime | None
    cut_evidence_filepath: str | None
    proxy_filepath: str | None
    proxy_audio_filepath: str | None
    sprites_filepath: str | None
    sprites: StoredSpriteIndex | None
    proxy_segments: Segments | None
    proxy_id: str
    proxy_codec: str
    proxy_description: bytes
    proxy_width: int
    proxy_height: int
    keyframe_offsets: bytes | None
    scene_cut_points: dict[str, Any]
    archived: Archived | None
    archived_at: datetime | None


ProductPath = Literal[
    "gold_master_filepath",
    "frame_checksums_filepath",
    "frame_scores_filepath",
    "proxy_filepath",
    "proxy_audio_filepath",
    "sprites_filepath",
]
"""The columns with the storage keys of a source video's products."""


PRODUCT_PATHS: tuple[ProductPath, ...] = get_args(ProductPath)


class StoredObject(SQLModel, table=True):
    """An entry of the ledger: an object in the storage, and what it weighs."""

    __tablename__: ClassVar[str] = "stored_objects"
    __table_args__ = (
        one_of("kind", Kind),
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.Index("ix_stored_objects_source_video_id_kind", "source_video_id", "kind"),
    )

    path: str = Field(sa_column=sa.Column(sa.Text(collation="C"), primary_key=True))
    """In the order of its bytes, in which a storage lists its objects."""
    source_video_id: int = reference("source_videos.id")
    kind: Kind = text()
    bytes: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))
    sha256: str | None = optional_text()
    """Null of objects that are older than this column."""
    etag: str | None = optional_text()
    """The storage's name for the bytes when they were last found right; null where nobody has
    looked, or where the storage has none."""
    entered_at: datetime = now()


class SourceMove(SQLModel, table=True):
    """Source and gold master of an archived video are on their way; the row goes when they are
    there."""

    __tablename__: ClassVar[str] = "source_moves"
    __table_args__ = (one_of("goal", Goal),)

    source_video_id: int = key_part("source_videos.id")
    goal: Goal = text()
    moved: int = tries()
    """Objects that are there."""
    error: str | None = optional_text()
    """Of the last try."""
    tries: int = tries()
    asked_at: datetime = now()
    next_try_at: datetime = now()


class RetiredPartition(SQLModel, table=True):
    """The partition of a video at rest that Dagster does not list any more, or did not for a
    time."""

    __tablename__: ClassVar[str] = "retired_partitions"
    __table_args__ = (
        sa.Index(
            "ix_retired_partitions_versions",
            "versions",
            postgresql_where=sa.text("returned_at IS NULL"),
        ),
    )

    source_video_id: int = key_part("source_videos.id")
    versions: str | None = optional_text()
    """Of the assets when it was retired (`orchestration.catalogue.versions`); null once somebody
    wants it back."""
    retired_at: datetime = now()
    returned_at: datetime | None = time()
    """When Dagster got it back; null while it is retired."""


class ObjectToDelete(SQLModel, table=True):
    """An object in the storage that no row names any more."""

    __tablename__: ClassVar[str] = "objects_to_delete"

    path: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    tries: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    bytes: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    """Null where the ledger did not have it."""
    reason: str | None = optional_text()
    """Why it is not needed any more."""
    error: str | None = optional_text()
    """Of the last try."""
    next_try_at: datetime = now(index=True)
    created_at: datetime = now()


class StorageCheck(SQLModel, table=True):
    """How far a check of the storage has got that has not ended (`work.storage_check`)."""

    __tablename__: ClassVar[str] = "storage_checks"

    mode: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    """Checks of one kind go on where the one before broke off."""
    last_key: str = text()
    """All storage keys up to this one have been looked at."""
    tally: dict[str, int] = json(nullable=False)
    began_at: datetime = now()
