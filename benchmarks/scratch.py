"""Where benchmarks work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heaters_pipeline.files.scratch import scratch_folder


@contextmanager
def work_folder() -> Iterator[Path]:
    """A new folder below the system's temporary one (TMPDIR), gone at the end. Not below a home
    folder: started by root, the embedded Postgres refuses those."""
    root = Path(tempfile.gettempdir()) / f"heaters-benchmarks-{os.getuid()}"
    with scratch_folder(root) as folder:
        yield folder
