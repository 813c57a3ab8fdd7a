"""Whether a path lies in a folder, wherever symbolic links lead."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def folder_of(path: Path, folders: Iterable[Path]) -> Path | None:
    """The first of the folders that the path lies in, or is, whether or not there is anything;
    None where it lies in none, or is no path at all (a name that is too long, `~` of nobody, links
    in a circle)."""
    try:
        resolved = path.expanduser().resolve()
        return next((each for each in folders if resolved.is_relative_to(each.resolve())), None)
    except (OSError, RuntimeError, ValueError):
        return None
