"""The processes that `heaters up` starts, and how a later command finds them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from heaters_pipeline.files.logs import rotate

MARK = "HEATERS_SUPERVISED"
"""Environment variable with the home, in every process that `up` starts and in all their
descendants: unlike a process id in a file, it can't come to mean another program."""

STOP_SECONDS = 6
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass
class Child:
    """A program that restarts when it ends, for ever, after a longer pause each time if it never
    stays up."""

    name: str
    title: str
    """As sentences call it."""
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    is_vital: bool = True
    """Without it the others are of no use: if it ends while all start, they end, too."""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    deaths: int = 0
    """In a row, each sooner than HEALTHY_SECONDS after its start."""
    due: float = 0
    """When to start it again (time.monotonic)."""

    HEALTHY_SECONDS = 60
    FIRST_PAUSE = 1.0
    LONGEST_PAUSE = 60.0
    MANY_DEATHS = 7
    """Then the pause is as long as it gets, and no further end is told."""

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        rotate(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_in_new_child(os.getpid()),
            )
        self.started = time.monotonic()

    def look_after(self, say: Callable[[str], None]) -> None:
        """Start the program again when it has ended and its pause is over, however often that was.
        Call it every now and then. `say` gets a line for what a person should know."""
        rotate(self.log)
        code = self.exit_code()
        if code is not None:
            self._bury(ending(code), say)
        elif self.process is not None and self.deaths:
            self._heal(say)
        if self.process is None and time.monotonic() >= self.due:
            try:
                self.start()
            except OSError as error:
                self._bury(f"it can't start: {error.strerror}", say)

    def _bury(self, how: str, say: Callable[[str], None]) -> None:
        self.process = None
        self.deaths += 1
        # The bound keeps the power a number that fits.
        pause = min(self.FIRST_PAUSE * 2 ** min(self.deaths - 1, 20), self.LONGEST_PAUSE)
        self.due = time.monotonic() + pause
        if self.deaths < self.MANY_DEATHS:
            again = f"starts again in {pause:.0f} s; its log is {self.log}"
            say(f"{self.title} ended ({how}) and {again}.")
        elif self.deaths == self.MANY_DEATHS:
            say(
                f"{self.title} keeps ending ({how}, {self.deaths} times in a row); the rest goes "
                f"on, and it is tried again every {pause:.0f} s. The last lines of {self.log}:\n"
                f"{self.last_lines()}"
            )

    def _heal(self, say: Callable[[str], None]) -> None:
        if time.monotonic() > self.started + self.HEALTHY_SECONDS:
            if self.deaths >= self.MANY_DEATHS:
                say(f"{self.title} stays up again.")
            self.deaths = 0

    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def last_lines(self, count: int = 12) -> str:
        lines: list[str] = []
        with suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 20_000))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-count:])


def ending(code: int | None) -> str:
    """An exit code in words, or the signal that ended the process."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _in_new_child(parent: int) -> Callable[[], None]:
    """What a child runs before its program: it restores the default signal handlers (Dagster
    ignores SIGTERM where SIGINT is ignored) and asks to die with its parent."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def stop_gently(processes: list[subprocess.Popen[bytes]], seconds: float = STOP_SECONDS) -> None:
    """SIGTERM, and SIGKILL to those that are still there `seconds` later."""
    for process in processes:
        process.terminate()
    end = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def kill_marked(home: Path) -> int:
    """Kill every process that an `up` of this home started, and their descendants, and wait until
    they are gone; returns how many there were. The next `up` starts a killed run again, whereas a
    run that gets SIGTERM counts as cancelled."""
    count = 0
    # Until none is left: a process may have started another one meanwhile.
    while found := _marked(home):
        count += len(found)
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=10)
    return count


def _marked(home: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _is_marked(process, str(home))]


def _is_marked(process: psutil.Process, home: str) -> bool:
    try:
        return bool(
            process.environ().get(MARK) == home
            and process.pid != os.getpid()
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (psutil.Error, OSError):
        return False
