"""The reviewer's name."""

from __future__ import annotations

from flask import Blueprint
from typing_extensions import TypedDict

from heaters_pipeline.db import review_queue
from heaters_pipeline.domain.errors import Forbidden
from review_app.api.operation import Named, described
from review_app.reviewer import rename, reviewer_name, reviewer_page
from review_app.services import transaction

blueprint = Blueprint("reviewer", __name__)


class NameJson(TypedDict):
    name: str


@blueprint.post("/api/v1/reviewer")
@described(Forbidden, names_page=True)
def name(body: Named) -> NameJson:
    """Gives the local user another name. The page gives back what it leased under the old one."""
    old, new = reviewer_name(), rename(body.name)
    with transaction() as session:
        review_queue.release(session, old, reviewer_page())
    return {"name": new}
