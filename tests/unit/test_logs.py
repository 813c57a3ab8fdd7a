"""What a log says of text that strangers chose."""

from __future__ import annotations

import logging
from io import StringIO

from heaters_pipeline.files.logs import Lines, escaped

FORGED = "/a\n2026-01-01 00:00:00,000 Everything is well.\r\x1b[2J\x85\u2028\u202e"


def written(say: str, *parameters: object, error: Exception | None = None) -> list[str]:
    """The lines of one message, without the time that each message begins with."""
    to = StringIO()
    handler = logging.StreamHandler(to)
    handler.setFormatter(Lines())
    record = logging.LogRecord("a", logging.WARNING, __file__, 1, say, parameters, None)
    if error is not None:
        record.exc_info = (type(error), error, None)
    handler.handle(record)
    first, *others = to.getvalue().split("\n")[:-1]
    return [first.split(" ", 2)[2], *others]


def test_a_message_is_one_line_that_can_be_read() -> None:
    (line,) = written("Refused %s", FORGED)
    assert line == (
        r"Refused /a\n2026-01-01 00:00:00,000 Everything is well.\r\x1b[2J\x85\u2028\u202e"
    )
    seen = "Größe, 寸法 \N{SLIGHTLY SMILING FACE}"
    assert escaped(seen) == seen


def test_what_an_error_says_begins_no_line() -> None:
    _, *trace = written("Refused", error=ValueError(FORGED))
    assert len(trace) > 1
    assert all(line.startswith("    ") and line.isprintable() for line in trace)
