"""Segments: stretches of a review proxy that are finished, each an object of its own, while the
rest of it is still being made.

An object holds the samples of its frames back to back and nothing else, so that all of them, one
after the other, are one run of bytes. The frame index of such a proxy counts its offsets in that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from typing_extensions import TypedDict


class Segment(TypedDict):
    path: str
    """Its storage key."""
    frames: int
    bytes: int


class Segments(TypedDict):
    """What is there of a proxy, from its first frame on."""

    source_sha256: str
    """Of the source that it is made from."""
    parts: list[Segment]


class Span(NamedTuple):
    """Bytes of an object."""

    path: str
    start: int
    length: int


def spans(parts: Sequence[Segment], start: int, length: int) -> list[Span]:
    """Where the `length` bytes from byte `start` of all parts together lie, in order. Bytes beyond
    the last part lie nowhere."""
    found, before = [], 0
    for part in parts:
        first, last = max(start, before), min(start + length, before + part["bytes"])
        if first < last:
            found.append(Span(part["path"], first - before, last - first))
        before += part["bytes"]
    return found
