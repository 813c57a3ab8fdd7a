"""How long work will still take."""

from __future__ import annotations

MIN_SHARE = 0.02
"""Below this share of the work done, its pace says little about the rest."""


def seconds_left(share: float | None, elapsed: float) -> float | None:
    """`share` (0 to 1) was done in `elapsed` seconds; None while nobody can tell."""
    if share is None or share < MIN_SHARE:
        return None
    return elapsed * (1 - share) / share


def spoken_duration(seconds: float) -> str:
    """A length of time as people say it: `40 s`, `3 min`, `2 h 10 min`."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
