"""The formats of datasets by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heaters_pipeline.datasets.fiftyone import FiftyOneWriter
from heaters_pipeline.datasets.huggingface import HuggingFaceWriter
from heaters_pipeline.datasets.parquet import ParquetWriter
from heaters_pipeline.datasets.rows import Objects, Sink, Writer
from heaters_pipeline.datasets.webdataset import WebDatasetWriter

FORMATS: Mapping[str, Callable[[Sink, Objects, int], Writer]] = {
    "webdataset": WebDatasetWriter,
    "huggingface": HuggingFaceWriter,
    "parquet": ParquetWriter,
    "fiftyone": FiftyOneWriter,
}
"""What makes a writer. The last argument is the most bytes of media in one shard."""
