"""How clips become vectors."""

from __future__ import annotations

from enum import StrEnum

LAYOUT_MODEL = "layout-v1"
"""The built-in descriptor: it needs no weights, and knows no words."""


class Strategy(StrEnum):
    """Which of a clip's keyframes become vectors."""

    SINGLE = "single"
    """The middle keyframe."""
    MEAN = "mean"
    """The mean of all keyframes."""
    FRAMES = "frames"
    """Each keyframe by itself, so that what is found names its frame."""
