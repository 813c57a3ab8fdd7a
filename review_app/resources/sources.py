"""Source videos: the list, adding them, and what operators do with one."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session

from heaters_pipeline.db import (
    archiving,
    removal,
    retired_partitions,
    retrying,
    source_list,
    source_videos,
)
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import Origin
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain.archive import Archived, told
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import Conflict, Forbidden
from heaters_pipeline.domain.states import SourceState
from review_app import adding, archived
from review_app.api.keyset import next_address
from review_app.api.operation import Answer, Body, Query, described
from review_app.presenters import source_rows
from review_app.presenters.texts import one_line
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("api_sources", __name__)

MOST = 200
MOST_ADDED = 10_000


class Which(Query):
    show: Choice = Choice.ALL
    find: str = ""
    """A part of a title or an address, or the key of a video or of a playlist."""


class Wanted(Which):
    limit: int = Field(50, ge=1, le=MOST)
    before: int | None = Field(None, ge=0)
    """Those that were added before the one of this `number`."""


class AddSources(Body):
    references: list[str] = Field(min_length=1, max_length=MOST_ADDED)
    """Addresses, or paths of files and folders on the server."""
    title: str | None = None
    """For one reference alone."""
    already_cut: bool = False
    """The video is one clip."""
    pipeline: ClipPipeline | None = None
    """Null: that of the server's settings."""


class ClipCountsJson(Answer):
    total: int
    pending: int
    done: int
    """In the library."""
    failed: int


class SourceVideoJson(Answer):
    number: int
    """In the order of adding."""
    key: str
    title: str
    address: str
    origin: Origin
    pipeline: ClipPipeline
    """Whether its clips have files before they are reviewed."""
    state: SourceState
    told: str
    """The state in words."""
    progress: float | None
    """Done share of the step at work."""
    error: str | None
    retry_at: datetime | None
    archived: Archived | None
    width: int | None
    height: int | None
    rate: tuple[int, int] | None
    """Frames per second, as numerator and denominator."""
    frame_count: int | None
    duration_seconds: float | None
    has_audio: bool | None
    clips: ClipCountsJson | None
    bytes: int
    """Of all its objects."""
    kept: str | None
    """Of an archived video, in words: where source and gold master are, or how far on their way."""
    partition_retired_at: datetime | None
    """When its partition left Dagster's list; null: it is there."""
    created_at: datetime


class SourcesJson(Answer):
    sources: list[SourceVideoJson]
    counts: dict[Choice, int]
    """Videos of each choice."""
    next: str | None
    """The address of the next part of the list. None: this is the last."""


class SourceAddedJson(Answer):
    key: str
    title: str
    news: str
    """What happened, in a word or two."""


class SourceRefusedJson(Answer):
    reference: str
    error: str


class AddedSourcesJson(Answer):
    added: list[SourceAddedJson]
    refused: list[SourceRefusedJson]


class ArchiveStakeJson(Answer):
    title: str
    freed_bytes: int
    exported: int
    not_exported: int
    pending: int
    ways: dict[Archived, list[str]]
    """In which the video can be archived; of each what would be lost, and what stays."""


class RetriedJson(Answer):
    videos: int
    clips: int
    files: int


@blueprint.get("/api/v1/sources")
@described()
def listed(wanted: Wanted) -> SourcesJson:
    """Source videos, the newest first."""
    with transaction() as session:
        found = source_list.newest_first(
            session, wanted.show, one_line(wanted.find), wanted.limit + 1, 0, wanted.before
        )
        rows = source_rows.rows(session, found[: wanted.limit], services().settings.repeat_score)
        counts = source_list.counts(session)
    more = len(found) > wanted.limit
    return SourcesJson(
        sources=[_json(row) for row in rows],
        counts=counts,
        next=next_address(before=found[wanted.limit - 1].id) if more else None,
    )


@blueprint.post("/api/v1/sources")
@described(knows_repeats=True)
def add(body: AddSources) -> AddedSourcesJson:
    """Adds source videos. What is known already is told of, and nothing is added twice; an upload
    speaks tus with `/sources` (docs/uploads.md)."""
    lines = [one_line(each) for each in body.references]
    title = one_line(body.title or "")
    added, bad = adding.add(
        lines, title, needs_splicing=not body.already_cut, pipeline=body.pipeline
    )
    return AddedSourcesJson(
        added=[SourceAddedJson.model_validate(each) for each in added],
        refused=[SourceRefusedJson(reference=each.shown, error=each.sentence) for each in bad],
    )


