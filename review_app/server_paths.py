"""Which files of the server people may name as sources."""

from __future__ import annotations

from pathlib import Path

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.keys import plain_text
from review_app.services import services


def refuse_outside(reference: str) -> None:
    """Raises InputError for a path, as it stands or behind symbolic links, that is in none of the
    folders of HEATERS_SOURCE_FOLDERS, whether or not there is anything. Addresses pass."""
    settings = services().settings
    folders = settings.source_folders
    is_free = folders is None and settings.is_private
    if "://" in reference or "\0" in reference or is_free:
        return
    try:
        path = Path(reference).expanduser().resolve()
        if any(path.is_relative_to(folder.resolve()) for folder in folders or ()):
            return
    except (OSError, RuntimeError):  # a name that is too long, `~` of nobody, links in a circle
        pass
    raise InputError(
        f"{plain_text(reference)} is no file that may be added here: upload it, or add its folder "
        "to HEATERS_SOURCE_FOLDERS."
    )
