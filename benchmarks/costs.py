"""What a command costs: processor and wall time, its children's included."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

from heaters_pipeline.domain.errors import HeatersError


class Cost(NamedTuple):
    """Seconds."""

    cpu: float
    """User and system time of the process and of all children that it has waited for."""
    wall: float

    def plus(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.wall + other.wall)


def cost_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Cost, str]:
    """Runs `command` to its end; its cost and what it wrote to standard output. Raises HeatersError
    where it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        check_status(command, process.returncode, complaints)
        output.seek(0)
        return Cost(usage.ru_utime + usage.ru_stime, wall), output.read()


def check_status(command: Sequence[str], status: int, complaints: IO[str]) -> None:
    """Raises HeatersError, with the last line of `complaints`, unless `status` is 0."""
    if status != 0:
        complaints.seek(0)
        last = (complaints.read().strip().splitlines() or ["it said nothing"])[-1]
        raise HeatersError(f"{' '.join(command)} ended with status {status}: {last}")
