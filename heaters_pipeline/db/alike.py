"""Clips that look alike, by their previews (`db.embeddings.PREVIEW`)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.domain.alike import BORDER


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
