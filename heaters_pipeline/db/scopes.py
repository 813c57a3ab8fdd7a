"""What a rule is for: the clips of a source video, those with a label, or all."""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session, select

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import Label
from heaters_pipeline.domain.errors import InputError, NotFound


class Scope(NamedTuple):
    source_key: str | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.label is not None:
            return f"label {self.label}"
        return f"source {self.source_key}" if self.source_key is not None else "all clips"


def scope(source_key: str | None, label: str | None) -> Scope:
    """Raises InputError where both are named."""
    if source_key is not None and label is not None:
        raise InputError("A rule is for a film or for a label: choose one of them.")
    return Scope(source_key, label)


def columns_of(session: Session, scope: Scope) -> dict[str, int | None]:
    """The columns that a rule's row has for its scope. Raises NotFound for a source video or label
    that is not there."""
    video_id = label_id = None
    if scope.source_key is not None:
        video_id = source_videos.get(session, scope.source_key).id
    if scope.label is not None:
        label_id = session.exec(select(Label.id).where(Label.name == scope.label)).first()
        if label_id is None:
            raise NotFound(f"The list of labels has no {scope.label}.")
    return {"source_video_id": video_id, "label_id": label_id}
