"""When work that shows no sign of life is taken for stuck."""

from __future__ import annotations

from datetime import timedelta

STALLS = 3
"""ffmpeg and servers that stall are noticed by the step itself, which may meet several."""


def longest_silence(stuck_seconds: float, stall_seconds: float) -> timedelta:
    """For so long a step may say nothing, by the settings of these names."""
    return timedelta(seconds=max(stuck_seconds, STALLS * stall_seconds))
