"""The tables. What must always hold is a constraint here, not a hope in the code.

The migrations in `sql/` make the same tables; a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Literal, get_args

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, ExcludeConstraint
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.damage import DamageFacts
from heaters_pipeline.domain.decisions import Action, Snapshot
from heaters_pipeline.domain.keys import KEY_PATTERN
from heaters_pipeline.domain.labels import Colour
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.quality import DownloadQuality
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.sprites import StoredSpriteIndex
from heaters_pipeline.domain.states import ClipState, SourceState

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

READ_BACK = {"eager_defaults": True}
"""Every write returns what the database filled in, so that rows stay readable after it."""


class Origin(StrEnum):
    WEB = "web"
    UPLOAD = "upload"


class PendingSource(TypedDict):
    """Another copy of a ready video, in the storage, that no products are made from yet."""

    path: str
    sha256: str
    quality: DownloadQuality | None


class ArtifactKind(StrEnum):
    KEYFRAME = "keyframe"


def _one_of(column: str, values: type[StrEnum]) -> sa.CheckConstraint:
    names = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({names})", name=column)


def _identity() -> Any:
    return Field(
        default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    )


def _reference(target: str, *, nullable: bool = False, **options: Any) -> Any:
    column = sa.Column(sa.BigInteger, sa.ForeignKey(target), nullable=nullable, **options)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def _now() -> Any:
    return Field(
        default=None,
        sa_column=sa.Column(
            sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )


def _touched() -> Any:
    return Field(
        default=None,
        sa_column=sa.Column(
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            onupdate=sa.func.now(),
            nullable=False,
        ),
    )


def _time() -> Any:
    return Field(default=None, sa_column=sa.Column(sa.DateTime(timezone=True)))


def _flag(*, default: bool = False) -> Any:
    server_default = sa.true() if default else sa.false()
    return Field(
        default=default,
        sa_column=sa.Column(sa.Boolean, server_default=server_default, nullable=False),
    )


def _json(*, nullable: bool = True) -> Any:
    column = sa.Column(JSONB(none_as_null=True), nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def _text(*, server_default: str | None = None, **options: Any) -> Any:
    if server_default is not None:
        return Field(
            default=server_default,
            sa_column=sa.Column(sa.Text, server_default=server_default, nullable=False, **options),
        )
    return Field(sa_column=sa.Column(sa.Text, nullable=False, **options))


def _optional_text(**options: Any) -> Any:
    return Field(default=None, sa_column=sa.Column(sa.Text, **options))


class SourceVideo(SQLModel, table=True):
    """One long video and what was made of it. Paths are storage keys."""

    __tablename__: ClassVar[str] = "source_videos"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        sa.CheckConstraint(f"key ~ '^{KEY_PATTERN.pattern}$'", name="key"),
        _one_of("origin", Origin),
        _one_of("state", SourceState),
        sa.CheckConstraint("rate_num > 0 AND rate_den > 0", name="rate"),
        sa.CheckConstraint("sample_aspect_num > 0 AND sample_aspect_den > 0", name="sample_aspect"),
        sa.CheckConstraint("rotation IN (0, 90, 180, 270)", name="rotation"),
        sa.CheckConstraint("frame_count > 0", name="frame_count"),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        sa.CheckConstraint(
            "octet_length(keyframe_offsets) = frame_count * 20", name="keyframe_offsets"
        ),
        sa.CheckConstraint(
            "state <> 'ready' OR (frame_count IS NOT NULL AND keyframe_offsets IS NOT NULL"
            " AND gold_master_filepath IS NOT NULL AND proxy_filepath IS NOT NULL)",
            name="ready",
        ),
        sa.Index("ix_source_videos_state", "state"),
    )

    id: int = _identity()
    key: str = _text(unique=True)
    title: str = _text()
    url: str = _text()
    """Where it comes from: an address, or the path of a file on the server."""
    origin: Origin = _text()
    needs_splicing: bool = _flag(default=True)
    state: SourceState = _text(server_default=SourceState.NEW)
    attempt: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    progress: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """Done share of the step at work; null between steps."""
    step_began_at: datetime | None = _time()
    error: str | None = _optional_text()
    cancel_requested: bool = _flag()
    """Somebody wants the work on this video to stop; the step at work checks every second."""
    refetch_requested: bool = _flag()
    """A ready video waits to be fetched again: its site has a better copy."""
    site_id: str | None = _optional_text(index=True)
    """What its site calls it (`youtube:...`): two addresses with one id are one video."""
    duplicate_of_id: int | None = _reference("source_videos.id", nullable=True)
    playlist_id: int | None = _reference("source_videos.id", nullable=True, index=True)
    """The playlist that it came from."""

    source_sha256: str | None = _optional_text(index=True)
    products_sha256: str | None = _optional_text()
    """Of the source that gold master, proxy and frame scores were made from."""
    pending_source: PendingSource | None = _json()
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
    download_quality: DownloadQuality | None = _json()
    """`{"got", "best_listed", "format", "normalised"}` (`domain.quality`); null for files."""
    damage: DamageFacts | None = _json()
    """`{"frames": [[start, end], ...], "errors", "missing_seconds"}`: the parts of the source that
    could not be decoded cleanly; null where there are none."""

    source_filepath: str | None = _optional_text()
    gold_master_filepath: str | None = _optional_text()
    frame_checksums_filepath: str | None = _optional_text()
    frame_scores_filepath: str | None = _optional_text()
    cut_evidence_filepath: str | None = _optional_text()
    """What cut detection knows before any threshold (`media.cuts.evidence`)."""
    proxy_filepath: str | None = _optional_text()
    proxy_audio_filepath: str | None = _optional_text()
    sprites_filepath: str | None = _optional_text()
    proxy_id: str | None = _optional_text(unique=True)
    """Names the proxy's very bytes, so that whatever is read under it may be cached for ever."""
    proxy_codec: str | None = _optional_text()
    proxy_description: bytes | None = Field(default=None, sa_column=sa.Column(BYTEA))
    """The avcC record (ISO/IEC 14496-15) that a decoder is configured with."""
    proxy_width: int | None = None
    proxy_height: int | None = None
    keyframe_offsets: bytes | None = Field(default=None, sa_column=sa.Column(BYTEA))
    """The packed frame index of the proxy (`domain.frame_index`)."""
    sprites: StoredSpriteIndex | None = _json()
    """What is in the proxy's sprite sheets (`domain.sprites.SpriteIndex`); null where a proxy is
    from before there were any."""
    scene_cut_points: dict[str, Any] | None = _json()
    """`{"detector", "threshold", "cuts", "transitions", "suggestions"}`: what detection found,
    before any reviewer. Suggestions are transitions that it left out;
    older ones have none."""

    created_at: datetime = _now()
    updated_at: datetime = _touched()

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
    frame_count: int
    damage: DamageFacts | None
    gold_master_filepath: str | None
    frame_checksums_filepath: str | None
    frame_scores_filepath: str | None
    cut_evidence_filepath: str | None
    proxy_filepath: str | None
    proxy_audio_filepath: str | None
    sprites_filepath: str | None
    sprites: StoredSpriteIndex | None
    proxy_id: str
    proxy_codec: str
    proxy_description: bytes
    proxy_width: int
    proxy_height: int
    keyframe_offsets: bytes | None
    scene_cut_points: dict[str, Any]


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
        _one_of("kind", Kind),
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.Index("ix_stored_objects_source_video_id_kind", "source_video_id", "kind"),
    )

    path: str = Field(sa_column=sa.Column(sa.Text, primary_key=True))
    source_video_id: int = _reference("source_videos.id")
    kind: Kind = _text()
    bytes: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False))


