"""The contact sheet: a grid on which reviewers decide on many clips at a time."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from heaters_pipeline.domain.selection import STATES
from review_app.presenters import filters
from review_app.services import services, transaction

blueprint = Blueprint("sheet", __name__)


@blueprint.get("/sheet")
def index() -> ResponseReturnValue:
    with transaction() as session:
        choices = filters.choices(session)
    return render_template(
        "sheet.html",
        **choices,
        lease_seconds=services().settings.lease_seconds,
        states={shown: sorted(states) for shown, states in STATES.items()},
    )
