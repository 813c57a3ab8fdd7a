"""The contact sheet: a grid of clips to be decided on many at a time."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import source_list
from heaters_pipeline.domain.selection import STATES
from review_app.services import services, transaction
from review_app.views.queue import MOST_VIDEOS

blueprint = Blueprint("sheet", __name__)


@blueprint.get("/sheet")
def index() -> ResponseReturnValue:
    with transaction() as session:
        videos = source_list.ready(session, MOST_VIDEOS)
    return render_template(
        "sheet.html",
        videos=videos,
        lease_seconds=services().settings.lease_seconds,
        states={shown: sorted(states) for shown, states in STATES.items()},
    )
