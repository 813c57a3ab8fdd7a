"""Which models have vectors of clips, and by which strategy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import ClipEmbedding
from heaters_pipeline.domain.vectors import Strategy

BEST_FIRST = (Strategy.FRAMES, Strategy.MEAN, Strategy.SINGLE)


class Kind(NamedTuple):
    model: str
    strategy: str


_SKIPPING = """
    WITH RECURSIVE kinds AS (
        (SELECT model, strategy FROM clip_embeddings ORDER BY model, strategy LIMIT 1)
        UNION ALL
        SELECT later.model, later.strategy FROM kinds CROSS JOIN LATERAL (
            SELECT model, strategy FROM clip_embeddings
            WHERE (model, strategy) > (kinds.model, kinds.strategy)
            ORDER BY model, strategy LIMIT 1
        ) AS later
    )
    SELECT model, strategy FROM kinds WHERE strategy <> :preview
"""
"""A few steps through the index, however many vectors there are."""


def kinds(session: Session, preferred: Strategy) -> list[Kind]:
    """By model; of each the preferred strategy, else the one that says most."""
    rows = session.execute(sa.text(_SKIPPING), {"preview": PREVIEW})
    of_model: dict[str, str] = {}
    for model, strategy in sorted(
        (row for row in rows if row.strategy in set(BEST_FIRST)),
        key=lambda row: (
            row.model,
            row.strategy != preferred,
            BEST_FIRST.index(Strategy(row.strategy)),
        ),
    ):
        of_model.setdefault(model, strategy)
    return [Kind(*each) for each in of_model.items()]


def of_clip(session: Session, clip_id: int) -> set[Kind]:
    rows = session.execute(
        sa.select(col(ClipEmbedding.model), col(ClipEmbedding.strategy)).where(
            col(ClipEmbedding.clip_id) == clip_id, col(ClipEmbedding.strategy) != PREVIEW
        )
    )
    return {Kind(*row) for row in rows}


def vectors(
    session: Session, clip_id: int, kind: Kind, frame: int | None = None
) -> Sequence[list[float]]:
    """Those of a clip, or of one keyframe of it."""
    statement = sa.select(col(ClipEmbedding.embedding)).where(
        col(ClipEmbedding.clip_id) == clip_id,
        col(ClipEmbedding.model) == kind.model,
        col(ClipEmbedding.strategy) == kind.strategy,
    )
    if frame is not None:
        statement = statement.where(col(ClipEmbedding.frame) == frame)
    found = session.scalars(statement.order_by(col(ClipEmbedding.frame)))
    return [[float(value) for value in vector] for vector in found]
