"""The rules that say which frames become the keyframes of clips."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import keyframe_rules, source_videos
from heaters_pipeline.db.scopes import Scope, scope
from heaters_pipeline.domain.stills import PERCENT, ImageFormat, KeyframeRule, Strategy
from review_app.presenters import filters
from review_app.services import transaction

blueprint = Blueprint("keyframe_rules", __name__)


@blueprint.get("/keyframes")
def index() -> ResponseReturnValue:
    with transaction() as session:
        of_all = keyframe_rules.load(session).of_all
        others = [each for each in keyframe_rules.listed(session) if each[0] != Scope()]
        keys = [scope.source_key for scope, _ in others if scope.source_key is not None]
        titles = {key: source_videos.get(session, key).title for key in keys}
        return render_template(
            "keyframe_rules.html",
            of_all=of_all,
            others=others,
            titles=titles,
            strategies={each: KeyframeRule(each).picked for each in Strategy},
            images=tuple(ImageFormat),
            usual=",".join(map(str, PERCENT)),
            **filters.choices(session),
        )


@blueprint.post("/keyframes")
def put() -> ResponseReturnValue:
    """Sets the rule for all clips, those of `video`, or those with `label`."""
    form = request.form
    rule = KeyframeRule.parse(
        form.get("strategy", ""), form.get("percentages", ""), form.get("image", "")
    )
    with transaction() as session:
        keyframe_rules.put(session, _scope(), rule)
    flash("The rule is set. Keyframes that it changes are taken anew.")
    return redirect(url_for("keyframe_rules.index"), 303)


@blueprint.post("/keyframes/remove")
def remove() -> ResponseReturnValue:
    with transaction() as session:
        keyframe_rules.remove(session, _scope())
    flash("The rule is dropped: the next one that fits counts.")
    return redirect(url_for("keyframe_rules.index"), 303)


def _scope() -> Scope:
    return scope(request.form.get("video") or None, request.form.get("label") or None)
