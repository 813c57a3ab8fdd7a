"""When work that failed, for a reason that may pass, is tried again.

The pauses grow exponentially up to a cap, and half of each is left to chance, so that what failed
together does not come back together: "equal jitter" in Marc Brooker, "Exponential Backoff And
Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import SystemRandom

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 120.0

MOST_TRIES = 20
"""Then the work has failed. The shortest pauses between so many tries add up to more than a quarter
of an hour: no fault that ends within it makes work fail."""


def pause(tries: int, chance: float) -> timedelta:
    """Before the next try, after so many (at least 1). `chance` is a random number, 0 to 1."""
    most = min(FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 20), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=most * (1 + chance) / 2)


def may_try_again(tries: int) -> bool:
    """Whether work that has been tried so often is tried once more."""
    return tries < MOST_TRIES


def some_chance() -> float:
    """A random number, 0 to 1."""
    return SystemRandom().random()


def tries_told(error: str | None, tries: int, retry_at: datetime | None) -> str | None:
    """An error with what becomes of it: `Tried 2 times, again at 12:05: ...`."""
    if error is None or not tries:
        return error
    times = "once" if tries == 1 else f"{tries} times"
    again = f", again at {clock(retry_at)}" if retry_at else ""
    return f"Tried {times}{again}: {error}"


def clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M")
