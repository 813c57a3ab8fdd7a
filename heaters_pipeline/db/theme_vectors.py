"""One vector a clip, of all clips of the library at once."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import vector_copy
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.vector_copy import Block
from heaters_pipeline.domain.states import ClipState

MEANS = f"""
    SELECT id, vector::halfvec
    FROM (
        SELECT clip_id, avg(embedding) AS vector FROM clip_embeddings
        WHERE model = %(model)s AND strategy <> %(preview)s
            AND vector_dims(embedding) = %(dimensions)s
        GROUP BY clip_id
    ) AS means
    JOIN clips ON id = clip_id AND state = '{ClipState.EMBEDDED}'
    ORDER BY id
"""  # noqa: S608


def each_block(engine: Engine, model: str) -> Iterator[Block]:
    """The clips of the library that have a vector by the model, by id: the mean of their vectors,
    which is that of their keyframes."""
    with engine.connect() as connection:
        dimensions = connection.scalar(
            sa.text(
                "SELECT vector_dims(embedding) FROM clip_embeddings"
                " WHERE model = :model AND strategy <> :preview"
                " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            ),
            {"model": model, "preview": PREVIEW},
        )
        if dimensions is None:
            return
        wanted = {"model": model, "preview": PREVIEW, "dimensions": dimensions}
        yield from vector_copy.each_block(connection, MEANS, wanted, dimensions)
