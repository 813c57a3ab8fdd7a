"""What a rule is for, in the JSON of the API."""

from __future__ import annotations

from pydantic import model_validator

from heaters_pipeline.db.scopes import Scope
from review_app.api.operation import Body


class RuleScope(Body):
    """Both null: all clips."""

    video: str | None = None
    """The key of a source video."""
    label: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> RuleScope:
        if self.video is not None and self.label is not None:
            raise ValueError("a rule is for a film or for a label")
        return self

    @property
    def scope(self) -> Scope:
        return Scope(self.video, self.label)
