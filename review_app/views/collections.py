"""Collections: the pages on which people keep them, and what other pages put into them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import (
    artifacts,
    collections,
    handed,
    handovers,
    labels,
    replaced,
    review_queue,
)
from heaters_pipeline.db.models import Collection
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.handover import wanted
from review_app.api.operation import ClipIds, Named, Query, described
from review_app.fields import arguments
from review_app.presenters.clip_json import drawn_json
from review_app.presenters.collected import collected
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("collections", __name__)

PAGE = 200


class Holding(Query):
    clips: str = ""
    """Ids, with commas between them: `held` says how many of these clips each collection has."""


class MoveClips(ClipIds):
    before: int | None = None
    """A clip of the collection. Null: they come to its end."""


class CollectionJson(TypedDict):
    id: int
    name: str
    clip_count: int


class HoldingJson(CollectionJson):
    held: int


class CollectionsJson(TypedDict):
    collections: list[HoldingJson]


class ChangedJson(CollectionJson):
    changed: list[int]


class OrderJson(TypedDict):
    order: list[int]
    """All clips of the collection."""


@blueprint.get("/collections")
def index() -> ResponseReturnValue:
    with transaction() as session:
        listed = collections.listed(session)
        first = [each.first_clip_id for each in listed if each.first_clip_id is not None]
        return render_template(
            "collections.html",
            listed=listed,
            removed=collections.removed(session),
            keyframes=artifacts.keyframes_of(session, first),
            drawn=drawn_json(session, review_queue.queued(session, first)),
            taken=handovers.latest_of_collections(session),
        )


@blueprint.get("/collections/<int:collection_id>")
def collection(collection_id: int) -> ResponseReturnValue:
    """`taken=no` shows only what nobody has taken yet; other filters of the library work, too."""
    page = max(1, request.args.get("page", 1, int))
    chosen = wanted({**arguments(), "collection": str(collection_id)})
    likeness = services().likeness()
    with transaction() as session:
        found = collections.get(session, collection_id)
        ids = handed.clip_ids(session, chosen, likeness)
        shown = ids[(page - 1) * PAGE : page * PAGE]
        handover = handed.handover(session, chosen, ids=ids)
        entries = collected(session, shown, handover)
        given = chosen.arguments()
        del given["collection"], given["order"]
        members = collections.members(session, collection_id)
        return render_template(
            "collection.html",
            collection=found,
            entries=entries,
            handover=handover,
            total=len(ids),
            taken_out=[each.clip_id for each in members if each.taken_out_at is not None],
            first_place=(page - 1) * PAGE + 1,
            drawn=drawn_json(session, entries),
            keyframes=artifacts.keyframes_of(session, shown),
            handovers=handovers.of_collection(session, collection_id),
            colours=labels.colours(session),
            choice=request.args.get("taken", ""),
            arguments={"collection_id": collection_id, **given},
            selection=chosen.arguments(),
            page=page,
            has_more=len(ids) > page * PAGE,
        )


@blueprint.post("/collections")
def create() -> ResponseReturnValue:
    with transaction() as session:
        made = collections.create(session, request.form.get("name", ""), reviewer_name()).id
    return redirect(url_for("collections.collection", collection_id=made), 303)


@blueprint.post("/collections/<int:collection_id>/rename")
def rename(collection_id: int) -> ResponseReturnValue:
    with transaction() as session:
        collections.rename(session, collection_id, request.form.get("name", ""))
    return redirect(url_for("collections.collection", collection_id=collection_id), 303)


@blueprint.post("/collections/<int:collection_id>/remove")
def remove(collection_id: int) -> ResponseReturnValue:
    with transaction() as session:
        name = collections.remove(session, collection_id).name
    flash(f"The collection {name} is removed; its clips stay. Below it can be brought back.")
    return redirect(url_for("collections.index"), 303)


@blueprint.post("/collections/<int:collection_id>/restore")
def restore(collection_id: int) -> ResponseReturnValue:
    with transaction() as session:
        collections.restore(session, collection_id)
    return redirect(url_for("collections.collection", collection_id=collection_id), 303)


@blueprint.get("/api/v1/collections")
@described()
def listed(asked: Holding) -> CollectionsJson:
    """All collections, by name."""
    ids = wanted({"ids": asked.clips}).ids
    with transaction() as session:
        found = collections.listed(session, ids)
        return {
            "collections": [
                {**_collection_json(each.collection, each.clip_count), "held": each.held}
                for each in found
            ]
        }


@blueprint.post("/api/v1/collections")
@described(Conflict)
def make(body: Named) -> CollectionJson:
    """Makes a collection."""
    with transaction() as session:
        return _collection_json(collections.create(session, body.name, reviewer_name()), 0)


@blueprint.post("/api/v1/collections/<int:collection_id>/clips")
@described()
def put(collection_id: int, body: ClipIds) -> ChangedJson:
    """Puts clips at the end. `changed` are those that it did not have."""
    with transaction() as session:
        changed = collections.put(session, collection_id, body.clips, reviewer_name())
        return _changed(session, collection_id, changed)


@blueprint.post("/api/v1/collections/<int:collection_id>/take-out")
@described()
def take_out(collection_id: int, body: ClipIds) -> ChangedJson:
    """Takes clips out. `changed` are those that it had."""
    with transaction() as session:
        changed = collections.take_out(session, collection_id, body.clips)
        return _changed(session, collection_id, changed)


@blueprint.post("/api/v1/collections/<int:collection_id>/put-back")
@described()
def put_back(collection_id: int, body: ClipIds) -> ChangedJson:
    """Puts clips that were taken out where they were."""
    with transaction() as session:
        changed = collections.put_back(session, collection_id, body.clips)
        return _changed(session, collection_id, changed)


@blueprint.post("/api/v1/collections/<int:collection_id>/order")
@described()
def order(collection_id: int, body: MoveClips) -> OrderJson:
    """Moves clips within the collection, as they follow one another here. Where `before` is one of
    them, they stay with it."""
    with transaction() as session:
        moved = collections.move(session, collection_id, body.clips, body.before)
        return {"order": list(moved)}


@blueprint.post("/collections/<int:collection_id>/replace")
def replace(collection_id: int) -> ResponseReturnValue:
    """Puts the clips that one became in its place."""
    clip_id = request.form.get("clip", 0, int)
    with transaction() as session:
        found = replaced.replaced(session, [clip_id]).get(clip_id)
        if found is None or not found.successors:
            raise InputError(f"Nothing has taken the place of clip {clip_id}.")
        collections.replace(session, collection_id, clip_id, found.successors, reviewer_name())
    return redirect(url_for("collections.collection", collection_id=collection_id), 303)


def _collection_json(collection: Collection, clip_count: int) -> CollectionJson:
    return {"id": collection.id, "name": collection.name, "clip_count": clip_count}


def _changed(session: Session, collection_id: int, changed: list[int]) -> ChangedJson:
    members = collections.members(session, collection_id)
    there = [each for each in members if each.taken_out_at is None]
    found = collections.get(session, collection_id)
    return {**_collection_json(found, len(there)), "changed": changed}
