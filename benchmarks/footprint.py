"""How much memory a command holds while it runs, its children's included."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from benchmarks.costs import check_status

SAMPLE_SECONDS = 0.05
"""Between two looks, which take 2 ms. What is held for less is nothing that grows with a film."""

_FIELD = re.compile(r"^(\w+): +(\d+) kB", re.MULTILINE)


@dataclass
class Footprint:
    """Bytes at the worst moment of each; the moments differ."""

    peak: int = 0
    """Of all processes together."""
    peak_step: str = ""
    by_step: dict[str, int] = field(default_factory=dict)
    """Of all processes together, in order of the steps."""
    by_program: dict[str, int] = field(default_factory=dict)

    def add(self, step: str, programs: dict[str, int]) -> None:
        together = sum(programs.values())
        if together > self.peak:
            self.peak, self.peak_step = together, step
        self.by_step[step] = max(together, self.by_step.get(step, 0))
        for name, held in programs.items():
            self.by_program[name] = max(held, self.by_program.get(name, 0))


def footprint_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Footprint, str]:
    """Runs `command` to its end and looks at its memory all the while; what it held and what it
    wrote to standard output. Each line that it writes to standard error names the step that begins;
    a look during which that changes is of neither step, and not counted. Raises HeatersError where
    the command fails.

    Counted, out of /proc/PID/smaps_rollup, is anonymous memory, where a page that a fork shares is
    divided among its processes, and the resident pages of mapped files, once for each program. The
    latter are not divided (PSS would): they'd weigh less while somebody else runs the same program.
    """
    found = Footprint()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as steps:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=steps
        )
        try:
            while process.poll() is None:
                step, held = _last_line(steps), _held_by(process.pid)
                if _last_line(steps) == step:
                    found.add(step, held)
                time.sleep(SAMPLE_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
        check_status(command, process.returncode, steps)
        output.seek(0)
        return found, output.read()


def _held_by(root: int) -> dict[str, int]:
    """Bytes by name of program, of `root` and all that came from it. A process may end between two
    looks at it."""
    private: Counter[str] = Counter()
    mapped: dict[str, int] = {}
    with suppress(psutil.Error):
        parent = psutil.Process(root)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.Error, OSError):
                name = "ffmpeg" if process.name().startswith("ffmpeg") else "Python"
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                kilobytes = {field: int(value) for field, value in _FIELD.findall(rollup)}
                files = kilobytes["Rss"] - kilobytes["Anonymous"]
                private[name] += 1024 * kilobytes["Pss_Anon"]
                mapped[name] = max(1024 * files, mapped.get(name, 0))
    return {name: private[name] + mapped[name] for name in mapped}


def _last_line(said: IO[str]) -> str:
    """Read at a place of its own: the file's position is the writer's, too."""
    end = os.fstat(said.fileno()).st_size
    *lines, _ = os.pread(said.fileno(), 200, max(0, end - 200)).decode(errors="replace").split("\n")
    return lines[-1] if lines else "start of Python"
