"""Clips that look alike, by their previews (`db.embeddings.PREVIEW`)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.domain.alike import BORDER, RESEMBLANCE
from heaters_pipeline.domain.states import ClipState


def pairs(session: Session, clip_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Those of the clips that look alike, two by two. For 1,000 clips about 0.1 s."""
    own = (
        sa.select(
            col(ClipEmbedding.clip_id), col(ClipEmbedding.model), col(ClipEmbedding.embedding)
        )
        .where(col(ClipEmbedding.clip_id).in_(clip_ids), col(ClipEmbedding.strategy) == PREVIEW)
        .cte("own")
    )
    one, other = own.alias(), own.alias()
    rows = session.execute(
        sa.select(one.c.clip_id, other.c.clip_id)
        .join(other, sa.and_(one.c.model == other.c.model, one.c.clip_id < other.c.clip_id))
        .where(one.c.embedding.cosine_distance(other.c.embedding) <= BORDER)
    )
    return [(first, second) for first, second in rows]


def nearest(session: Session, clip_id: int, limit: int) -> list[int]:
    """The ids of the live clips that look most like one, the likest first, without itself. It
    looks at every preview."""
    own, other = aliased(ClipEmbedding), aliased(ClipEmbedding)
    distance = col(other.embedding).cosine_distance(own.embedding)  # type: ignore[attr-defined]
    return list(
        session.scalars(
            sa.select(col(other.clip_id))
            .join(own, sa.and_(col(own.model) == other.model, col(own.strategy) == PREVIEW))
            .join(Clip, col(Clip.id) == other.clip_id)
            .where(
                col(own.clip_id) == clip_id,
                col(other.strategy) == PREVIEW,
                col(other.clip_id) != clip_id,
                col(Clip.state) != ClipState.SUPERSEDED,
                distance <= RESEMBLANCE,
            )
            .order_by(distance)
            .limit(limit)
        )
    )