class Clip(SQLModel, table=True):
    """A frame range of a source video. Virtual until it has been exported to a file."""

    __tablename__: ClassVar[str] = "clips"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        _one_of("state", ClipState),
        sa.CheckConstraint("made_by IN ('replan', 'merge', 'split', 'nudge')", name="made_by"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        sa.CheckConstraint(
            "is_virtual OR (clip_filepath IS NOT NULL AND exported_frames IS NOT NULL)",
            name="physical",
        ),
        sa.CheckConstraint("0 <= start_frame AND start_frame < end_frame", name="range"),
        ExcludeConstraint(
            (sa.text("int8range(source_video_id, source_video_id, '[]')"), "&&"),
            (sa.text("int4range(start_frame, end_frame)"), "&&"),
            name="ex_clips_overlap",
            using="gist",
            where=sa.text("state <> 'superseded'"),
        ),
        sa.Index("ix_clips_source_video_id_start_frame", "source_video_id", "start_frame"),
        sa.Index(
            "ix_clips_pending",
            "source_video_id",
            "start_frame",
            postgresql_where=sa.text("state = 'pending_review'"),
        ),
        sa.Index("ix_clips_state_decided_at", "state", "decided_at"),
        sa.Index(
            "ix_clips_leased_by", "leased_by", postgresql_where=sa.text("leased_by IS NOT NULL")
        ),
        sa.Index(
            "ix_clips_leased_page",
            "leased_page",
            postgresql_where=sa.text("leased_page IS NOT NULL"),
        ),
        sa.Index(
            "ix_clips_labels",
            "labels",
            postgresql_using="gin",
            postgresql_where=sa.text("labels <> '{}'"),
        ),
    )

    id: int = _identity()
    source_video_id: int = _reference("source_videos.id")
    state: ClipState = _text(server_default=ClipState.PENDING_REVIEW)
    made_by: Action = _text()
    """`replan` where cut points made it; `merge` or `split` where a reviewer did, `nudge` where one
    moved an end of it."""
    is_virtual: bool = _flag(default=True)
    cut_points: dict[str, Any] = _json(nullable=False)
    """`{"start_frame", "end_frame", "start_time_seconds", "end_time_seconds"}`"""
    start_frame: int = Field(
        default=None,
        sa_column=sa.Column(
            sa.Integer,
            sa.Computed("(cut_points->>'start_frame')::integer", persisted=True),
            nullable=False,
        ),
    )
    end_frame: int = Field(
        default=None,
        sa_column=sa.Column(
            sa.Integer,
            sa.Computed("(cut_points->>'end_frame')::integer", persisted=True),
            nullable=False,
        ),
    )
    trim: dict[str, int] | None = _json()
    """`{"start_frame", "end_frame"}`: the frames that show this clip's own shot alone; null where
    all do."""
    doubt: float | None = Field(default=None, sa_column=sa.Column(sa.REAL))
    """0 to 1: how unsure its cuts are (`domain.doubt`); null where nothing is known."""
    clip_filepath: str | None = _optional_text()
    exported_frames: dict[str, int] | None = _json()
    """`{"start_frame", "end_frame"}` of what the file holds; null while there is none."""
    receipt: Receipt | None = _json()
    """What was measured in the file; null where there is none, and of files that are older than
    receipts."""
    grouped_with_clip_id: int | None = _reference("clips.id", nullable=True, index=True)
    """The first clip of the group that this one belongs to."""
    labels: list[str] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False),
    )
    rating: int | None = Field(default=None, sa_column=sa.Column(sa.SmallInteger))
    """1 to 5, the best."""
    note: str | None = _optional_text()
    version: int = Field(
        default=1, sa_column=sa.Column(sa.Integer, server_default="1", nullable=False)
    )
    """Raised by every review event; a write that names another version is refused."""
    leased_by: str | None = _optional_text()
    """The reviewer who was handed it last."""
    leased_page: str | None = _optional_text()
    """The token of the page that has it; null where a program without pages does."""
    leased_until: datetime | None = _time()
    """Null once it was given back."""
    decided_at: datetime | None = _time()
    last_event_id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger))
    attempt: int = Field(
        default=0, sa_column=sa.Column(sa.Integer, server_default="0", nullable=False)
    )
    error: str | None = _optional_text()
    created_at: datetime = _now()
    updated_at: datetime = _touched()

    @property
    def frames(self) -> FrameRange:
        return FrameRange(self.start_frame, self.end_frame)

    @property
    def annotation(self) -> Annotation:
        return Annotation(tuple(self.labels), self.rating, self.note)

    @property
    def clean_frames(self) -> FrameRange:
        """What is left when transitions are trimmed off."""
        return FrameRange.from_json(self.trim) if self.trim else self.frames

    @property
    def file_frames(self) -> FrameRange:
        """The frames that its file holds, or would hold untrimmed."""
        held = self.exported_frames
        return FrameRange.from_json(held) if held else self.frames


