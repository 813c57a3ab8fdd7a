"""Folders for work in progress; what a crash leaves behind is removed later."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from heaters_pipeline.files.locks import lock, try_lock

LOCK_NAME = ".lock"

KEPT_PREFIX = "kept-"
KEPT_SECONDS = 24 * 3600
"""After a day, a half-done download may no longer fit the files that its site serves."""


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A new folder below `home/scratch`, removed on leaving. This process holds a lock in it while
    it is in use; on entering, folders whose lock nobody holds are removed as leftovers."""
    with _locked_folder(home, secrets.token_hex(8)) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kept_folder(
    home: Path, name: str, is_worth_keeping: Callable[[BaseException], bool]
) -> Iterator[Path]:
    """The folder below `home/scratch` of work that can resume. It is removed on leaving, unless
    `is_worth_keeping` says so of the error; then, and after a kill, the next call for `name` finds
    its files, for a day. While another process has the folder, as one that hangs or is stopped
    does, the caller gets a new one, of which nothing is kept."""
    with _locked_folder(home, f"{KEPT_PREFIX}{name}") as folder:
        keep = False
        try:
            yield folder
        except BaseException as error:
            keep = (
                folder.name.startswith(KEPT_PREFIX)
                and is_worth_keeping(error)
                and any(path.is_file() for path in folder.rglob("*") if path.name != LOCK_NAME)
            )
            raise
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked_folder(home: Path, name: str) -> Iterator[Path]:
    """The folder of this name, or a new one where another process has it."""
    root = _root(home)
    # No process may sweep between the creation of a folder and its lock.
    with lock(root / LOCK_NAME):
        _sweep(root)
        folder, held = _taken(root / name)
        while held is None:
            folder, held = _taken(root / secrets.token_hex(8))
    try:
        yield folder
    finally:
        os.close(held)


def _taken(folder: Path) -> tuple[Path, int | None]:
    folder.mkdir(exist_ok=True)
    return folder, try_lock(folder / LOCK_NAME)


def sweep(home: Path) -> None:
    """Removes what dead processes left behind."""
    root = _root(home)
    with lock(root / LOCK_NAME):
        _sweep(root)


def _root(home: Path) -> Path:
    root = home / "scratch"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root


def _sweep(root: Path) -> None:
    for folder in _in(root):
        if not folder.is_dir() or _is_still_kept(folder):
            continue
        with suppress(FileNotFoundError):  # its owner is just removing it
            held = try_lock(folder / LOCK_NAME)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _is_still_kept(folder: Path) -> bool:
    if not folder.name.startswith(KEPT_PREFIX):
        return False
    with suppress(FileNotFoundError):
        newest = max((each.stat().st_mtime for each in folder.rglob("*")), default=0.0)
        return newest > time.time() - KEPT_SECONDS
    return True


def _in(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError):
        return list(folder.iterdir())
    return []
