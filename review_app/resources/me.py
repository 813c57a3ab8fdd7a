"""Who a program acts for."""

from __future__ import annotations

from flask import Blueprint

from heaters_pipeline.domain.roles import Role
from review_app.access import visitor
from review_app.api.operation import Answer, described
from review_app.reviewer import reviewer_name

blueprint = Blueprint("api_me", __name__)


class MeJson(Answer):
    name: str
    """The reviewer of the decisions that are made."""
    role: Role


@blueprint.get("/api/v1/me")
@described()
def index() -> MeJson:
    """Whom the token or the session stands for."""
    return MeJson(name=reviewer_name(), role=visitor().role or Role.REVIEWER)
