"""Vectors of clips and the search over them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db.locks import index_lock
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.domain.states import ClipState

INDEX_PREFIX = "hnsw_"

PREVIEW = "preview"
"""The strategy of vectors of small images that exist before a clip has a file (`likeness`). Every
clip of every video has one, so they stay out of the search and its index."""


_SEARCHED = col(ClipEmbedding.strategy) != sa.literal(PREVIEW, literal_execute=True)


def save(
    session: Session, clip_id: int, model: str, strategy: str, vector: Sequence[float]
) -> None:
    """Writes a clip's vector, in place of an earlier one of the same model and strategy."""
    statement = insert(ClipEmbedding).values(
        clip_id=clip_id, model=model, strategy=strategy, embedding=vector
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["clip_id", "model", "strategy"],
            set_={"embedding": statement.excluded.embedding},
        )
    )


def ensure_index(engine: Engine, model: str, dimensions: int) -> None:
    """Makes the model's HNSW index (cosine distance) if it has none yet, while others read and
    write vectors. To be called outside of transactions: it waits for those that are open.

    Partial and over a cast, because vectors of several lengths share the column.
    """
    name = INDEX_PREFIX + hashlib.sha256(f"{model}/{dimensions}".encode()).hexdigest()[:16]
    with engine.connect() as connection:
        if _is_valid(connection, name):
            return
    literal = sa.literal(model).compile(
        dialect=engine.dialect, compile_kwargs={"literal_binds": True}
    )
    with index_lock(engine, "clip_embeddings") as connection:
        if _is_valid(connection, name):
            return
        # What is left of one whose making broke off.
        connection.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        connection.execute(
            sa.text(
                f"CREATE INDEX CONCURRENTLY {name} ON clip_embeddings "
                f"USING hnsw ((embedding::vector({dimensions:d})) vector_cosine_ops) "
                f"WHERE model = {literal} AND vector_dims(embedding) = {dimensions:d} "
                f"AND strategy <> '{PREVIEW}'"
            )
        )


def _is_valid(connection: Connection, index: str) -> bool:
    """Read from the catalog, which needs no lock on the table."""
    return bool(
        connection.scalar(
            sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"),
            {"index": index},
        )
    )


def missing(session: Session, video_id: int, model: str, strategy: str) -> Sequence[Clip]:
    """The video's embedded clips that have no vector of `model`."""
    return session.exec(
        select(Clip).where(
            Clip.source_video_id == video_id,
            Clip.state == ClipState.EMBEDDED,
            ~_has_vector(model, strategy),
        )
    ).all()


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
    """The embedded clips nearest to a clip by cosine distance (0 to 2), nearest first, without
    itself. Only vectors of one model are compared: `model`, or the clip's first by name.

    Empty if the clip has no vector of that model.
    """
    chosen = model or next(iter(models_of_clip(session, clip_id)), None)
    own = session.exec(
        select(ClipEmbedding.embedding, ClipEmbedding.strategy).where(
            ClipEmbedding.clip_id == clip_id, ClipEmbedding.model == chosen, _SEARCHED
        )
    ).first()
    if own is None:
        return []
    vector, strategy = own
    dimensions = len(vector)
    distance = sa.cast(ClipEmbedding.embedding, Vector(dimensions)).cosine_distance(vector)
    # An approximate index filters after its scan: without this it returns fewer than there are.
    session.execute(sa.text("SET LOCAL hnsw.iterative_scan = strict_order"))
    rows = session.exec(
        select(Clip, distance)
        .join(ClipEmbedding, col(ClipEmbedding.clip_id) == col(Clip.id))
        .where(
            col(ClipEmbedding.model) == sa.literal(chosen, literal_execute=True),
            sa.func.vector_dims(ClipEmbedding.embedding)
            == sa.literal(dimensions, literal_execute=True),
            ClipEmbedding.strategy == strategy,
            _SEARCHED,
            Clip.id != clip_id,
            Clip.state == ClipState.EMBEDDED,
        )
        .order_by(distance)
        .limit(limit)
    )
    return [(clip, float(value)) for clip, value in rows]
