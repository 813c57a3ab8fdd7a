"""Vectors of single frames, one index for each model and strategy, and why a vector is missing."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_LONGEST_INDEXED = 2000


def upgrade() -> None:
    connection = op.get_bind()
    for index in connection.scalars(
        sa.text(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'clip_embeddings'"
            " AND starts_with(indexname, 'hnsw_')"
        )
    ).all():
        op.execute(f"DROP INDEX {index}")
    op.add_column("clip_embeddings", sa.Column("frame", sa.Integer))
    op.drop_constraint(op.f("uq_clip_embeddings_clip_id_model_strategy"), "clip_embeddings")
    op.create_unique_constraint(
        op.f("uq_clip_embeddings_clip_id_model_strategy_frame"),
        "clip_embeddings",
        ["clip_id", "model", "strategy", "frame"],
        postgresql_nulls_not_distinct=True,
    )
    op.execute("UPDATE clip_embeddings SET strategy = 'mean' WHERE strategy = 'keyframe_mean'")
    # A vector of 512 numbers just misses the usual limit, and would be read from another table.
    op.execute("ALTER TABLE clip_embeddings SET (toast_tuple_target = 8160)")
    for model, strategy, dimensions in connection.execute(
        sa.text(
            "SELECT DISTINCT model, strategy, vector_dims(embedding) FROM clip_embeddings"
            " WHERE strategy <> 'preview'"
        )
    ).all():
        if dimensions <= _LONGEST_INDEXED:
            _make_index(connection, model, strategy, dimensions)
    op.create_table(
        "vector_failures",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("clip_id", sa.BigInteger, sa.ForeignKey("clips.id")),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("clip_id", "model", postgresql_nulls_not_distinct=True),
    )


def _make_index(connection: sa.Connection, model: str, strategy: str, dimensions: int) -> None:
    digest = hashlib.sha256(f"{model}/{strategy}/{dimensions}/vector".encode()).hexdigest()[:16]
    literal = {
        name: sa.literal(value).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        for name, value in (("model", model), ("strategy", strategy))
    }
    connection.exec_driver_sql(
        f"CREATE INDEX hnsw_{digest} ON clip_embeddings"
        f" USING hnsw ((embedding::vector({dimensions})) vector_cosine_ops)"
        f" WHERE model = {literal['model']} AND strategy = {literal['strategy']}"
        f" AND vector_dims(embedding) = {dimensions}"
    )
