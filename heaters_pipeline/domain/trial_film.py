"""The film that `heaters doctor --running` adds to a running Heaters and takes away again. Pure."""

from __future__ import annotations

import re

DOCTOR = "heaters doctor"
"""The person in whose name it works, where people sign in."""

NAME = re.compile(r"heaters-doctor-[0-9a-f]{32}\.mp4")
"""Of its file. It is known by this after a crash, too; the trigger of `review_events` knows it."""


def file_name(mark: str) -> str:
    """`mark` has 32 hexadecimal digits, and makes the film another one each time."""
    return f"heaters-doctor-{mark}.mp4"
