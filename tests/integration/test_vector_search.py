"""The clips nearest to a vector: as many as there are, with an index and without."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, col

from heaters_pipeline.db import embeddings
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.index_making import ensure_index
from heaters_pipeline.db.index_recall import QUESTIONS
from heaters_pipeline.db.models import Clip, ClipEmbedding
from heaters_pipeline.db.vector_indexes import Found, VectorIndex, find_index
from heaters_pipeline.db.vector_search import few, nearest
from heaters_pipeline.domain.recall import UNMEASURED, Measured
from tests.rows import counted, ready_video

MODEL = "it's:50% a model"
NUMBERS = 8
CLIPS = 1500
"""More than are always read one by one."""

INDEXES = "SELECT indexdef FROM pg_indexes WHERE starts_with(indexname, 'hnsw_')"


@pytest.fixture
def ids(engine: Engine) -> list[int]:
    """Of clips, one of 300 of them rated."""
    _, found = ready_video(engine, frame_count=2 * CLIPS, cuts=range(2, 2 * CLIPS, 2))
    with transaction(engine) as session:
        session.execute(sa.update(Clip).values(rating=sa.case((col(Clip.id) % 300 == 0, 5))))
    return [clip.id for clip in found]


def drawn(*shape: int) -> Any:
    return np.random.default_rng(shape).normal(size=(*shape, NUMBERS))


def keep(engine: Engine, strategy: str, vectors: dict[tuple[int, int | None], Any]) -> None:
    """By clip and frame."""
    row = {"model": MODEL, "strategy": strategy}
    with transaction(engine) as session:
        session.execute(
            sa.insert(ClipEmbedding),
            [
                row | {"clip_id": clip_id, "frame": frame, "embedding": vector.tolist()}
                for (clip_id, frame), vector in vectors.items()
            ],
        )


def by_angle(vector: Any, vectors: dict[int, Any]) -> list[int]:
    """Ids of clips, the nearest first, worked out here; of several vectors the nearest counts."""

    def nearness(clip_id: int) -> float:
        rows = np.atleast_2d(vectors[clip_id])
        return float((rows @ vector / np.linalg.norm(rows, axis=1)).max())

    return sorted(vectors, key=nearness, reverse=True)


def found(session: Session, vector: Any, limit: int, among: Any = None) -> list[int]:
    hits = nearest(session, vector.tolist(), model=MODEL, strategy="mean", limit=limit, among=among)
    assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
    return [hit.clip_id for hit in hits]


def test_an_index_finds_what_a_scan_finds(engine: Engine, ids: list[int]) -> None:
    vectors = dict(zip(ids, drawn(CLIPS), strict=True))
    keep(engine, "mean", {(clip_id, None): vector for clip_id, vector in vectors.items()})
    rated, others = (
        {each: vectors[each] for each in ids if (each % 300 == 0) is wanted}
        for wanted in (True, False)
    )
    asked, clip_ids = drawn(5), sa.select(col(Clip.id))
    for half in (None, False, True):
        if half is not None:
            ensure_index(engine, MODEL, "mean", NUMBERS, half=half)
            name = VectorIndex(MODEL, "mean", NUMBERS, half).name
            wait_for_scans(engine, {name: QUESTIONS})
        with transaction(engine) as session, counted(engine) as sent:
            for vector in asked:
                near = found(session, vector, 10)
                assert len({*near} & {*by_angle(vector, vectors)[:10]}) >= 9
                assert {*found(session, vector, CLIPS + 5)} == {*ids}
                few = found(session, vector, 10, clip_ids.where(col(Clip.rating) == 5))
                assert few == by_angle(vector, rated)
                many = found(session, vector, 10, clip_ids.where(col(Clip.rating).is_(None)))
                assert len({*many} & {*by_angle(vector, others)[:10]}) >= 9
            assert session.scalar(sa.text("SHOW enable_sort")) == "on", "as it was"
            session.execute(sa.select(sa.func.pg_stat_force_next_flush()))
        # By all but the search among few.
        used = sum("hnsw.iterative_scan" in each for each in sent)
        assert used == (0 if half is None else 3 * len(asked))
        if half is not None:
            assert scans(engine) == {name: QUESTIONS + 3 * len(asked)}


def wait_for_scans(engine: Engine, wanted: dict[str, int]) -> None:
    """A session's scans are counted a moment after its end."""
    end = time.monotonic() + 20
    while scans(engine) != wanted:
        assert time.monotonic() < end
        time.sleep(0.05)


