"""Digests of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from heaters_pipeline.files.blocks import blocks


def file_digest(path: Path) -> str:
    """The file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        for block in blocks(file):
            digest.update(block)
    return digest.hexdigest()
