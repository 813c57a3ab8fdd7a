"""Pictures that people look for, as vectors. An address with a picture works for KEPT_DAYS."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from heaters_pipeline.db.models import SearchPicture
from heaters_pipeline.domain.errors import NotFound

KEPT_DAYS = 2


def keep(session: Session, digest: str, model: str, vector: list[float], thumbnail: bytes) -> None:
    """Its time begins anew where it is kept already; those whose time is over go."""
    session.execute(
        sa.delete(SearchPicture).where(
            col(SearchPicture.made_at) < sa.func.now() - timedelta(days=KEPT_DAYS)
        )
    )
    row = insert(SearchPicture).values(
        digest=digest, model=model, embedding=vector, thumbnail=thumbnail
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["digest", "model"],
            set_={"embedding": row.excluded.embedding, "made_at": sa.func.now()},
        )
    )


def get(session: Session, digest: str, model: str | None = None) -> SearchPicture:
    """The picture by this model, or by any. Raises NotFound."""
    statement = sa.select(SearchPicture).where(col(SearchPicture.digest) == digest)
    if model is not None:
        statement = statement.where(col(SearchPicture.model) == model)
    found = session.scalars(statement.order_by(col(SearchPicture.made_at).desc())).first()
    if found is None:
        by = f" for the model {model}" if model else ""
        raise NotFound(f"This picture is not kept{by} any more: drop it again.")
    return found
