"""The list of labels."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import labels
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.labels import KEYS, Colour
from review_app.api.labels import LabelJson
from review_app.api.operation import Body, described, refuse_if_changed
from review_app.services import transaction

blueprint = Blueprint("api_labels", __name__)


class NewLabel(Body):
    name: str
    colour: Colour | None = None
    """Null: one that few others have."""
    key: int | None = Field(None, ge=KEYS.start, lt=KEYS.stop)
    """The digit that gives it on the review page."""


class ChangedLabel(Body):
    name: str
    colour: Colour
    key: int | None = Field(None, ge=KEYS.start, lt=KEYS.stop)


class MoveLabel(Body):
    to: Literal["up", "down"]


@blueprint.get("/api/v1/labels/<int:label_id>")
@described()
def one(label_id: int) -> LabelJson:
    """One label of the list."""
    with transaction() as session:
        return _json(session, label_id)


@blueprint.post("/api/v1/labels")
@described(Conflict)
def add(body: NewLabel) -> LabelJson:
    """Adds a label to the list. A retired one of that name is offered again."""
    with transaction() as session:
        return LabelJson.model_validate(labels.add(session, body.name, body.colour, body.key))


@blueprint.put("/api/v1/labels/<int:label_id>")
@described(Conflict, PreconditionFailed)
def change(label_id: int, body: ChangedLabel) -> LabelJson:
    """Gives a label another name, on all clips that have it, another colour and another key."""
    with transaction() as session:
        labels.locked(session, label_id)
        refuse_if_changed(LabelJson, _json(session, label_id))
        found = labels.change(session, label_id, body.name, body.colour, body.key)
        return LabelJson.model_validate(found)


@blueprint.post("/api/v1/labels/<int:label_id>/move")
@described()
def move(label_id: int, body: MoveLabel) -> LabelJson:
    """Moves a label up or down in the list."""
    with transaction() as session:
        labels.move(session, label_id, -1 if body.to == "up" else 1)
        return _json(session, label_id)


@blueprint.post("/api/v1/labels/<int:label_id>/retire")
@described()
def retire(label_id: int) -> LabelJson:
    """Offers a label no more. The clips that have it keep it."""
    with transaction() as session:
        return LabelJson.model_validate(labels.retire(session, label_id))


def _json(session: Session, label_id: int) -> LabelJson:
    return LabelJson.model_validate(labels.get(session, label_id))
