"""Large files, a block at a time, each of them a sign of life."""

from __future__ import annotations

from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from heaters_pipeline.files.pulse import beat

BLOCK_BYTES = 1 << 20


def blocks(file: FileIO) -> Iterator[bytes]:
    """The rest of a file that is open without a buffer."""
    while block := file.read(BLOCK_BYTES):
        beat()
        yield block


def copy(source: Path, target: Path) -> None:
    """Writes the content of `source` into a new file `target`: one that was there under other
    names, too, keeps its bytes under those. Raises OSError."""
    with source.open("rb", buffering=0) as file:
        target.unlink(missing_ok=True)
        with target.open("xb") as out:
            for block in blocks(file):
                out.write(block)
