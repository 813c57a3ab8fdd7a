"""The listing of the storage and the ledger, walked side by side in the order of their keys,
however many objects there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from heaters_pipeline.db import storage_checks
from heaters_pipeline.db.models import StoredObject
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.storage import Entry
from heaters_pipeline.work.pipeline import Pipeline

PIECE = 1000


class Pair(NamedTuple):
    """What the storage and the ledger say of one key."""

    key: str
    entry: Entry | None
    row: StoredObject | None


def pieces(pipeline: Pipeline, after: str = "") -> Iterator[Sequence[Pair]]:
    """All keys after `after` that the storage or the ledger has, in order, PIECE at a time."""
    pairs = _side_by_side(pipeline, after)
    while piece := list(islice(pairs, PIECE)):
        yield piece


def _side_by_side(pipeline: Pipeline, after: str) -> Iterator[Pair]:
    entries = _in_order(pipeline.storage.entries(after))
    rows = _ledger(pipeline, after)
    entry, row = next(entries, None), next(rows, None)
    while entry is not None or row is not None:
        key = min(each for each in (entry and entry.key, row and row.path) if each)
        here = entry if entry is not None and entry.key == key else None
        there = row if row is not None and row.path == key else None
        yield Pair(key, here, there)
        entry = next(entries, None) if here else entry
        row = next(rows, None) if there else row


def _in_order(entries: Iterator[Entry]) -> Iterator[Entry]:
    last = ""
    for entry in entries:
        if entry.key <= last:
            raise HeatersError(
                f"The storage lists {entry.key!r} after {last!r}: this service does not list "
                "objects in the order of their keys, so it can't be checked."
            )
        last = entry.key
        yield entry


def _ledger(pipeline: Pipeline, after: str) -> Iterator[StoredObject]:
    while True:
        with pipeline.transaction() as session:
            rows = storage_checks.ledger_after(session, after, PIECE)
        yield from rows
        if len(rows) < PIECE:
            return
        after = rows[-1].path
