"""The list of labels: the page on which people keep it, and the list as JSON."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import clip_counts, labels
from heaters_pipeline.domain.labels import KEYS, Colour, colour, key
from review_app.api.labels import LabelJson, LabelsJson
from review_app.api.operation import described
from review_app.services import transaction

blueprint = Blueprint("labels", __name__)


@blueprint.get("/labels")
def index() -> ResponseReturnValue:
    with transaction() as session:
        listed = labels.listed(session)
        used = clip_counts.labels(session)
        return render_template(
            "labels.html",
            offered=[each for each in listed if not each.retired],
            retired=[(each.name, each.colour) for each in listed if each.retired],
            others=[(name, None) for name in used if name not in {each.name for each in listed}],
            used=used,
            colours=list(Colour),
            keys=KEYS,
        )


@blueprint.get("/api/v1/labels")
@described()
def listed() -> LabelsJson:
    """The list of labels, and the others that are in use."""
    with transaction() as session:
        found = labels.listed(session)
        names = {each.name for each in found}
        return LabelsJson(
            labels=[LabelJson.model_validate(each) for each in found],
            others=[each for each in clip_counts.labels(session) if each not in names],
        )


@blueprint.post("/labels")
def add() -> ResponseReturnValue:
    given = request.form.get("colour")
    chosen = colour(given) if given else None
    digit = key(request.form.get("key", ""))
    with transaction() as session:
        name = labels.add(session, request.form.get("name", ""), chosen, digit).name
    return _back(f"{name} is on the list.")


@blueprint.post("/labels/<int:label_id>")
def change(label_id: int) -> ResponseReturnValue:
    name, chosen = request.form.get("name", ""), colour(request.form.get("colour", ""))
    digit = key(request.form.get("key", ""))
    with transaction() as session:
        name = labels.change(session, label_id, name, chosen, digit).name
    return _back(f"{name} is saved.")


@blueprint.post("/labels/<int:label_id>/move")
def move(label_id: int) -> ResponseReturnValue:
    with transaction() as session:
        labels.move(session, label_id, -1 if request.form.get("to") == "up" else 1)
    return redirect(url_for("labels.index"), 303)


@blueprint.post("/labels/<int:label_id>/retire")
def retire(label_id: int) -> ResponseReturnValue:
    with transaction() as session:
        name = labels.retire(session, label_id).name
    return _back(f"{name} is offered no more; the clips that have it keep it.")


def _back(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect(url_for("labels.index"), 303)
