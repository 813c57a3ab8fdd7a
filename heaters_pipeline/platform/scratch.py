"""Folders for work in progress that a crash can't leave behind for ever."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from heaters_pipeline.platform.locks import lock, try_lock

LOCK_NAME = ".lock"


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A new folder below `home/scratch`, removed on leaving. While it is in use this process holds
    a lock in it, so on entering, folders whose lock nobody holds are removed as leftovers."""
    root = home / "scratch"
    root.mkdir(parents=True, exist_ok=True)
    # Between making a folder and locking it, nobody may sweep.
    with lock(root / LOCK_NAME):
        _sweep(root)
        folder = root / secrets.token_hex(8)
        folder.mkdir()
        held = try_lock(folder / LOCK_NAME)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        if not folder.is_dir():
            continue
        with suppress(FileNotFoundError):  # its owner is just removing it
            held = try_lock(folder / LOCK_NAME)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
