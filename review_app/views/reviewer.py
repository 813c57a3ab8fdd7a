"""The reviewer's name."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import review_queue
from review_app.fields import json_object, text
from review_app.reviewer import rename, reviewer_name, reviewer_page
from review_app.services import transaction

blueprint = Blueprint("reviewer", __name__)


@blueprint.post("/api/v1/reviewer")
def name() -> ResponseReturnValue:
    """`{"name"}`: another name; the page gives back what it leased under the old one."""
    old, new = reviewer_name(), rename(text(json_object(), "name"))
    with transaction() as session:
        review_queue.release(session, old, reviewer_page())
    return jsonify(name=new)
