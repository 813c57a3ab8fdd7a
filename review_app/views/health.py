"""Whether the review app answers, and its database."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import engine
from review_app.services import reading

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    with reading() as session:
        engine.check(session)
    return jsonify(status="ok")
