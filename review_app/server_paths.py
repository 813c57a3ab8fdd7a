"""Which files of the server people may name as sources."""

from __future__ import annotations

from pathlib import Path

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.keys import plain_text
from heaters_pipeline.files.inside import folder_of
from review_app.services import services


def refuse_outside(reference: str) -> None:
    """Raises InputError for a path, as it stands or behind symbolic links, that is in none of the
    folders of HEATERS_SOURCE_FOLDERS, whether or not there is anything. Addresses pass."""
    settings = services().settings
    folders = settings.source_folders
    is_free = folders is None and settings.is_private
    if "://" in reference or "\0" in reference or is_free:
        return
    if folder_of(Path(reference), folders or ()) is None:
        raise InputError(
            f"{plain_text(reference)} is no file that may be added here: upload it, or add its "
            "folder to HEATERS_SOURCE_FOLDERS."
        )
