"""What reviewers like (`db.likeness`), remembered for a while: to learn it takes longer than to
hand out clips, and one more decision changes little."""

from __future__ import annotations

import time

from sqlmodel import Session

from heaters_pipeline.db import likeness
from heaters_pipeline.db.likeness import Likeness

KEPT_SECONDS = 30.0


class Learnt:
    def __init__(self) -> None:
        self._likeness: Likeness | None = None
        self._until = 0.0

    def __call__(self, session: Session) -> Likeness | None:
        """None as long as there is too little to learn from."""
        now = time.monotonic()
        if now >= self._until:
            self._until = now + KEPT_SECONDS
            self._likeness = likeness.learn(session)
        return self._likeness
