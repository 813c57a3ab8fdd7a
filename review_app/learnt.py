"""What reviewers like (`db.likeness`), remembered for a while: learning takes longer than handing
out clips, and one more decision changes little."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from heaters_pipeline.db import likeness
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.likeness import Likeness

KEPT_SECONDS = 30.0


class Learnt:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._likeness: Likeness | None = None
        self._until = 0.0

    def __call__(self) -> Likeness | None:
        """None as long as there is too little to learn from.

        Learns in a transaction of its own. Call it before a transaction that locks clips: others
        would wait for those while it learns.
        """
        now = time.monotonic()
        if now >= self._until:
            self._until = now + KEPT_SECONDS
            with transaction(self._engine) as session:
                self._likeness = likeness.learn(session)
        return self._likeness
