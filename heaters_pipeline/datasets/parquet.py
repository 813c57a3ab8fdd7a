"""Parquet files that hold everything: a row is an example, its media are in it as bytes.

Media are structs of `bytes` and `path`, as Hugging Face's library keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heaters_pipeline.datasets.rows import Example, Objects, Sink
from heaters_pipeline.datasets.tables import Table, columns, row
from heaters_pipeline.domain.errors import InputError

GROUP_BYTES = 64 * 10**6
"""Of media in a group of rows, which is in memory as a whole."""

LARGEST = 2**31 - 1
"""Bytes that Parquet can keep in one field."""


class ParquetWriter:
    def __init__(self, sink: Sink, objects: Objects, shard_bytes: int) -> None:
        self._sink, self._objects, self._shard_bytes = sink, objects, shard_bytes
        self._table: Table | None = None
        self._split, self._shard = "", 0

    def add(self, example: Example) -> None:
        size = example.file.bytes
        if size > LARGEST:
            raise InputError(
                f"Clip {example.clip_id} has {size / 10**9:.1f} GB, more than Parquet keeps in "
                "one field: choose webdataset, huggingface or fiftyone."
            )
        table = self._table_for(example.split, size)
        objects = self._objects
        media = {
            "video": {"bytes": objects.whole_clip(example.file), "path": example.file_name},
            "keyframes": [
                {"bytes": objects.whole_still(still), "path": name}
                for name, still in zip(example.still_names(), example.stills, strict=True)
            ],
        }
        table.add({**media, **row(example)}, size)

    def finish(self) -> Mapping[str, Any]:
        if self._table is not None:
            self._table.close()
        return {}

    def _table_for(self, split: str, size: int) -> Table:
        import pyarrow as pa

        table = self._table
        full = table is not None and table.bytes and table.bytes + size > self._shard_bytes
        if table is None or full or split != self._split:
            if table is not None:
                table.close()
            self._shard = self._shard + 1 if split == self._split else 0
            self._split = split
            media = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            schema = pa.schema([("video", media), ("keyframes", pa.list_(media)), *columns()])
            name = f"{split}-{self._shard:05d}.parquet"
            table = self._table = Table(self._sink, name, schema, GROUP_BYTES)
        return table