class ClipFile(TypedDict, total=False):
    """Columns of a clip that its export fills in."""

    is_virtual: bool
    clip_filepath: str
    exported_frames: dict[str, int]
    receipt: Receipt


class Label(SQLModel, table=True):
    """A label on the list that reviewers are offered."""

    __tablename__: ClassVar[str] = "labels"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK
    __table_args__ = (
        _one_of("colour", Colour),
        sa.CheckConstraint("key BETWEEN 1 AND 9", name="key"),
    )

    id: int = _identity()
    name: str = _text(unique=True)
    former_names: list[str] = Field(
        default_factory=list,
        sa_column=sa.Column(ARRAY(sa.Text), server_default=sa.text("'{}'"), nullable=False),
    )
    colour: Colour = _text()
    key: int | None = Field(default=None, sa_column=sa.Column(sa.SmallInteger, unique=True))
    """The digit that gives it, with Shift."""
    place: int
    """Its place on the list, counted from 1; retired ones keep theirs."""
    retired: bool = _flag()
    """It is offered no more; clips that have it keep it."""
    created_at: datetime = _now()


class SavedView(SQLModel, table=True):
    """A selection of clips that somebody gave a name, for all."""

    __tablename__: ClassVar[str] = "saved_views"
    __mapper_args__: ClassVar[dict[str, Any]] = READ_BACK

    id: int = _identity()
    name: str = _text(unique=True)
    arguments: dict[str, str] = _json(nullable=False)
    """Those of an address (`domain.selection`)."""
    saved_by: str = _text()
    created_at: datetime = _now()


