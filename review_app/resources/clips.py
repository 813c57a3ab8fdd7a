"""Clips: lists of them, what was decided on one, its files, and trying again what failed."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, url_for
from pydantic import Field
from typing_extensions import TypedDict

from heaters_pipeline.db import (
    artifacts,
    clip_exports,
    clip_work,
    clips,
    collections,
    handovers,
    review_queue,
)
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.selection import Selection, Shown
from review_app.api.keyset import next_address
from review_app.api.operation import Answer, Nothing, Query, described
from review_app.presenters import history as told
from review_app.presenters.clip_json import ClipJson, clips_json
from review_app.presenters.keyframes import keyframe_url
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("api_clips", __name__)

MOST = 1000


class Part(Query):
    limit: int = Field(100, ge=1, le=MOST)
    place: str | None = None
    """Where the part begins, as `next` of the one before says."""


class ClipListJson(TypedDict):
    clips: list[ClipJson]
    next: str | None
    """The address of the next part of the list. None: this is the last."""


class ChangeJson(Answer):
    what: str
    before: str | None
    after: str
    clips: list[int]
    """Others that it is about."""


class HistoryEventJson(Answer):
    event_id: int
    actor: str
    action: Action
    when: datetime
    changes: list[ChangeJson]
    undoes: Action | None
    is_undone: bool


class HistoryJson(Answer):
    events: list[HistoryEventJson]
    """The newest first."""


class ExportJson(Answer):
    profile: str
    url: str
    bytes: int | None
    sha256: str | None
    made_at: datetime


class FailureJson(Answer):
    profile: str
    error: str
    retry_at: datetime | None


class KeyframeJson(Answer):
    frame: int
    url: str


class ClipTakenJson(Answer):
    at: datetime
    actor: str
    destination: str
    profile: str


class ClipFilesJson(Answer):
    exports: list[ExportJson]
    """The main one first."""
    failures: list[FailureJson]
    keyframes: list[KeyframeJson]
    collections: list[str]
    """The names of those that it is in."""
    taken: list[ClipTakenJson]
    """When its files were taken, the latest first."""


@blueprint.get("/api/v1/clips")
@described()
def listed(selection: Selection, part: Part) -> ClipListJson:
    """The clips of a selection in its order, those of the library where it names no state."""
    likeness = services().likeness()
    with transaction() as session:
        found = review_queue.part(
            session,
            selection,
            part.limit,
            part.place,
            by_itself=Shown.LIBRARY,
            likeness=likeness,
        )
        shown = clips_json(session, found.clips, likeness)
    return {"clips": shown, "next": next_address(place=found.next) if found.next else None}


@blueprint.get("/api/v1/clips/<int:clip_id>/history")
@described()
def history(clip_id: int) -> HistoryJson:
    """What was decided on a clip, and by whom. Opinions of others are left out until two people
    have decided."""
    with transaction() as session:
        clip = clips.get(session, clip_id)
        events = told.seen_by(reviewer_name(), clip, clips.history(session, clip_id))
    newest_first = reversed(told.entries(clip_id, events))
    return HistoryJson(events=[HistoryEventJson.model_validate(each) for each in newest_first])


@blueprint.get("/api/v1/clips/<int:clip_id>/files")
@described()
def files(clip_id: int) -> ClipFilesJson:
    """The files of a clip, and where they went."""
    with transaction() as session:
        clips.get(session, clip_id)
        exports = clip_exports.of_clips(session, [clip_id]).get(clip_id, [])
        failures = clip_exports.failures(session, [clip_id]).get(clip_id, [])
        keyframes = artifacts.keyframes_of(session, [clip_id]).get(clip_id, [])
        held = collections.of_clips(session, [clip_id]).get(clip_id, [])
        taken = handovers.of_clips(session, [clip_id]).get(clip_id, [])
    return ClipFilesJson(
        exports=[
            ExportJson(
                profile=each.profile,
                url=url_for("clip_files.export", clip_id=clip_id, profile=each.profile),
                bytes=each.bytes,
                sha256=each.sha256,
                made_at=each.made_at,
            )
            for each in exports
        ],
        failures=[FailureJson.model_validate(each) for each in failures],
        keyframes=[
            KeyframeJson(frame=each.frame or 0, url=keyframe_url(each)) for each in keyframes
        ],
        collections=[each.name for each in held],
        taken=[ClipTakenJson.model_validate(each) for each in taken],
    )


@blueprint.post("/api/v1/clips/<int:clip_id>/retry")
@described(Conflict)
def retry(clip_id: int) -> Nothing:
    """Tries the step of a clip again that failed."""
    with transaction() as session:
        clip_work.retry(session, clip_id)
    return {}


@blueprint.post("/api/v1/clips/<int:clip_id>/exports/retry")
@described(Conflict)
def retry_exports(clip_id: int) -> Nothing:
    """Has the files of a clip made again that failed."""
    with transaction() as session:
        clip_exports.retry(session, clip_id)
    return {}
