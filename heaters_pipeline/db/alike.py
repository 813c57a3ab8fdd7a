"""Clips that look alike, by their previews (`db.embeddings.PREVIEW`)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.domain.alike import RESEMBLANCE
from heaters_pipeline.domain.states import ClipState


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
