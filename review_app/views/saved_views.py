"""NewView views as JSON: selections of clips under names that all reviewers share."""

from __future__ import annotations

from flask import Blueprint
from typing_extensions import TypedDict
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import assignments, saved_views
from heaters_pipeline.db.models import SavedView
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.selection import Selection
from review_app.api.operation import Body, Named, Nothing, described, refuse_if_changed
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("saved_views", __name__)


class NewView(Body):
    name: str
    arguments: dict[str, str]
    """Of the address of a selection, by name."""


class ViewJson(TypedDict):
    id: int
    name: str
    arguments: dict[str, str]
    saved_by: str


class AssignedJson(TypedDict):
    name: str
    arguments: dict[str, str]


class ViewsJson(TypedDict):
    views: list[ViewJson]
    mine: list[AssignedJson]
    """What is assigned to the reviewer."""


@blueprint.get("/api/v1/views")
@described()
def listed() -> ViewsJson:
    """All saved views, by name, and the reviewer's own work."""
    with transaction() as session:
        return {
            "views": [_view_json(view) for view in saved_views.listed(session)],
            "mine": [
                {"name": each.name, "arguments": assignments.left(each)}
                for each in assignments.of_person(session, reviewer_name())
            ],
        }


@blueprint.get("/api/v1/views/<int:view_id>")
@described()
def one(view_id: int) -> ViewJson:
    """One saved view."""
    with transaction() as session:
        return _view_json(saved_views.get(session, view_id))


@blueprint.post("/api/v1/views")
@described(Conflict)
def save(body: NewView) -> ViewJson:
    """Saves a selection under a name that all reviewers share."""
    selection = Selection.parse(body.arguments)
    with transaction() as session:
        return _view_json(saved_views.save(session, body.name, selection, reviewer_name()))


@blueprint.post("/api/v1/views/<int:view_id>")
@described(Conflict, PreconditionFailed)
def rename(view_id: int, body: Named) -> ViewJson:
    """Gives a saved view another name. If-Match names the view as it was read."""
    with transaction() as session:
        refuse_if_changed(ViewJson, _view_json(saved_views.locked(session, view_id)))
        return _view_json(saved_views.rename(session, view_id, body.name))


@blueprint.post("/api/v1/views/<int:view_id>/delete")
@described()
def delete(view_id: int) -> Nothing:
    """Deletes a saved view."""
    with transaction() as session:
        saved_views.delete(session, view_id)
    return {}


def _view_json(view: SavedView) -> ViewJson:
    return {
        "id": view.id,
        "name": view.name,
        "arguments": view.arguments,
        "saved_by": view.saved_by,
    }
