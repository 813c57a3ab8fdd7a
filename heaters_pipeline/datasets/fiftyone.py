"""A folder that FiftyOne imports as `fiftyone.types.LegacyFiftyOneDataset`: `samples.json`,
`metadata.json` and the media. Its newer kind is a dump of the database of one version of FiftyOne.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, BinaryIO

from heaters_pipeline.datasets.rows import Example, Objects, Sink

FRAMES = "frames.json"
"""FiftyOne looks for what is known of each frame of a video: nothing, in one file for all."""


class FiftyOneWriter:
    def __init__(self, sink: Sink, objects: Objects, _shard_bytes: int) -> None:
        self._sink, self._objects = sink, objects
        self._open = ExitStack()
        self._samples: BinaryIO | None = None

    def add(self, example: Example) -> None:
        for place, (name, content) in enumerate(self._objects.files(example)):
            with self._sink.open(f"{'keyframes' if place else 'data'}/{name}") as out:
                out.writelines(content)
        facts = example.facts()
        labels = [{"_cls": "Classification", "label": label} for label in facts.pop("labels")]
        sample = {
            "filepath": f"data/{example.file_name}",
            "tags": [facts.pop("split")],
            "labels": {"_cls": "Classifications", "classifications": labels},
            "keyframes": [f"keyframes/{name}" for name in example.still_names()],
            "vector": list(example.vector) if example.vector is not None else None,
            "vector_model": example.vector_model,
            "frames": FRAMES,
            **facts,
        }
        before = b",\n" if self._samples is not None else b'{"samples": [\n'
        out = self._samples_file()
        out.write(before + json.dumps(sample, ensure_ascii=False, sort_keys=True).encode())

    def finish(self) -> Mapping[str, Any]:
        begun = self._samples is not None
        self._samples_file().write(b"\n]}\n" if begun else b'{"samples": []}\n')
        self._open.close()
        with self._sink.open("metadata.json") as out:
            out.write(b'{"media_type": "video"}\n')
        with self._sink.open(FRAMES) as out:
            out.write(b'{"frames": {}}\n')
        return {}

    def _samples_file(self) -> BinaryIO:
        if self._samples is None:
            self._samples = self._open.enter_context(self._sink.open("samples.json"))
        return self._samples
