"""Running ffmpeg: its binary, the names of its inputs, and a child that can't outlive its step."""

from __future__ import annotations

import ctypes
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import ffmpeg

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.files.spans import span
from heaters_pipeline.media.ffmpeg.demuxers import one_file

OLDEST_MAJOR = 8
"""The oldest ffmpeg, by its major version, that knows every option used here (an input's
`-apply_cropping` came with 7.1)."""

STOPPED_STATUS = 255
"""ffmpeg's exit status after a signal that asked it to end."""

STOP_SECONDS = 2.0
"""From TERM to KILL: cancelling a run takes 5 seconds at most."""

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_CAP_SYS_NICE = 23
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork

ProgressCallback = Callable[["Progress"], None]
MessageCallback = Callable[[str], None]


_over: ContextVar[threading.Event | None] = ContextVar("over", default=None)


class Stopped(BaseException):
    """The work that a run belongs to is over. It is no Exception, so that nobody takes it for a
    failure of the run."""


@contextmanager
def stopped_by(event: threading.Event) -> Iterator[None]:
    """Within, each run in this thread raises Stopped about a second after `event` is set, and none
    begins. (An exception that a signal handler raises reaches the main thread only.)"""
    before = _over.set(event)
    try:
        yield
    finally:
        _over.reset(before)


Options = Mapping[str, Any]
"""Options of ffmpeg's or of one of its filters, by name."""


class Progress(NamedTuple):
    """How far a run is: frames and seconds of video written."""

    frames_done: int
    seconds_done: float


@lru_cache(maxsize=1)
def ffmpeg_binary() -> str:
    """The ffmpeg on PATH if it is recent enough, else the one that imageio-ffmpeg carries."""
    on_path = shutil.which("ffmpeg")
    if on_path and _major_version(on_path) >= OLDEST_MAJOR:
        return on_path
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise HeatersError(
            f"No ffmpeg {OLDEST_MAJOR} or later on PATH, and none in the package imageio-ffmpeg: "
            "install ffmpeg."
        ) from error


