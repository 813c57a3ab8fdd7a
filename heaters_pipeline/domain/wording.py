"""Words of sentences that several parts have in common."""

from __future__ import annotations


def number_of(count: int, noun: str) -> str:
    """`1 film`, `1,200 films`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
