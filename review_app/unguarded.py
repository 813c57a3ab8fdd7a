"""Whether nobody is in the table of people, so that whoever opens the app on this machine is the
local user. Each of their requests depends on it, and so it is remembered for a moment."""

from __future__ import annotations

import math
import time

from sqlalchemy import Engine

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import reading

KEPT_SECONDS = 1.0
"""For as long the app may stay open after another process has added the first person."""


class Unguarded:
    """That somebody is there is asked each time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found_at = self._forgotten_at = -math.inf

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._forgotten_at < self._found_at and now < self._found_at + KEPT_SECONDS:
            return True
        with reading(self._engine) as session:
            if people.exist(session):
                return False
        self._found_at = now
        return True

    def forget(self) -> None:
        """Of what was asked before this, nothing is remembered."""
        self._forgotten_at = time.monotonic()
