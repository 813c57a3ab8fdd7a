"""Shards of WebDataset: tar files in which the files of one example stand side by side.

An example has `<id>.mp4`, `<id>.json`, `<id>.keyframe0.jpg`, ... and `<id>.npy`, its vector.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

import numpy as np

from heaters_pipeline.datasets.rows import Chunks, Example, Objects, Sink


class WebDatasetWriter:
    def __init__(self, sink: Sink, objects: Objects, shard_bytes: int) -> None:
        self._sink, self._objects, self._shard_bytes = sink, objects, shard_bytes
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._split, self._shard, self._filled = "", 0, 0

    def add(self, example: Example) -> None:
        size = example.file.bytes
        if example.split != self._split:
            self._next_shard(example.split, 0)
        elif self._filled and self._filled + size > self._shard_bytes:
            self._next_shard(example.split, self._shard + 1)
        self._filled += size
        name = example.name
        facts = json.dumps(example.facts(), ensure_ascii=False, sort_keys=True).encode()
        self._put(f"{name}.json", io.BytesIO(facts), len(facts))
        for still_name, still in zip(example.still_names(), example.stills, strict=True):
            content = self._objects.whole_still(still)
            self._put(still_name, io.BytesIO(content), len(content))
        if example.vector is not None:
            array = io.BytesIO()
            np.save(array, np.asarray(example.vector, np.float32), allow_pickle=False)
            self._put(f"{name}.npy", io.BytesIO(array.getvalue()), array.tell())
        film = io.BufferedReader(Chunks(self._objects.clip(example.file)))
        self._put(example.file_name, film, size)
        while film.read(1 << 20):  # to its end, where its length and its digest are compared
            pass

    def finish(self) -> Mapping[str, Any]:
        self._open.close()
        return {}

    def _next_shard(self, split: str, shard: int) -> None:
        self._open.close()
        self._split, self._shard, self._filled = split, shard, 0
        file = self._open.enter_context(self._sink.open(f"{split}-{shard:06d}.tar"))
        self._tar = tarfile.open(fileobj=file, mode="w|")  # noqa: SIM115
        self._open.callback(self._tar.close)

    def _put(self, name: str, content: BinaryIO, size: int) -> None:
        if self._tar is None:
            raise ValueError("No shard is open.")
        info = tarfile.TarInfo(name)  # at 1970, of nobody: the same bytes each time
        info.size = size
        self._tar.addfile(info, content)
