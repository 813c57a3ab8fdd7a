"""Writers of datasets, without a library of clips."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
import pytest

from heaters_pipeline.datasets.formats import FORMATS
from heaters_pipeline.datasets.near import near_pairs
from heaters_pipeline.datasets.rows import Example, Objects
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.handover import File, Handed, Source

MEGABYTE = 1 << 20
SIZE = 200 * MEGABYTE


class Nowhere:
    """Counts what is written."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}

    @contextmanager
    def open(self, name: str) -> Iterator[object]:
        files = self.files
        files[name] = 0

        class Out:
            closed = False

            def write(self, content: bytes) -> int:
                files[name] += len(content)
                return len(content)

            def writelines(self, chunks: Iterator[bytes]) -> None:
                for chunk in chunks:
                    self.write(chunk)

            def flush(self) -> None: ...

        yield Out()


def example(clip_id: int, size: int = SIZE, split: str = "train") -> Example:
    frames, now = FrameRange(0, 25), datetime(2026, 1, 1, tzinfo=UTC)
    source = Source("film", "Film", "/film.mp4", Fraction(25), None)
    key = f"clips/{clip_id}/clip.mp4"
    file = File("film.mp4", key, size, None, "web", "0" * 12, frames, 0, 1, now, None)
    handed = Handed(clip_id, frames, 0, 1, (), None, None, Action.APPROVE, "ann", now, source, file)
    return Example(handed, split)


@pytest.mark.parametrize("kind", ["webdataset", "huggingface", "fiftyone"])
def test_a_large_clip_goes_through_in_pieces(kind: str) -> None:
    piece = bytes(MEGABYTE)
    objects = Objects(lambda _file: (piece for _ in range(SIZE // MEGABYTE)), lambda _key: iter(()))
    sink = Nowhere()
    tracemalloc.start()
    writer = FORMATS[kind](sink, objects, SIZE // 2)
    for clip_id in (1, 2):
        writer.add(example(clip_id))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MEGABYTE
    if kind == "webdataset":
        writer.finish()
        assert list(sink.files) == ["train-000000.tar", "train-000001.tar"]
    assert sum(sink.files.values()) >= 2 * SIZE


def test_near_pairs_are_those_of_a_full_comparison() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(2500, 8)).astype(np.float32)
    vectors[7] = 0
    vectors[2400] = vectors[3] * 5
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    close = np.argwhere(np.triu(unit @ unit.T >= 1 - 0.01, 1))
    ids = [n * 10 for n in range(2500)]
    found = set(near_pairs(ids, vectors, 0.01))
    assert found == {(int(one) * 10, int(other) * 10) for one, other in close}
    assert (30, 24000) in found
    assert not any(70 in pair for pair in found)
