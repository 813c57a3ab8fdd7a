"""The two ways from a source video to clips that wait for review."""

from __future__ import annotations

from enum import StrEnum


class ClipPipeline(StrEnum):
    VIRTUAL = "virtual"
    """Clips are ranges of frames. A file is cut of what a reviewer approves."""
    PHYSICAL = "physical"
    """A file is cut of every scene before anybody sees it."""
