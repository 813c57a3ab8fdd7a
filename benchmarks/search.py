"""Searching a library of 500,000 clips."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, col

from benchmarks.database import kept_database
from benchmarks.page import page_p95, tell
from benchmarks.report import Rate, Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.vectors import DIMENSIONS, LABEL, MODEL, STRATEGY, Clusters, fill, true_nearest
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.index_making import MOST_MEMORY, ensure_index
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.db.vector_indexes import VectorIndex, find_index
from heaters_pipeline.db.vector_search import Hit, nearest
from heaters_pipeline.domain.states import ClipState

QUERIES = 200
SCANS = 20
"""The queries that are timed against a scan."""
WANTED = 10

Shares = npt.NDArray[np.float64]


@benchmark("search")
@click.option("--rows", default=500_000, show_default=True, help="Clips in the library.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    help="A folder in which the library stays, with its index, for the next run.",
)
@click.option(
    "--page/--no-page",
    default=True,
    help="Whether to measure the page, too, which needs the extra models.",
)
def main(rows: int, keep: Path | None, page: bool) -> Iterable[Result]:
    """Find the ten clips nearest to a vector of 512 numbers, against a scan of all of them.

    `hnsw`: among all clips; `filtered_1pct`: among the hundredth that has a label. Both are medians
    of wall time in an embedded Postgres; the scan's is taken in the same run. `recall`s are shares
    of the true ten, which are worked out from all vectors; `answered` is how many searches find
    one of them or more. The vectors are drawn (`benchmarks.vectors.Clusters`).
    """
    clusters = Clusters(1)
    with (
        work_folder() as scratch,
        kept_database(
            keep or scratch, f"search_{rows}", lambda url: _build(url, rows, clusters)
        ) as url,
    ):
        engine = open_engine(url)
        try:
            yield from _vectors(engine, rows, clusters)
            if page:
                yield from page_p95(url, scratch, rows)
        finally:
            engine.dispose()


def _build(url: str, rows: int, clusters: Clusters) -> None:
    fill(url, rows, clusters)
    tell(url)
    engine = open_engine(url)
    began = time.monotonic()
    ensure_index(engine, MODEL, STRATEGY, DIMENSIONS)
    with engine.begin() as connection:
        seconds = time.monotonic() - began
        connection.execute(sa.text("CREATE TABLE benchmark_index (seconds real)"))
        connection.execute(sa.text("INSERT INTO benchmark_index VALUES (:it)"), {"it": seconds})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
    engine.dispose()


def _vectors(engine: Engine, rows: int, clusters: Clusters) -> Iterable[Result]:
    drawn = clusters.draw(QUERIES, 10**9)
    questions = [vector.tolist() for vector in drawn]
    labelled = sa.select(col(Clip.id)).where(
        col(Clip.labels).contains([LABEL]),
        col(Clip.labels) != sa.literal_column("'{}'"),
        col(Clip.state) == ClipState.EMBEDDED,
    )
    with transaction(engine) as session:
        _warm(session, VectorIndex(MODEL, STRATEGY, DIMENSIONS, False))
        for vector in questions[:5]:
            _ours(session, vector, None), _ours(session, vector, labelled)
        exact = [_timed(lambda: _scan(session, vector))[0] for vector in questions[:SCANS]]  # noqa: B023
        everything = [_timed(lambda: _ours(session, each, None)) for each in questions]  # noqa: B023
        few = [_timed(lambda: _ours(session, each, labelled)) for each in questions]  # noqa: B023
        with_label = np.asarray(session.scalars(labelled).all())
        index = find_index(session, MODEL, STRATEGY, DIMENSIONS)
        if index is None:
            raise RuntimeError("The index is not there.")
        size = session.scalar(sa.text(f"SELECT pg_relation_size('{index.index.name}')"))
        seconds = session.scalar(sa.text("SELECT seconds FROM benchmark_index"))
    true, true_few = true_nearest(clusters, rows, drawn, WANTED, with_label)
    scan = median(exact) * 1000
    peer = f"scan of all {rows:,} vectors"
    yield Result("hnsw", _milliseconds(everything), "ms", peer, scan)
    shares = _shares(everything, true)
    yield Rate("recall", float(shares.mean()), "share", "the true ten", 1.0)
    answered = int((shares > 0).sum())
    yield Result("answered", answered, "searches", "all that were made", len(shares))
    yield Result("width", index.width, "candidates", "all vectors", rows)
    yield Result("filtered_1pct", _milliseconds(few), "ms", peer, scan)
    few_shares = _shares(few, true_few)
    yield Rate("filtered_recall", float(few_shares.mean()), "share", "the true ten", 1.0)
    least = min(len(found) for _, found in few)
    yield Rate("filtered_results", least, "clips", "the fewest of any search", WANTED)
    numbers = rows * DIMENSIONS * 4e-6
    memory = min(MOST_MEMORY, index.index.bytes_to_make(rows)) / 1e6
    yield Result("index_memory", memory, "MB", "the numbers of the vectors", numbers)
    yield Result("index_build", float(seconds or 0), "s", "all that is built", float(seconds or 0))
    yield Result("index_size", (size or 0) / 1e6, "MB", "the numbers of the vectors", numbers)


def _warm(session: Session, index: VectorIndex) -> None:
    """Has the system read table and index, so that neither side waits for a disk."""
    session.execute(sa.select(sa.func.sum(sa.func.vector_dims(ClipEmbedding.embedding))))
    path = session.execute(
        sa.text("SELECT current_setting('data_directory') || '/' || pg_relation_filepath(:it)"),
        {"it": index.name},
    ).scalar_one()
    for segment in Path(path).parent.glob(f"{Path(path).name}*"):
        with segment.open("rb") as file:
            while file.read(1 << 24):
                pass


def _ours(session: Session, vector: list[float], among: Any) -> list[int]:
    return _ids(nearest(session, vector, model=MODEL, strategy=STRATEGY, limit=WANTED, among=among))


def _ids(hits: Iterable[Hit]) -> list[int]:
    return [hit.clip_id for hit in hits]


def _scan(session: Session, vector: list[float]) -> list[int]:
    distance = col(ClipEmbedding.embedding).cosine_distance(vector)  # type: ignore[attr-defined]
    session.execute(sa.text("SET LOCAL jit = off"))
    return list(
        session.scalars(
            sa.select(col(ClipEmbedding.clip_id))
            .where(col(ClipEmbedding.model) == MODEL, col(ClipEmbedding.strategy) == STRATEGY)
            .order_by(distance)
            .limit(WANTED)
        )
    )


def _timed(do: Callable[[], list[int]]) -> tuple[float, list[int]]:
    began = time.perf_counter()
    found = do()
    return time.perf_counter() - began, found


def _milliseconds(found: list[tuple[float, list[int]]]) -> float:
    return median(seconds for seconds, _ in found) * 1000


def _shares(found: list[tuple[float, list[int]]], true: npt.NDArray[np.int64]) -> Shares:
    """(queries,): of the true ten, what each search found."""
    pairs = zip(found, true.tolist(), strict=True)
    return np.array([len(set(ours) & set(best)) / len(best) for (_, ours), best in pairs])


if __name__ == "__main__":
    main()