@blueprint.post("/api/v1/sources/retry")
@described()
def retry_failed(which: Which) -> RetriedJson:
    """Tries again all that failed of these videos."""
    choice = Choice.ALL if which.show == Choice.FAILED else which.show
    with transaction() as session:
        ids = source_list.ids(session, choice, one_line(which.find))
        return RetriedJson.model_validate(retrying.retry_failed(session, ids))


@blueprint.get("/api/v1/sources/<key>")
@described()
def one(key: str) -> SourceVideoJson:
    """One source video."""
    with transaction() as session:
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/retry")
@described(Conflict)
def retry(key: str) -> SourceVideoJson:
    """Puts a video that failed in the queue again."""
    with transaction() as session:
        source_videos.retry(session, key)
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/cancel")
@described(Conflict)
def cancel(key: str) -> SourceVideoJson:
    """Stops the work on a video."""
    with transaction() as session:
        source_videos.cancel(session, key)
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/refetch")
@described(Conflict)
def refetch(key: str) -> SourceVideoJson:
    """Has a video fetched again. The decisions on its clips stay."""
    with transaction() as session:
        source_videos.refetch(session, key)
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/remove")
@described(Conflict, Forbidden)
def remove(key: str) -> SourceAddedJson:
    """Removes a video and its clips. Refused while a run is at work on it."""
    with video_lock(services().engine, key, wait_seconds=0), transaction() as session:
        title = removal.remove(session, key, actor=reviewer_name())
    return SourceAddedJson(key=key, title=title, news="removed")


@blueprint.get("/api/v1/sources/<key>/archive")
@described(Conflict)
def stake(key: str) -> ArchiveStakeJson:
    """What would be lost if a video were archived, and what stays."""
    with transaction() as session:
        found = archiving.stake(session, key)
    return ArchiveStakeJson(
        **found._asdict(), ways={way: told(found, way) for way in archived.ways()}
    )


class ArchiveBody(Body):
    to: Archived = Archived.AWAY
    """`cold`: source and gold master move to a cold storage class; `away`: they are deleted."""


@blueprint.post("/api/v1/sources/<key>/archive")
@described(Conflict)
def archive(key: str, body: ArchiveBody) -> SourceVideoJson:
    """Archives a video. Refused while a run is at work on it."""
    archived.archive(key, body.to)
    with transaction() as session:
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/restore")
@described(Conflict)
def restore(key: str) -> SourceVideoJson:
    """Has source and gold master of an archived video brought back from the cold."""
    archived.restore(key)
    with transaction() as session:
        return _one(session, key)


@blueprint.post("/api/v1/sources/<key>/partition")
@described(Conflict)
def partition(key: str) -> SourceVideoJson:
    """Has a retired partition put into Dagster's list again."""
    with transaction() as session:
        retired_partitions.want(session, key)
        return _one(session, key)


def _one(session: Session, key: str) -> SourceVideoJson:
    session.flush()
    video = source_videos.get(session, key)
    return _json(source_rows.rows(session, [video], services().settings.repeat_score)[0])


def _json(row: source_rows.Row) -> SourceVideoJson:
    video = row.video
    rate = Fraction(video.rate_num, video.rate_den) if video.rate_num and video.rate_den else None
    return SourceVideoJson(
        number=video.id,
        key=video.key,
        title=video.title,
        address=video.address,
        origin=video.origin,
        pipeline=video.pipeline,
        state=video.state,
        told=row.badge[0],
        progress=video.progress,
        error=video.error,
        retry_at=video.retry_at,
        archived=video.archived,
        kept=row.kept,
        width=video.width,
        height=video.height,
        rate=rate.as_integer_ratio() if rate else None,
        frame_count=video.frame_count,
        duration_seconds=video.duration_seconds,
        has_audio=video.has_audio,
        clips=ClipCountsJson.model_validate(row.clips) if row.clips else None,
        bytes=row.bytes.total,
        partition_retired_at=row.retired.retired_at if row.retired else None,
        created_at=video.created_at,
    )