def scans(engine: Engine) -> dict[str, int]:
    """How often each index over vectors was used."""
    query = (
        "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes"
        " WHERE starts_with(indexrelname, 'hnsw_')"
    )
    with engine.connect() as connection:
        return {each.indexrelname: each.idx_scan for each in connection.execute(sa.text(query))}


def test_a_hit_names_the_nearest_frame_of_each_clip_once(engine: Engine, ids: list[int]) -> None:
    frames = dict(zip(ids, drawn(20, 3), strict=False))
    keep(
        engine,
        "frames",
        {(clip_id, frame): rows[frame] for clip_id, rows in frames.items() for frame in range(3)},
    )
    vector = frames[ids[7]][2]
    for indexed in (False, True):
        if indexed:
            ensure_index(engine, MODEL, "frames", NUMBERS)
        with transaction(engine) as session:
            hits = nearest(session, vector.tolist(), model=MODEL, strategy="frames", limit=50)
        assert (hits[0].clip_id, hits[0].frame) == (ids[7], 2)
        assert hits[0].distance == pytest.approx(0, abs=1e-6)
        assert [hit.clip_id for hit in hits] == by_angle(vector, frames)


@pytest.mark.parametrize(("dimensions", "made"), [(2001, ["halfvec(2001)"]), (4001, [])])
def test_long_vectors_are_indexed_in_half_precision_or_not_at_all(
    engine: Engine, dimensions: int, made: list[str]
) -> None:
    _, (first, second, *_) = ready_video(engine)
    with transaction(engine) as session:
        for place, clip in enumerate((first, second)):
            vector = [1.0, float(place), *([0.0] * (dimensions - 2))]
            embeddings.save(session, clip.id, "long", "single", vector)
    ensure_index(engine, "long", "single", dimensions)
    with transaction(engine) as session:
        hits = nearest(session, vector, model="long", strategy="single", limit=5)
        indexes = session.scalars(sa.text(INDEXES)).all()
    assert [hit.clip_id for hit in hits] == [second.id, first.id]
    assert [each in index for each, index in zip(made, indexes, strict=True)] == [True] * len(made)


def test_an_index_keeps_what_it_finds_of_its_own_vectors(engine: Engine, ids: list[int]) -> None:
    vectors = dict(zip(ids, drawn(CLIPS), strict=True))
    keep(engine, "mean", {(clip_id, None): vectors[clip_id] for clip_id in ids[:5]})
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (80, 1, 5), "there are no ten"
    keep(engine, "mean", {(clip_id, None): vectors[clip_id] for clip_id in ids[5:]})
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE clip_embeddings"))
    ensure_index(engine, MODEL, "mean", NUMBERS)
    told = measured(engine)
    assert (told.width, told.vectors) == (80, CLIPS)
    assert told.recall > 0.99
    with transaction(engine) as session, counted(engine) as sent:
        found(session, vectors[ids[0]], 10)
    assert any("hnsw.ef_search = 80" in each for each in sent)
    with counted(engine) as sent:
        ensure_index(engine, MODEL, "mean", NUMBERS)
    assert len(sent) == 1, "it is known how good the index is"


