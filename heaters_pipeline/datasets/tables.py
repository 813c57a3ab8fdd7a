"""Examples as rows of Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from heaters_pipeline.datasets.rows import Example, Sink

ROWS_AT_A_TIME = 1000


def columns() -> list[tuple[str, Any]]:
    """Name and type of what each example says of itself."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    return [
        ("clip_id", number),
        ("split", text),
        ("labels", pa.list_(text)),
        ("rating", number),
        ("note", text),
        ("source_key", text),
        ("source_title", text),
        ("source_url", text),
        ("source_sha256", text),
        ("source_rate", text),
        ("clip_ids", pa.list_(number)),
        ("frame_ranges", pa.list_(pa.list_(number))),
        ("start_frame", number),
        ("end_frame", number),
        ("start_seconds", pa.float64()),
        ("end_seconds", pa.float64()),
        ("duration_seconds", pa.float64()),
        ("decision", text),
        ("approved_by", text),
        ("approved_at", pa.timestamp("us", "UTC")),
        ("profile", text),
        ("profile_hash", text),
        ("sha256", text),
        ("bytes", number),
        ("keyframe_frames", pa.list_(number)),
        ("vector", pa.list_(pa.float32())),
        ("vector_model", text),
    ]


def row(example: Example) -> dict[str, Any]:
    facts = example.facts()
    approved = facts["approved_at"]
    return {
        **facts,
        "approved_at": datetime.fromisoformat(approved) if approved else None,
        "vector": list(example.vector) if example.vector is not None else None,
        "vector_model": example.vector_model,
    }


class Table:
    """One file, of which no more than a group of rows is in memory."""

    def __init__(self, sink: Sink, name: str, schema: Any, group_bytes: int) -> None:
        import pyarrow.parquet as pq

        self._schema, self._group_bytes = schema, group_bytes
        self._open = ExitStack()
        file = self._open.enter_context(sink.open(name))
        self._writer = self._open.enter_context(pq.ParquetWriter(file, schema))
        self._rows: list[Mapping[str, Any]] = []
        self._filled = 0
        self.bytes = 0
        """Of media, in all rows so far."""

    def add(self, values: Mapping[str, Any], size: int = 0) -> None:
        """`size` is that of the media in the row, in bytes."""
        self._rows.append(values)
        self._filled += size
        self.bytes += size
        if len(self._rows) >= ROWS_AT_A_TIME or self._filled >= self._group_bytes:
            self._write()

    def close(self) -> None:
        self._write()
        self._open.close()

    def _write(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
            self._rows, self._filled = [], 0
