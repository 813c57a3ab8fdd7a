"""Whether the review app answers, and its database."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from review_app.services import transaction

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    with transaction() as session:
        session.execute(sa.select(1))
    return jsonify(status="ok")
