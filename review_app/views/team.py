"""The page of the team: who is to decide on what, and on which clips two people decide."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import assignments, collections, opinions, saved_views, source_videos
from heaters_pipeline.db.scopes import Scope, scope
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.opinions import share
from heaters_pipeline.domain.selection import Selection
from review_app.presenters import filters
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("team", __name__)


@blueprint.get("/team")
def index() -> ResponseReturnValue:
    likeness = services().likeness()
    with transaction() as session:
        rules = opinions.listed(session)
        keys = [each.source_key for each, _ in rules if each.source_key is not None]
        return render_template(
            "team.html",
            rules=rules,
            titles={key: source_videos.get(session, key).title for key in keys},
            assigned=assignments.listed(session, likeness=likeness),
            people=assignments.names(session),
            collections=[each.collection for each in collections.listed(session)],
            views=saved_views.listed(session),
            still_open=opinions.still_open(session),
            **filters.choices(session),
        )


@blueprint.post("/team/assignments")
def assign() -> ResponseReturnValue:
    """Gives `person` the clips of `video`, of `collection` or of a saved `view`, one of them."""
    form = request.form
    given = [name for name in ("video", "collection", "view") if form.get(name)]
    if len(given) != 1:
        raise InputError("Choose one of a film, a collection and a saved view to assign.")
    with transaction() as session:
        name, selection = _work(session, given[0], form[given[0]])
        made = assignments.assign(session, form.get("person", ""), name, selection, reviewer_name())
    return _back(f"{form.get('person')} has {made.name} to decide on.")


@blueprint.post("/team/assignments/<int:assignment_id>/take-back")
def take_back(assignment_id: int) -> ResponseReturnValue:
    with transaction() as session:
        assignments.take_back(session, assignment_id)
    return _back("The work is taken back. What is decided stays.")


def _work(session: Session, kind: str, value: str) -> tuple[str, Selection]:
    """What is assigned, by its name."""
    if kind == "video":
        return source_videos.get(session, value).title, Selection(video=value)
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else 0
    if kind == "collection":
        return collections.get(session, number).name, Selection(collection=number)
    view = saved_views.get(session, number)
    return view.name, Selection.parse(view.arguments)


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
