"""Labels as answers show them."""

from __future__ import annotations

from heaters_pipeline.domain.labels import Colour
from review_app.api.operation import Answer


class LabelJson(Answer):
    id: int
    name: str
    colour: Colour
    key: int | None
    """The digit that gives it on the review page."""
    retired: bool


class LabelsJson(Answer):
    labels: list[LabelJson]
    """The list in its order, the retired ones, too."""
    others: list[str]
    """Labels in use that are not on the list, most used first."""
