"""The page of the team: on which clips two people decide, and where they differ."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import opinions, source_videos
from heaters_pipeline.db.scopes import Scope, scope
from heaters_pipeline.domain.opinions import share
from review_app.presenters import filters
from review_app.services import transaction

blueprint = Blueprint("team", __name__)


@blueprint.get("/team")
def index() -> ResponseReturnValue:
    with transaction() as session:
        rules = opinions.listed(session)
        keys = [each.source_key for each, _ in rules if each.source_key is not None]
        return render_template(
            "team.html",
            rules=rules,
            titles={key: source_videos.get(session, key).title for key in keys},
            still_open=opinions.still_open(session),
            **filters.choices(session),
        )


@blueprint.post("/team/opinions")
def ask_two() -> ResponseReturnValue:
    """Sets of how many clips two people decide: of all, of those of `video`, or with `label`."""
    with transaction() as session:
        opinions.put(session, _scope(), share(request.form.get("share", "")))
    return _back("The rule is set. It counts for clips that nobody has decided on.")


@blueprint.post("/team/opinions/drop")
def ask_one() -> ResponseReturnValue:
    with transaction() as session:
        opinions.drop(session, _scope())
    return _back("The rule is dropped. Clips with one opinion still get their second.")


def _scope() -> Scope:
    return scope(request.form.get("video") or None, request.form.get("label") or None)


def _back(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect(url_for("team.index"), 303)
