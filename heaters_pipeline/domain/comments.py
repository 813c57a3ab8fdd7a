"""What people say to one another about clips, and whom they mention. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from heaters_pipeline.domain.errors import InputError

LONGEST = 2000
MOST_A_MINUTE = 20
"""Comments of one person."""


def comment_text(text: str) -> str:
    """The text as it is kept: its lines, without spaces around it. Raises InputError."""
    tidy = text.replace("\r\n", "\n").strip()
    if not 1 <= len(tidy) <= LONGEST:
        raise InputError(f"A comment has 1 to {LONGEST} characters; this one has {len(tidy)}.")
    if not all(line.isprintable() for line in tidy.replace("\t", " ").split("\n")):
        raise InputError("A comment has characters that can't be shown: type it anew.")
    return tidy


def mentioned(text: str, names: Iterable[str]) -> Sequence[str]:
    """Who of these people is named after an `@`, in whatever case, each once and in the order of
    the text. Names may have spaces; of two that begin alike the longer one is meant."""
    known = {name.casefold(): name for name in names}
    if not known:
        return []
    longest_first = sorted(known, key=len, reverse=True)
    pattern = rf"(?<!\w)@({'|'.join(map(re.escape, longest_first))})(?!\w)"
    found = re.findall(pattern, text.casefold())
    return list(dict.fromkeys(known[each] for each in found))
