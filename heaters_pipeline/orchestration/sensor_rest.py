"""How long a sensor rests after it has looked through everything: the larger an installation, the
longer a look takes, and the rarer it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

SHARE = 0.02
"""Of the time, which looks may take."""


@dataclass(frozen=True)
class Look:
    """A look that found nothing to do, as the sensor's cursor keeps it."""

    at: float
    """Its end, in seconds since 1970 by the clock of the daemon."""
    took: float
    """Seconds."""
    sought: str
    """A mark of what was looked for: another one ends the rest."""

    @classmethod
    def of_cursor(cls, cursor: str | None) -> Look | None:
        return cls(**json.loads(cursor)) if cursor else None

    @property
    def cursor(self) -> str:
        return json.dumps(asdict(self))

    def is_enough(self, now: float, sought: str) -> bool:
        """Whether the sensor still rests. A clock that is set back ends the rest."""
        return sought == self.sought and 0 <= now - self.at < self.took / SHARE