@lru_cache(maxsize=1)
def ffmpeg_version() -> str:
    """What that ffmpeg calls its version."""
    banner = subprocess.run(
        [ffmpeg_binary(), "-version"], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    return banner.split()[2]


def _major_version(binary: str) -> int:
    """A build named by date or commit (`N-119...`) counts as recent."""
    with suppress(OSError, subprocess.SubprocessError):
        banner = subprocess.run(
            [binary, "-version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
        if found := re.match(r"ffmpeg version n?(\d+)\.", banner):
            return int(found[1])
        if banner.startswith("ffmpeg version N-"):
            return OLDEST_MAJOR
    return 0


def file_url(path: Path) -> str:
    """`path` as ffmpeg and PyAV take it: never an option, a pattern or another protocol."""
    return f"file:{path.absolute()}"


def input_file(path: Path, **options: Any) -> Any:
    """An ffmpeg-python input that opens this file only and shows frames as they are stored: not
    turned, not cropped by the container, and through one filter graph from first to last. (A change
    of the image would start a second graph, whose frame numbers would begin again.)"""
    return ffmpeg.input(
        file_url(path),
        noautorotate=None,
        **one_file(path),
        **{"reinit_filter:v": 0, "apply_cropping:v": "codec"},
        **options,
    )


def run(
    stream: Any,
    *,
    what: str,
    on_progress: ProgressCallback | None = None,
    on_message: MessageCallback | None = None,
    stall_seconds: float,
) -> None:
    """Runs an ffmpeg-python output (or `merge_outputs` of several) to its end. All of an input that
    can be decoded is decoded, however much can't be.

    `on_progress` is called about once a second or more often, `on_message` for each of ffmpeg's
    warnings and errors (lines with `[warning]` or `[error]` in them). A run without progress for
    `stall_seconds` is stopped. Raises HeatersError as "Could not <what>: <ffmpeg's reason>", and
    InputError where the input can't be read. The child and its group are gone when this returns or
    raises, whatever interrupts it.
    """
    heed_stop()
    command = (
        stream.global_args("-hide_banner", "-nostdin", "-loglevel", "level+warning")
        .global_args("-max_error_rate", "1")
        .global_args("-progress", "pipe:1", "-stats_period", "0.5")
        .compile(cmd=ffmpeg_binary(), overwrite_output=True)
    )
    ignore: Callable[[Any], None] = lambda _: None  # noqa: E731
    with span("ffmpeg", what=what), _child(command) as process:
        complaints = _watch(
            process, what, on_progress or ignore, on_message or ignore, stall_seconds
        )
        status = process.wait()
    if status != 0:
        stopped = status == STOPPED_STATUS  # before it had anything to say of the input
        kind = InputError if _blames_input(complaints) and not stopped else HeatersError
        raise kind(f"Could not {what}: {_reason(complaints, status)}.")


@contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    parent = os.getpid()

    def prepare() -> None:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Started by root, SVT-AV1 makes its threads real-time ones, and all others wait.
        _libc.prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE)
        if os.getppid() != parent:
            os._exit(1)

    process = None
    try:
        # A signal whose handler raises waits until the child can be stopped.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
                preexec_fn=prepare,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield process
    finally:
        if process:
            _stop(process)
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _watch(
    process: subprocess.Popen[bytes],
    what: str,
    on_progress: ProgressCallback,
    on_message: MessageCallback,
    stall_seconds: float,
) -> list[str]:
    """Reads both pipes to their ends; returns the last errors on stderr.

    A run that neither writes frames nor reads bytes (`+faststart` rewrites a file after the last
    frame, without progress) for `stall_seconds` has stalled.
    """
    assert process.stdout and process.stderr  # noqa: S101
    report: dict[str, str] = {}
    complaints: deque[str] = deque(maxlen=30)
    seen: object = None
    alive_at = told_at = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, _Lines(process.stdout))
        selector.register(process.stderr, selectors.EVENT_READ, _Lines(process.stderr))
        while selector.get_map():
            heed_stop()
            for key, _ in selector.select(timeout=1.0):
                lines = key.data.read()
                if lines is None:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    for line in lines:
                        on_message(line)
                    complaints.extend(line for line in lines if _ERROR.search(line))
                else:
                    for line in lines:
                        name, _, value = line.partition("=")
                        report[name] = value.strip()
                        if name == "progress":
                            on_progress(_progress(report))
                            told_at = time.monotonic()
            if time.monotonic() - told_at > 1:
                on_progress(_progress(report))
                told_at = time.monotonic()
            now = (report.get("frame"), report.get("out_time_us"), _bytes_read(process.pid))
            if now != seen:
                seen, alive_at = now, time.monotonic()
                beat()
            elif time.monotonic() - alive_at > stall_seconds:
                raise HeatersError(
                    f"Could not {what}: ffmpeg made no progress for {stall_seconds:g} seconds; "
                    "try again, or raise HEATERS_STALL_SECONDS if the storage is that slow."
                )
    return list(complaints)


def heed_stop() -> None:
    """Raises Stopped where `stopped_by` says so."""
    event = _over.get()
    if event is not None and event.is_set():
        raise Stopped


class _Lines:
    """Whole lines out of a pipe; a line of more than 8 KB is cut."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._rest = b""

    def read(self) -> list[str] | None:
        data = os.read(self._pipe.fileno(), 65536)
        if not data:
            return None
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = rest[:8192]
        return [line.decode(errors="replace") for line in lines if line.strip()]


def _bytes_read(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/io").read_text().partition("\n")[0]
    return ""


def _progress(report: dict[str, str]) -> Progress:
    frames, microseconds = report.get("frame", ""), report.get("out_time_us", "")
    return Progress(
        int(frames) if frames.isdecimal() else 0,
        int(microseconds) / 1e6 if microseconds.lstrip("-").isdecimal() else 0.0,
    )


_ERROR = re.compile(r"\[(error|fatal|panic)\]")

_FULL = "No space left"

_NOT_MEANT = "Format not on whitelist"

_UNDECODABLE = (
    _NOT_MEANT,
    "Invalid data found",
    "Nothing was written into output file",
    "matches no streams",
    "Decoder not found",
    "no decoder found",
)


def _blames_input(complaints: list[str]) -> bool:
    """A packet that a decoder refuses (`[dec:...]`) ends no run. On a full disk ffmpeg says that it
    wrote nothing, too."""
    if any(_FULL in line for line in complaints):
        return False
    return any(mark in line for line in complaints if "[dec:" not in line for mark in _UNDECODABLE)


def _reason(complaints: list[str], status: int) -> str:
    """The first line that says why: ffmpeg's later ones are consequences of it."""
    said = [re.sub(r"^(\[[^\]]*\] ?)+", "", line).strip() for line in complaints]
    for line in said:
        if _NOT_MEANT in line:
            return "its format is none that Heaters opens"
        if re.search(rf"{_FULL}|Permission denied|Read-only|Input/output error", line):
            return line.rstrip(".")
    if said:
        return said[0].rstrip(".")
    if status < 0:
        return f"ffmpeg was killed by signal {signal.Signals(-status).name}"
    return f"ffmpeg ended with status {status}"
