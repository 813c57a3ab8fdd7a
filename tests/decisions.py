"""Decisions in transactions of their own, and the clips that they leave."""

from __future__ import annotations

from sqlalchemy import Engine
from typing_extensions import Unpack

from heaters_pipeline.db import clips, reviews, undoing
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.annotations import AnnotationChanges
from heaters_pipeline.domain.decisions import Annotate, Decision

LEASE_SECONDS = 60


def decide(
    engine: Engine,
    clip: Clip | int,
    decision: Decision,
    actor: str = "ann",
    *,
    version: int | None = None,
    page: str | None = None,
) -> Outcome:
    """Decides on a clip, or on the clip of an id: as it is now, unless a `version` is given."""
    clip_id = clip if isinstance(clip, int) else clip.id
    with transaction(engine) as session:
        return reviews.decide(
            session,
            actor=actor,
            clip_id=clip_id,
            version=clips.get(session, clip_id).version if version is None else version,
            decision=decision,
            lease_seconds=LEASE_SECONDS,
            page=page,
        )


def annotate(engine: Engine, clip: Clip | int, **changes: Unpack[AnnotationChanges]) -> Outcome:
    return decide(engine, clip, Annotate(changes))


def undo(
    engine: Engine, event_id: int | None = None, actor: str = "ann", page: str | None = None
) -> Outcome:
    """Undoes an event, or the actor's latest."""
    with transaction(engine) as session:
        return undoing.undo(
            session, actor=actor, event_id=event_id, lease_seconds=LEASE_SECONDS, page=page
        )


def live(engine: Engine, video: SourceVideo) -> list[Clip]:
    """The video's clips as they are now, in film order."""
    with transaction(engine) as session:
        return list(clips.of_video(session, video.id))


def ranges(engine: Engine, video: SourceVideo) -> list[tuple[int, int]]:
    return [(clip.start_frame, clip.end_frame) for clip in live(engine, video)]


def states(engine: Engine, video: SourceVideo) -> list[str]:
    return [clip.state for clip in live(engine, video)]
