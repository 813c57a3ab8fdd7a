"""Saved views as JSON: selections of clips under names that all reviewers share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import assignments, saved_views
from heaters_pipeline.db.models import SavedView
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.selection import Selection
from review_app.fields import json_object, text
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("saved_views", __name__)


@blueprint.get("/api/views")
def listed() -> ResponseReturnValue:
    """All `views`, and what is assigned to the reviewer (`mine`)."""
    with transaction() as session:
        return jsonify(
            views=[_view_json(view) for view in saved_views.listed(session)],
            mine=[
                {"name": each.name, "arguments": assignments.left(each)}
                for each in assignments.of_person(session, reviewer_name())
            ],
        )


@blueprint.post("/api/views")
def save() -> ResponseReturnValue:
    """`{"name", "arguments"}`: the arguments of an address, by name."""
    wanted = json_object()
    arguments = wanted.get("arguments")
    if not isinstance(arguments, dict) or not all(isinstance(v, str) for v in arguments.values()):
        raise InputError("The arguments of a view must be texts by name.")
    name, selection = text(wanted, "name"), Selection.parse(arguments)
    with transaction() as session:
        return jsonify(_view_json(saved_views.save(session, name, selection, reviewer_name())))


@blueprint.post("/api/views/<int:view_id>")
def rename(view_id: int) -> ResponseReturnValue:
    """`{"name"}`"""
    name = text(json_object(), "name")
    with transaction() as session:
        return jsonify(_view_json(saved_views.rename(session, view_id, name)))


@blueprint.post("/api/views/<int:view_id>/delete")
def delete(view_id: int) -> ResponseReturnValue:
    with transaction() as session:
        saved_views.delete(session, view_id)
    return jsonify({})


def _view_json(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "arguments": view.arguments,
        "saved_by": view.saved_by,
    }
