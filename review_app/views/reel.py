"""A selection that plays back to back."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import collections, handed
from review_app.fields import arguments
from review_app.services import transaction

blueprint = Blueprint("reel", __name__)


@blueprint.get("/reel")
def index() -> ResponseReturnValue:
    with transaction() as session:
        selection = handed.selection(session, arguments())
        title = "Reel"
        if selection.collection is not None:
            title = collections.get(session, selection.collection).name
    return render_template("reel.html", title=title, arguments=selection.arguments())