class ReviewEvent(SQLModel, table=True):
    """One decision. Append-only: a trigger refuses any change."""

    __tablename__: ClassVar[str] = "review_events"
    __table_args__ = (
        _one_of("action", Action),
        sa.Index("ix_review_events_actor_id", "actor", "id"),
        sa.Index("ix_review_events_clip_ids", "clip_ids", postgresql_using="gin"),
        sa.Index(
            "ix_review_events_batch_id",
            "batch_id",
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        ),
        sa.Index("ix_review_events_created_at", "created_at"),
        sa.Index(
            "ix_review_events_mended",
            "source_video_id",
            postgresql_where=sa.text("action IN ('merge', 'split', 'nudge')"),
        ),
        sa.Index(
            "ix_review_events_removed",
            "source_video_id",
            postgresql_where=sa.text("action = 'remove'"),
        ),
    )

    id: int = _identity()
    source_video_id: int = _reference("source_videos.id")
    actor: str = _text()
    action: Action = _text()
    clip_ids: list[int] = Field(sa_column=sa.Column(ARRAY(sa.BigInteger), nullable=False))
    batch_id: int | None = _reference("review_events.id", nullable=True)
    """The first event of the batch that this one belongs to; null for that first one, and for a
    decision by itself."""
    before: list[Snapshot] = _json(nullable=False)
    """What the event found of each clip (`db.events.snapshot`; older events hold less). A clip that
    the event made is missing here; a removal, which can't be undone, lists none."""
    after: list[Snapshot] = _json(nullable=False)
    """The same clips as the event left them."""
    undoes_event_id: int | None = _reference("review_events.id", nullable=True, unique=True)
    created_at: datetime = _now()


class ClipArtifact(SQLModel, table=True):
    """A file made from an exported clip."""

    __tablename__: ClassVar[str] = "clip_artifacts"
    __table_args__ = (
        _one_of("kind", ArtifactKind),
        sa.UniqueConstraint("clip_id", "kind", "frame"),
    )

    id: int = _identity()
    clip_id: int = _reference("clips.id")
    kind: ArtifactKind = _text()
    frame: int
    """Frame number in the source video."""
    filepath: str = _text()
    width: int
    height: int
    created_at: datetime = _now()


class ClipEmbedding(SQLModel, table=True):
    """A clip as a vector. Vectors of different models live in one table and never meet."""

    __tablename__: ClassVar[str] = "clip_embeddings"
    __table_args__ = (sa.UniqueConstraint("clip_id", "model", "strategy"),)

    id: int = _identity()
    clip_id: int = _reference("clips.id")
    model: str = _text()
    strategy: str = _text()
    embedding: Any = Field(sa_column=sa.Column(Vector, nullable=False))
    created_at: datetime = _now()
