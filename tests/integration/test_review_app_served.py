"""The review app as people run it: `python -m review_app` in a process of its own, by itself and
behind reverse proxies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_without_a_database_it_says_what_to_do(heaters_home: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "review_app"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert run.stderr == (
        "The review app has no database: run `heaters up`, which starts one and the review app "
        "with it, or set DATABASE_URL.\n"
    )
