"""The review page, which is also the home page."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import profiles
from heaters_pipeline.domain.doubt import SURE
from review_app.presenters import filters
from review_app.services import services, transaction

blueprint = Blueprint("review", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    search = request.query_string.decode()
    return redirect(url_for("review.index") + (f"?{search}" if search else ""))


@blueprint.get("/review")
def index() -> ResponseReturnValue:
    with transaction() as session:
        choices = filters.choices(session)
        is_trimmed = profiles.leaves_out_transitions(session)
    return render_template(
        "review.html",
        **choices,
        lease_seconds=services().settings.lease_seconds,
        export_trimmed=is_trimmed,
        sure=SURE,
    )
