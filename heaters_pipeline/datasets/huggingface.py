"""A folder that Hugging Face's `datasets` loads and its Hub shows: files of each split as they are
(`VideoFolder`), beside a table of all that is known of them (`metadata.parquet`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heaters_pipeline.datasets.rows import Example, Objects, Sink
from heaters_pipeline.datasets.tables import Table, columns, row

CLIPS_IN_A_FOLDER = 1000
"""The Hub is slow with more than ten thousand files in one."""

GROUP_BYTES = 1 << 30


class HuggingFaceWriter:
    def __init__(self, sink: Sink, objects: Objects, _shard_bytes: int) -> None:
        self._sink, self._objects = sink, objects
        self._table: Table | None = None
        self._splits: list[str] = []
        self._count = 0

    def add(self, example: Example) -> None:
        table = self._table_for(example.split)
        folder = f"{self._count // CLIPS_IN_A_FOLDER:05d}"
        self._count += 1
        for name, content in self._objects.files(example):
            with self._sink.open(f"{example.split}/{folder}/{name}") as out:
                out.writelines(content)
        values = {
            "file_name": f"{folder}/{example.file_name}",
            "keyframes_file_names": [f"{folder}/{name}" for name in example.still_names()],
        }
        table.add({**values, **row(example)})

    def finish(self) -> Mapping[str, Any]:
        if self._table is not None:
            self._table.close()
        data = [{"split": split, "path": f"{split}/**"} for split in self._splits]
        return {
            "configs": [{"config_name": "default", "drop_labels": True, "data_files": data}],
            "task_categories": ["video-classification"],
        }

    def _table_for(self, split: str) -> Table:
        import pyarrow as pa

        if self._table is None or split != self._splits[-1]:
            if self._table is not None:
                self._table.close()
            self._splits.append(split)
            self._count = 0
            names = [
                ("file_name", pa.string()),
                ("keyframes_file_names", pa.list_(pa.string())),
            ]
            schema = pa.schema([*names, *columns()])
            self._table = Table(self._sink, f"{split}/metadata.parquet", schema, GROUP_BYTES)
        return self._table
