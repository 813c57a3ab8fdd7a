"""Collections: what is in one, and the ways in which one changes as a whole."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from sqlmodel import Session
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import collections, handovers, replaced
from heaters_pipeline.domain.errors import Conflict, InputError
from review_app.api.operation import Answer, Body, Named, Nothing, described, refuse_if_changed
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("api_collections", __name__)


class ReplaceClip(Body):
    clip: int
    """A clip of the collection that was merged or split."""


class CollectionTakenJson(Answer):
    at: datetime
    actor: str
    destination: str
    profile: str
    clip_count: int


class CollectionContentJson(Answer):
    id: int
    name: str
    made_by: str
    clips: list[int]
    """In its order."""
    taken_out: list[int]
    """Those that can be put back."""
    taken: list[CollectionTakenJson]
    """When its files were taken, the latest first."""


class RemovedCollectionJson(Answer):
    id: int
    name: str
    removed_at: datetime


class RemovedCollectionsJson(Answer):
    collections: list[RemovedCollectionJson]


@blueprint.get("/api/v1/collections/<int:collection_id>")
@described()
def one(collection_id: int) -> CollectionContentJson:
    """One collection."""
    with transaction() as session:
        return _json(session, collection_id)


@blueprint.get("/api/v1/collections/removed")
@described()
def removed() -> RemovedCollectionsJson:
    """Collections that were removed and can be brought back, the latest first."""
    with transaction() as session:
        found = collections.removed(session)
        return RemovedCollectionsJson(
            collections=[RemovedCollectionJson.model_validate(each) for each in found]
        )


@blueprint.put("/api/v1/collections/<int:collection_id>/name")
@described(Conflict, PreconditionFailed)
def rename(collection_id: int, body: Named) -> CollectionContentJson:
    """Gives a collection another name. If-Match names the collection as it was read."""
    with transaction() as session:
        collections.locked(session, collection_id)
        refuse_if_changed(CollectionContentJson, _json(session, collection_id))
        collections.rename(session, collection_id, body.name)
        return _json(session, collection_id)


@blueprint.post("/api/v1/collections/<int:collection_id>/remove")
@described()
def remove(collection_id: int) -> Nothing:
    """Removes a collection. Its clips stay, and it can be brought back."""
    with transaction() as session:
        collections.remove(session, collection_id)
    return {}


@blueprint.post("/api/v1/collections/<int:collection_id>/restore")
@described(Conflict)
def restore(collection_id: int) -> CollectionContentJson:
    """Brings back a collection that was removed."""
    with transaction() as session:
        collections.restore(session, collection_id)
        return _json(session, collection_id)


@blueprint.post("/api/v1/collections/<int:collection_id>/replace")
@described()
def replace(collection_id: int, body: ReplaceClip) -> CollectionContentJson:
    """Puts the clips that one became in its place."""
    with transaction() as session:
        found = replaced.replaced(session, [body.clip]).get(body.clip)
        if found is None or not found.successors:
            raise InputError(f"Nothing has taken the place of clip {body.clip}.")
        actor = reviewer_name()
        collections.replace(session, collection_id, body.clip, found.successors, actor)
        return _json(session, collection_id)


def _json(session: Session, collection_id: int) -> CollectionContentJson:
    session.flush()
    found = collections.get(session, collection_id)
    members = collections.members(session, collection_id)
    return CollectionContentJson(
        id=found.id,
        name=found.name,
        made_by=found.made_by,
        clips=[each.clip_id for each in members if each.taken_out_at is None],
        taken_out=[each.clip_id for each in members if each.taken_out_at is not None],
        taken=[
            CollectionTakenJson.model_validate(each)
            for each in handovers.of_collection(session, collection_id)
        ],
    )
