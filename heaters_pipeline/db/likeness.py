"""How much a clip looks like those that reviewers approve, by the previews of clips: vectors of
small pictures that every clip has before it has a file."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import ClipEmbedding


def borrow(session: Session, clip_ids: Sequence[int], from_ids: Sequence[int]) -> None:
    """Gives new clips the mean preview of the clips that they take the place of."""
    dimensions = sa.func.vector_dims(ClipEmbedding.embedding)
    mean = (
        sa.select(
            sa.func.unnest(sa.cast(clip_ids, sa.ARRAY(sa.BigInteger))),
            col(ClipEmbedding.model),
            sa.literal(PREVIEW),
            sa.func.avg(ClipEmbedding.embedding),
        )
        .where(col(ClipEmbedding.clip_id).in_(from_ids), col(ClipEmbedding.strategy) == PREVIEW)
        .group_by(col(ClipEmbedding.model), dimensions)
    )
    columns = ["clip_id", "model", "strategy", "embedding"]
    session.execute(insert(ClipEmbedding).from_select(columns, mean).on_conflict_do_nothing())
