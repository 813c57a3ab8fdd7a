"""The lock that keeps a second Heaters off a database: two daemons there start every run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from heaters_pipeline.db.keepalives import ASK_SERVER
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.platform.postgres import connect

if TYPE_CHECKING:
    import psycopg

LOCK_KEY = 0x48455550
"""Of the advisory lock."""


class DatabaseLock:
    """An advisory lock in the database at `url` (Dagster's), and the connection that holds it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def take(self) -> None:
        """Raises DatabaseUnreachable, or HeatersError if another Heaters holds the lock."""
        self._connection = connect(self._url)
        self._connection.autocommit = True
        self._connection.execute(ASK_SERVER)
        if self._ask("SELECT pg_try_advisory_lock(%s)", LOCK_KEY) != (True,):
            self.close()
            raise HeatersError(
                "Another Heaters runs on this database: two would start every run twice; stop the "
                "other one, or give this one a database of its own (DATABASE_URL)."
            )

    def is_held(self) -> bool:
        """Asks the server. Raises psycopg.Error if the connection turns out broken; the lock is not
        held from then on."""
        return self._connection is not None and self._ask("SELECT 1") is not None

    def _ask(self, query: LiteralString, *parameters: object) -> tuple[object, ...] | None:
        assert self._connection is not None  # noqa: S101
        try:
            return self._connection.execute(query, parameters).fetchone()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
