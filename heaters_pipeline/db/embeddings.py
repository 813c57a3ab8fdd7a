"""Vectors of clips: which there are, which are missing, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.index_making import drop_index
from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ClipEmbedding,
    VectorFailure,
)
from heaters_pipeline.db.vector_search import nearest
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import Strategy

PREVIEW = "preview"
"""The strategy of vectors of small images that exist before a clip has a file (`likeness`). Every
clip of every video has one, so they stay out of the search and its index."""

DELETED_AT_ONCE = 10_000

_SEARCHED = col(ClipEmbedding.strategy) != sa.literal(PREVIEW, literal_execute=True)


class Kind(NamedTuple):
    """Vectors that can be compared with one another."""

    model: str
    strategy: str
    dimensions: int
    clips: int
    """That have one."""


def save(
    session: Session, clip_id: int, model: str, strategy: str, vector: Sequence[float]
) -> None:
    """Writes a clip's vector, in place of an earlier one of the same model and strategy."""
    replace(session, clip_id, model, strategy, {None: vector})


def replace(
    session: Session,
    clip_id: int,
    model: str,
    strategy: str,
    vectors: Mapping[int | None, Sequence[float]],
) -> None:
    """These, by keyframe (None: the whole clip), are the clip's vectors of the model and strategy.
    What failed for want of them is forgotten."""
    statement = insert(ClipEmbedding).values(
        [
            {"clip_id": clip_id, "model": model, "strategy": strategy, "frame": frame}
            | {"embedding": vector}
            for frame, vector in vectors.items()
        ]
    )
    session.execute(
        sa.delete(ClipEmbedding).where(
            col(ClipEmbedding.clip_id) == clip_id,
            col(ClipEmbedding.model) == model,
            col(ClipEmbedding.strategy) == strategy,
            sa.func.coalesce(ClipEmbedding.frame, -1).not_in(
                [-1 if frame is None else frame for frame in vectors]
            ),
        )
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["clip_id", "model", "strategy", "frame"],
            set_={"embedding": statement.excluded.embedding},
        )
    )
    recover(session, model, clip_id)


def lacking(
    session: Session, model: str, strategy: str, limit: int, video_id: int | None = None
) -> Sequence[Clip]:
    """Clips of the library, the newest first, that have keyframes and no vector of this model and
    strategy; without those that failed and are not to be tried again yet."""
    rests = sa.exists().where(
        col(VectorFailure.clip_id) == col(Clip.id),
        col(VectorFailure.model) == model,
        col(VectorFailure.retry_at) > sa.func.now(),
    )
    query = select(Clip).where(*_lacks(model, strategy), ~rests)
    if video_id is not None:
        query = query.where(Clip.source_video_id == video_id)
    return session.exec(query.order_by(col(Clip.id).desc()).limit(limit)).all()


def number_lacking(session: Session, model: str, strategy: str, video_id: int | None = None) -> int:
    """Of all clips of the library, or of one video's, those that failed among them."""
    query = select(sa.func.count()).select_from(Clip).where(*_lacks(model, strategy))
    if video_id is not None:
        query = query.where(Clip.source_video_id == video_id)
    return session.exec(query).one()


def _lacks(model: str, strategy: str) -> tuple[Any, ...]:
    keyframes = sa.exists().where(
        col(ClipArtifact.clip_id) == col(Clip.id), col(ClipArtifact.kind) == ArtifactKind.KEYFRAME
    )
    return Clip.state == ClipState.EMBEDDED, keyframes, ~_has_vector(model, strategy)


def fail(
    session: Session, model: str, error: str, retry_in: timedelta, clip_id: int | None = None
) -> None:
    """Keeps why a clip has no vector of the model; without a clip, why none has."""
    row = {"model": model, "clip_id": clip_id, "error": error}
    statement = insert(VectorFailure).values(**row, retry_at=sa.func.now() + retry_in)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["clip_id", "model"],
            set_={"error": statement.excluded.error, "retry_at": statement.excluded.retry_at},
        )
    )


def recover(session: Session, model: str, clip_id: int | None = None) -> None:
    """Forgets what `fail` kept."""
    session.execute(
        sa.delete(VectorFailure).where(
            col(VectorFailure.model) == model,
            col(VectorFailure.clip_id).is_not_distinct_from(clip_id),
        )
    )


def why_missing(session: Session, model: str, clip_id: int | None = None) -> str | None:
    """Why the clip has no vector of the model, where that is known; without a clip, why none has:
    None where the model was there the last time, or is to be tried again now."""
    query = sa.select(col(VectorFailure.error)).where(col(VectorFailure.model) == model)
    if clip_id is None:
        query = query.where(
            col(VectorFailure.clip_id).is_(None), col(VectorFailure.retry_at) > sa.func.now()
        )
    else:
        query = query.where(
            sa.or_(col(VectorFailure.clip_id).is_(None), col(VectorFailure.clip_id) == clip_id)
        )
    return session.scalar(query.order_by(col(VectorFailure.clip_id).nulls_last()).limit(1))


def kinds(session: Session, clip_ids: Any = None) -> list[Kind]:
    """All that is compared, by the names of models and strategies; of the clips of a query alone,
    where one is given."""
    dimensions = sa.func.vector_dims(ClipEmbedding.embedding)
    rows = session.execute(
        sa.select(
            col(ClipEmbedding.model),
            col(ClipEmbedding.strategy),
            dimensions,
            sa.func.count(col(ClipEmbedding.clip_id).distinct()),
        )
        .where(
            _SEARCHED,
            sa.true() if clip_ids is None else col(ClipEmbedding.clip_id).in_(clip_ids),
        )
        .group_by(col(ClipEmbedding.model), col(ClipEmbedding.strategy), dimensions)
        .order_by(col(ClipEmbedding.model), col(ClipEmbedding.strategy), dimensions)
    )
    return [Kind(*row) for row in rows]


