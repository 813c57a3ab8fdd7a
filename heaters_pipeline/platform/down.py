"""`heaters down`: stops the programs of a home, whoever started them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.home_lock import take_over_home
from heaters_pipeline.platform.processes import kill_marked


def down(home: Path, say: Callable[[str], None]) -> None:
    """Stop every process that runs or was left running in this home, the embedded Postgres
    included."""
    held, ran = take_over_home(home)
    stopped = ["Heaters"] if ran else []
    try:
        leftovers = kill_marked(home)
        if leftovers:
            stopped.append(f"{leftovers} processes that had been left behind")
        if EmbeddedPostgres(home).stop():
            stopped.append("Postgres")
        say(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")
    finally:
        os.close(held)
