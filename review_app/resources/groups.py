"""Groups of clips."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, url_for
from pydantic import Field
from sqlmodel import Session

from heaters_pipeline.db import clips, group_exports, groups, reviews
from heaters_pipeline.domain.decisions import Ungroup
from heaters_pipeline.domain.errors import Conflict
from review_app.api.keyset import next_address
from review_app.api.operation import Answer, Body, Named, Query, described
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("api_groups", __name__)

MOST = 200


class Wanted(Query):
    limit: int = Field(50, ge=1, le=MOST)
    place: str | None = None
    """Where the part begins, as `next` of the one before says."""


class ClipVersion(Body):
    version: int
    """The clip's, as it was seen."""


class GroupListedJson(Answer):
    first_clip_id: int
    name: str | None
    title: str
    """Of the source video."""
    clips: int
    has_failed: bool
    """A file of the group, or of one of its clips."""


class GroupsJson(Answer):
    groups: list[GroupListedJson]
    next: str | None
    """The address of the next part of the list. None: this is the last."""


class GroupFileJson(Answer):
    profile: str
    url: str | None
    """None: it could not be made."""
    error: str | None
    retry_at: datetime | None


class GroupJson(Answer):
    first_clip_id: int
    name: str | None
    clips: list[int]
    """In the film's order."""
    files: list[GroupFileJson]


class ApartJson(Answer):
    event_id: int
    """By which it is undone."""


@blueprint.get("/api/v1/groups")
@described()
def listed(wanted: Wanted) -> GroupsJson:
    """Groups, the newest first."""
    with transaction() as session:
        found = groups.part(session, wanted.limit, wanted.place)
    return GroupsJson(
        groups=[GroupListedJson.model_validate(each) for each in found.groups],
        next=next_address(place=found.next) if found.next else None,
    )


@blueprint.get("/api/v1/groups/<int:clip_id>")
@described()
def one(clip_id: int) -> GroupJson:
    """The group that a clip belongs to."""
    with transaction() as session:
        return _json(session, clip_id)


@blueprint.put("/api/v1/groups/<int:clip_id>/name")
@described()
def rename(clip_id: int, body: Named) -> GroupJson:
    """Gives the group of a clip another name. An empty one takes it away."""
    with transaction() as session:
        groups.name(session, clip_id, body.name)
        return _json(session, clip_id)


@blueprint.post("/api/v1/groups/<int:clip_id>/apart")
@described(Conflict)
def take_apart(clip_id: int, body: ClipVersion) -> ApartJson:
    """Takes the group of a clip apart. A decision like others: it can be undone."""
    with transaction() as session:
        outcome = reviews.decide(
            session,
            actor=reviewer_name(),
            clip_id=clip_id,
            version=body.version,
            decision=Ungroup(),
        )
    return ApartJson(event_id=outcome.event_id)


@blueprint.post("/api/v1/groups/<int:clip_id>/again")
@described()
def again(clip_id: int) -> GroupJson:
    """Has files of a group that failed made again."""
    with transaction() as session:
        group_exports.retry(session, groups.first_of(session, clip_id).id)
        return _json(session, clip_id)


def _json(session: Session, clip_id: int) -> GroupJson:
    session.flush()
    first = groups.first_of(session, clip_id)
    return GroupJson(
        first_clip_id=first.id,
        name=first.group_name,
        clips=[clip.id for clip in clips.group(session, first)],
        files=[
            GroupFileJson(
                profile=each.profile,
                url=url_for("groups.file", clip_id=first.id, profile=each.profile)
                if each.filepath
                else None,
                error=each.error,
                retry_at=each.retry_at,
            )
            for each in group_exports.of_group(session, first.id)
        ],
    )