def remove(engine: Engine, kind: Kind) -> None:
    """Deletes the vectors and their index, a part at a time: others go on meanwhile."""
    drop_index(engine, kind.model, kind.strategy, kind.dimensions)
    some = (
        sa.select(col(ClipEmbedding.id))
        .where(
            col(ClipEmbedding.model) == kind.model,
            col(ClipEmbedding.strategy) == kind.strategy,
            sa.func.vector_dims(ClipEmbedding.embedding) == kind.dimensions,
        )
        .limit(DELETED_AT_ONCE)
    )
    while True:
        with transaction(engine) as session:
            gone = session.execute(
                sa.delete(ClipEmbedding).where(col(ClipEmbedding.id).in_(some))
            ).rowcount  # type: ignore[attr-defined]
        if not gone:
            break


def without_preview(session: Session, video_id: int, model: str) -> Sequence[Clip]:
    """The video's live clips that have no preview of `model`."""
    return session.exec(
        select(Clip).where(
            Clip.source_video_id == video_id,
            Clip.state != ClipState.SUPERSEDED,
            ~_has_vector(model, PREVIEW),
        )
    ).all()


def _has_vector(model: str, strategy: str) -> Any:
    return sa.exists().where(
        col(ClipEmbedding.clip_id) == col(Clip.id),
        col(ClipEmbedding.model) == model,
        col(ClipEmbedding.strategy) == strategy,
    )


def of_clips(session: Session, clip_ids: Sequence[int], model: str) -> dict[int, list[float]]:
    """A vector of the model for each of the clips that have one: of the whole clip, or else the
    mean of its frames'."""
    found: dict[int, list[float]] = {}
    for strategy in reversed(_PREFERRED):
        rows = session.execute(
            sa.select(
                col(ClipEmbedding.clip_id), sa.func.avg(ClipEmbedding.embedding, type_=Vector)
            )
            .where(
                col(ClipEmbedding.clip_id).in_(clip_ids),
                col(ClipEmbedding.model) == model,
                col(ClipEmbedding.strategy) == strategy,
            )
            .group_by(col(ClipEmbedding.clip_id))
        )
        found |= {clip_id: _floats(vector, strategy) for clip_id, vector in rows}
    return found


def _floats(vector: Sequence[float], strategy: Strategy) -> list[float]:
    """A mean of frames is shorter than they are, and is made as long."""
    numbers = [float(value) for value in vector]
    length = math.hypot(*numbers) if strategy is Strategy.FRAMES else 0
    return [value / length for value in numbers] if length else numbers


_PREFERRED = (Strategy.MEAN, Strategy.SINGLE, Strategy.FRAMES)


def previews(session: Session, clip_ids: Sequence[int]) -> dict[int, list[float]]:
    """The previews of those of the clips that have one."""
    rows = session.execute(
        sa.select(col(ClipEmbedding.clip_id), col(ClipEmbedding.embedding))
        .where(col(ClipEmbedding.clip_id).in_(clip_ids), ~_SEARCHED)
        .order_by(col(ClipEmbedding.id))
    )
    return {clip_id: [float(value) for value in vector] for clip_id, vector in rows}


def models(session: Session) -> list[str]:
    """Names of the models that have vectors."""
    return list(
        session.exec(
            select(ClipEmbedding.model).where(_SEARCHED).distinct().order_by(ClipEmbedding.model)
        )
    )


def models_of_clip(session: Session, clip_id: int) -> list[str]:
    return list(
        session.exec(
            select(ClipEmbedding.model)
            .where(ClipEmbedding.clip_id == clip_id, _SEARCHED)
            .distinct()
            .order_by(ClipEmbedding.model)
        )
    )


def similar(
    session: Session, clip_id: int, limit: int, model: str | None = None
) -> list[tuple[Clip, float]]:
    """The clips of the library nearest to a clip by cosine distance (0 to 2), nearest first,
    without itself. Only vectors of one model are compared: `model`, or the clip's first by name.

    Empty if the clip has no vector of that model.
    """
    chosen = model or next(iter(models_of_clip(session, clip_id)), None)
    own = session.execute(
        sa.select(col(ClipEmbedding.strategy), sa.func.avg(ClipEmbedding.embedding, type_=Vector))
        .where(col(ClipEmbedding.clip_id) == clip_id, col(ClipEmbedding.model) == chosen, _SEARCHED)
        .group_by(col(ClipEmbedding.strategy))
        .order_by(sa.func.max(ClipEmbedding.id).desc())
        .limit(1)
    ).first()
    if chosen is None or own is None:
        return []
    strategy, vector = own
    others = sa.select(col(Clip.id)).where(
        col(Clip.state) == ClipState.EMBEDDED, col(Clip.id) != clip_id
    )
    hits = nearest(session, vector, model=chosen, strategy=strategy, limit=limit, among=others)
    found = session.exec(select(Clip).where(col(Clip.id).in_([hit.clip_id for hit in hits])))
    by_id = {clip.id: clip for clip in found}
    return [(by_id[hit.clip_id], hit.distance) for hit in hits]
