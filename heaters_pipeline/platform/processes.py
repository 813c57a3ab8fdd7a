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

MARK = "HEATERS_SUPERVISED"
"""Environment variable with the home, in every process that `up` starts and in all their
descendants: unlike a process id in a file, it can't come to mean another program."""

STOP_SECONDS = 6
LOG_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass
class Child:
    """A program that restarts when it ends, after a longer pause each time if it never stays up."""

    name: str
    title: str
    """As sentences call it."""
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    is_vital: bool = True
    """Without it the others are of no use: if it never stays up, all ends."""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    deaths: int = 0
    """In a row, each sooner than HEALTHY_SECONDS after its start."""
    due: float = 0
    """When to start it again (time.monotonic)."""

    HEALTHY_SECONDS = 60
    MOST_DEATHS = 5
    LONGEST_PAUSE = 300

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
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

    def has_died(self) -> bool:
        """True once for each end of the process; `due` then says when to start it again."""
        if self.process is None or self.process.poll() is None:
            return False
        lived = time.monotonic() - self.started
        self.deaths = 1 if lived > self.HEALTHY_SECONDS else self.deaths + 1
        self.due = time.monotonic() + min(2 ** (self.deaths - 1), self.LONGEST_PAUSE)
        return True

    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    def last_lines(self, count: int = 12) -> str:
        with self.log.open("rb") as log:
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
