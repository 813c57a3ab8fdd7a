"""Logs of our programs: one line for each message."""

from __future__ import annotations

import logging


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


def begin() -> None:
    """Messages of this process, from INFO on, go to its standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def escaped(text: str) -> str:
    """`text` in one line of characters that can be seen."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {escaped(line)}" for line in text.split("\n"))
