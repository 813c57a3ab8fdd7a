"""Whether the disk of this machine has room for another video."""

from __future__ import annotations

import shutil
import socket

from heaters_pipeline.files.scratch import sweep
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage


def lack_of_room(storage: Storage, settings: Settings) -> str | None:
    """A sentence where less than HEATERS_MIN_FREE_GB are free in the home, also without the scratch
    of dead runs and copies of the storage's objects."""
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < settings.min_free_bytes:
        sweep(settings.home)
        storage.make_room(settings.min_free_bytes)
        free = shutil.disk_usage(settings.home).free
    if free >= settings.min_free_bytes:
        return None
    return (
        f"Only {free / 10**9:.1f} GB are free in {settings.home} of {socket.gethostname()}: no "
        "other video is begun there before there is more room (HEATERS_MIN_FREE_GB)."
    )
