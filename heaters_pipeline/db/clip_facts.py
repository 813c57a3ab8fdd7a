"""What pages tell of clips besides their rows: cuts, likeness, verdict, comments and sprite sheets,
in one way to the database and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import (
    artifacts,
    clip_transitions,
    comments,
    event_log,
    likeness,
    review_queue,
)
from heaters_pipeline.db.artifacts import ClipSprites
from heaters_pipeline.db.clip_transitions import ClipCuts
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.prepared import Prepared, given_ids, together
from heaters_pipeline.db.review_queue import QueuedClip
from heaters_pipeline.domain.states import ClipState


class Verdict(NamedTuple):
    """The decision that gave a clip its state."""

    action: str
    actor: str
    at: datetime


class ClipFacts(NamedTuple):
    cuts: ClipCuts
    score: float | None
    """None where it has no preview, or nothing is learnt yet."""
    verdict: Verdict | None
    """None where nobody has decided on it."""
    comments: int
    """How many it has."""
    sprites: ClipSprites | None
    """Its own; None where its video's alone show it."""


def of_clips(
    session: Session, clips: Sequence[Clip], learnt: Likeness | None
) -> Mapping[int, ClipFacts]:
    """By clip id."""
    ids = [clip.id for clip in clips]
    return _read(_FACTS(session, clip_ids=ids, **likeness.asked(learnt)), clips)


def now(
    session: Session,
    clip_ids: Sequence[int],
    learnt: Likeness | None,
    read: Callable[..., list[list[Any]]] = together,
) -> list[tuple[QueuedClip, ClipFacts]]:
    """Clips with all that is told of them, in film order; `read` may be `at_commit`."""
    entries, facts = read(
        session,
        review_queue.NOW.asked(clip_ids=clip_ids),
        _FACTS.asked(clip_ids=clip_ids, **likeness.asked(learnt)),
    )
    found = review_queue.now(entries)
    told = _read(facts, [entry.clip for entry in found])
    return [(entry, told[entry.clip.id]) for entry in found]


def _read(facts: Iterable[Any], clips: Sequence[Clip]) -> Mapping[int, ClipFacts]:
    ids = [clip.id for clip in clips]
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for part, row in facts:
        rows[part].append(SimpleNamespace(**row))
    placed = event_log.placed_by_video(rows["placed"])
    cuts = clip_transitions.by_clip(ids, rows["cuts"], placed)
    decided = {clip.id for clip in clips if clip.state != ClipState.PENDING_REVIEW}
    verdicts = event_log.newest(rows["verdicts"], decided)
    scores = {row.clip_id: float(row.score) for row in rows["scores"]}
    said = {row.clip_id: int(row.number) for row in rows["said"]}
    sprites = artifacts.sprites_by_clip(rows["sheets"])
    return {
        clip_id: ClipFacts(
            cuts[clip_id],
            scores.get(clip_id),
            _verdict(verdicts[clip_id]) if clip_id in verdicts else None,
            said.get(clip_id, 0),
            sprites.get(clip_id),
        )
        for clip_id in ids
    }


def _verdict(event: Any) -> Verdict:
    return Verdict(event.action, event.actor, datetime.fromisoformat(event.created_at))


_CLIP_IDS = given_ids("clip_ids")
_VIDEO_IDS = sa.select(col(Clip.source_video_id)).where(col(Clip.id) == sa.any_(_CLIP_IDS))


def _facts(**parts: Any) -> Any:
    """The rows of several statements, as JSON, each with the name of its statement; no column has
    such a name."""
    return sa.union_all(
        *(
            sa.select(
                sa.literal_column(f"'{name}'"), sa.func.to_jsonb(sa.literal_column(name))
            ).select_from(statement.subquery(name))
            for name, statement in parts.items()
        )
    )


_FACTS = Prepared(
    _facts(
        cuts=clip_transitions.EVERYTHING,
        placed=event_log.placed(_VIDEO_IDS),
        verdicts=event_log.verdicts_on(given_ids("clip_ids")),
        scores=likeness.SCORES,
        said=comments.COUNTS,
        sheets=artifacts.SPRITES,
    )
)