def test_an_index_that_finds_little_is_asked_for_more(engine: Engine, ids: list[int]) -> None:
    """Of groups so narrow that hardly any way leads from one to the next."""
    centres = 1e3 * drawn(CLIPS // 30, 1)[:, 0]
    vectors = np.repeat(centres, 30, axis=0) + drawn(CLIPS)
    keep(engine, "mean", {(each, None): row for each, row in zip(ids, vectors, strict=True)})
    ensure_index(engine, MODEL, "mean", NUMBERS)
    index = VectorIndex(MODEL, "mean", NUMBERS, False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {index.name}")
        poor = index.create(engine).replace(" CONCURRENTLY", "")
        poor = re.sub("WITH [(].*?[)]", "WITH (m = 2, ef_construction = 4)", poor)
        connection.exec_driver_sql(poor)
    with transaction(engine) as session:
        assert find_index(session, MODEL, "mean", NUMBERS) == Found(index, CLIPS, None)
    ensure_index(engine, MODEL, "mean", NUMBERS)
    told = measured(engine)
    assert told.width > 80
    assert told.recall >= 0.99 or told.width == 1000
    with transaction(engine) as session, counted(engine) as sent:
        found(session, vectors[0], 10)
    assert any(f"hnsw.ef_search = {told.width};" in each for each in sent)


def measured(engine: Engine) -> Measured:
    with transaction(engine) as session:
        index = find_index(session, MODEL, "mean", NUMBERS)
    assert index is not None and index.measured is not None
    return index.measured


def test_a_comment_of_somebody_elses_is_no_measure(engine: Engine, ids: list[int]) -> None:
    keep(engine, "mean", {(ids[0], None): drawn(1)[0]})
    ensure_index(engine, MODEL, "mean", NUMBERS)
    index = VectorIndex(MODEL, "mean", NUMBERS, False)
    for said in ("ours, do not touch", "[1]", '{"width": 80}'):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"COMMENT ON INDEX {index.name} IS '{said}'")
        with transaction(engine) as session:
            unmeasured = find_index(session, MODEL, "mean", NUMBERS)
        assert unmeasured is not None
        assert unmeasured.width == UNMEASURED
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (80, 1, 1)


def test_an_index_that_cannot_be_measured_is_tried_again_when_it_has_doubled(
    engine: Engine, ids: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    vector = drawn(1)[0]
    keep(engine, "mean", {(ids[0], None): 1e6 * vector})  # more than a half can hold
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (UNMEASURED, None, 1)
    (said,) = caplog.messages
    assert "out of range for type halfvec" in said
    with transaction(engine) as session:
        assert found(session, vector, 10) == [ids[0]]
    with counted(engine) as sent:
        ensure_index(engine, MODEL, "mean", NUMBERS)
    assert (len(sent), len(caplog.messages)) == (1, 1), "not tried again"
    with transaction(engine) as session:
        session.execute(sa.delete(ClipEmbedding))
    keep(engine, "mean", {(clip_id, None): vector for clip_id in ids[:3]})
    plan_for(engine, 3)
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (80, 1, 3)


def test_vectors_without_a_direction_are_no_questions(engine: Engine, ids: list[int]) -> None:
    keep(engine, "mean", {(clip_id, None): np.zeros(NUMBERS) for clip_id in ids[:20]})
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (UNMEASURED, None, 20)


def test_an_estimate_that_is_too_high_has_an_index_measured_once(
    engine: Engine, ids: list[int]
) -> None:
    keep(engine, "mean", {(ids[0], None): drawn(1)[0]})
    ensure_index(engine, MODEL, "mean", NUMBERS)
    plan_for(engine, 50)
    ensure_index(engine, MODEL, "mean", NUMBERS)
    assert measured(engine) == (80, 1, 50)
    with counted(engine) as sent:
        ensure_index(engine, MODEL, "mean", NUMBERS)
    assert len(sent) == 1


def plan_for(engine: Engine, rows: int) -> None:
    """Has the planner take the index to hold so many rows, as a sample may."""
    name = VectorIndex(MODEL, "mean", NUMBERS, False).name
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE pg_class SET reltuples = {rows} WHERE relname = '{name}'"
        )


def test_an_index_may_take_longer_than_other_statements(
    database_url: str, engine: Engine, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(engine, "mean", {(ids[0], None): drawn(1)[0]})
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1s")
    patient = open_engine(database_url)
    with ThreadPoolExecutor(1) as pool:
        with transaction(engine) as writing:
            # The making waits for all who write.
            embeddings.save(writing, ids[1], MODEL, "mean", [1.0] * NUMBERS)
            making = pool.submit(ensure_index, patient, MODEL, "mean", NUMBERS)
            wait([making], timeout=3)
        making.result(timeout=60)
    patient.dispose()
    assert measured(engine) == (80, 1, 2)


def test_few_clips_grow_slowly_with_the_library() -> None:
    assert few(0, 10) == few(2000, 10) == 1000
    assert few(500_000, 10) < 0.02 * 500_000
