"""Logs of our programs: one line for each message, and files that stay small."""

from __future__ import annotations

import json
import logging
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from heaters_pipeline.files import spans

MOST_BYTES = 10_000_000
"""Of a log file, about: then it begins anew."""


class Lines(logging.Formatter):
    """Text of strangers in a message can't begin a line of its own, nor steer a terminal: control
    characters are written as escapes, and the lines of a traceback are indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: logging._SysExcInfoType) -> str:
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return _indented(super().formatStack(stack_info))


class JsonLines(logging.Formatter):
    """An object for each message: `time` (UTC), `level`, `logger`, `message`, `error` with its
    traceback where there is one, and what it is about: `video`, `clip`, `run`, `request`. Dagster
    takes it, too (docs/watching.md)."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **spans.facts(),
            **_of_dagster(record),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def _of_dagster(record: logging.LogRecord) -> dict[str, str]:
    """What Dagster's own records say of the run that they belong to."""
    meta = getattr(record, "dagster_meta", None) or {}
    said = {"run": meta.get("run_id"), "step": meta.get("step_key")}
    return {name: value for name, value in said.items() if value}


def begin(form: str) -> None:
    """Messages of this process, from INFO on, and warnings go to its standard error, as `text` or
    `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)


def rotate(log: Path) -> None:
    """Where the file has become large, keep its content beside it, as `.log.1`, and empty it. The
    programs that append to it go on with the same file; what they write in the moment between copy
    and emptying is lost, and what finds no room on the disk. The folder may belong to another user,
    so no link in it is followed."""
    with suppress(OSError):  # nothing may end for the sake of a log
        if log.lstat().st_size <= MOST_BYTES:
            return
        with os.fdopen(os.open(log, os.O_RDWR | os.O_NOFOLLOW), "rb+") as file:
            with suppress(OSError):
                _keep(file, log.with_suffix(".log.1"))
            file.truncate(0)


def _keep(file: BinaryIO, kept: Path) -> None:
    kept.unlink(missing_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        owner = os.fstat(file.fileno())
        os.fchown(copy.fileno(), owner.st_uid, owner.st_gid)
        shutil.copyfileobj(file, copy)


def escaped(text: str) -> str:
    """`text` in one line of characters that can be seen."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {escaped(line)}" for line in text.split("\n"))
