"""Reading the database of an older system. Nothing is written there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, create_engine

from heaters_pipeline.db.urls import APP_DRIVER, with_driver, without_password
from heaters_pipeline.domain.annotations import AnnotationChanges, annotation_changes
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import (
    NOBODY,
    OlderClip,
    OlderEvent,
    OlderFilm,
    OlderStill,
    OlderVector,
)
from heaters_pipeline.domain.older_mapping import TABLES, UNDECIDED, OlderMapping
from heaters_pipeline.domain.vectors import Strategy


@contextmanager
def open_system(url: str, mapping: OlderMapping) -> Iterator[OlderDatabase]:
    """The database at `url` as the mapping reads it, at one moment. Raises InputError where it does
    not answer, and where a table or column of the mapping is missing."""
    try:
        engine = create_engine(
            with_driver(url, APP_DRIVER),
            isolation_level="REPEATABLE READ",
            connect_args={"options": "-c default_transaction_read_only=on"},
        )
    except (ValueError, sa.exc.ArgumentError):
        raise InputError(
            "What begins with postgres:// is no address of a database: write "
            "postgres://user@host:5432/database."
        ) from None
    try:
        try:
            connection = engine.connect()
        except sa.exc.OperationalError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise InputError(
                f"The older system's database {without_password(url)} can't be read: {reason}."
            ) from None
        with connection:
            _refuse_missing(connection, mapping)
            yield OlderDatabase(connection, mapping)
    finally:
        engine.dispose()


def _refuse_missing(connection: Connection, mapping: OlderMapping) -> None:
    inspected = sa.inspect(connection)
    for name, table in mapping.tables.items():
        if not inspected.has_table(table):
            raise InputError(
                f"The older system has no table {table}, which the mapping names for {name}: name "
                "another one in a copy of the mapping (--mapping)."
            )
        there = {column["name"] for column in inspected.get_columns(table)}
        for ours, column in mapping.columns[name].items():
            if column not in there:
                rest = "." if TABLES[name][ours] else ", or leave that line out."
                raise InputError(
                    f"The table {table} of the older system has no column {column}, which the "
                    f"mapping names for {name}.{ours}: name another one in a copy of the mapping "
                    f"(--mapping){rest}"
                )


@dataclass(frozen=True)
class OlderDatabase:
    connection: Connection
    mapping: OlderMapping
    strange: Counter[str] = field(default_factory=Counter)
    """What was read and can't be taken, in sentences, with how often."""

    def films(self) -> list[OlderFilm]:
        return [
            OlderFilm(
                str(row["id"]),
                row.get("title") or row.get("path") or row.get("url") or f"film {row['id']}",
                row.get("path"),
                row.get("url"),
            )
            for row in self._rows("source_videos")
        ]

    def clips(self) -> list[OlderClip]:
        """All that can be read, by their ids, without their vectors."""
        rates = {str(row["id"]): row.get("rate") for row in self._rows("source_videos")}
        events, stills = self._events(), self._stills()
        found = []
        for row in self._rows("clips"):
            old_id, film_id = str(row["id"]), str(row["source_video_id"])
            fate = self.mapping.states.get(str(row["state"]))
            if fate is None:
                self.strange[f"clips in the state {row['state']}, which the mapping lacks"] += 1
                continue
            said = self._annotation(row)
            found.append(
                OlderClip(
                    old_id=old_id,
                    film_id=film_id,
                    name=str(row.get("name") or f"clip {old_id}"),
                    path=_text(row["path"]),
                    frames=self._frames(row, rates.get(film_id)),
                    fate=fate,
                    events=events.get(old_id, ()),
                    reviewer=_text(row.get("reviewer")),
                    decided_at=_time(row.get("decided_at")),
                    grouped_with=_text(row.get("grouped_with")),
                    labels=said.get("labels", ()),
                    rating=said.get("rating"),
                    note=said.get("note"),
                    stills=stills.get(old_id, ()),
                )
            )
        return found

    def _annotation(self, row: RowMapping) -> AnnotationChanges:
        """What can be said of a clip here, too."""
        said: AnnotationChanges = {}
        read = {
            "labels": _labels(row.get("labels")),
            "rating": _whole(row.get("rating")),
            "note": row.get("note"),
        }
        for name, value in read.items():
            if value is not None:
                try:
                    said |= annotation_changes({name: value})
                except InputError as error:
                    reason = str(error).removesuffix(".")
                    self.strange[f"{name.removesuffix('s')}s of clips ({reason})"] += 1
        return said

    def with_vectors(self, clip: OlderClip) -> OlderClip:
        """The clip with those that it has in the older system."""
        if "embeddings" not in self.mapping.tables:
            return clip
        table, columns = self._columns("embeddings")
        columns["vector"] = sa.cast(columns["vector"], sa.Text)
        query = sa.select(*(each.label(name) for name, each in columns.items())).where(
            sa.cast(table.c[self.mapping.columns["embeddings"]["clip_id"]], sa.Text) == clip.old_id
        )
        vectors = []
        for row in self.connection.execute(query).mappings():
            strategy = self.mapping.strategies.get(str(row["strategy"]))
            if strategy is None:
                self.strange[f"vectors made by {row['strategy']}, which the mapping lacks"] += 1
                continue
            frame = row.get("frame")
            vectors.append(
                OlderVector(
                    str(row["model"]),
                    strategy,
                    None
                    if frame is None or strategy is not Strategy.FRAMES
                    else int(frame) - self.mapping.first_still,
                    [float(each) for each in row["vector"].strip("[]{}").split(",")],
                )
            )
        return replace(clip, vectors=vectors)

    def _events(self) -> Mapping[str, list[OlderEvent]]:
        found: dict[str, list[OlderEvent]] = defaultdict(list)
        for row in self._rows("clip_events"):
            action = self.mapping.actions.get(str(row["action"]))
            if action is None:
                self.strange[f"events {row['action']}, which the mapping lacks"] += 1
            elif action != UNDECIDED:
                who = _text(row.get("reviewer")) or NOBODY
                found[str(row["clip_id"])].append(OlderEvent(action, who, _time(row.get("at"))))
        return found

    def _stills(self) -> Mapping[str, list[OlderStill]]:
        found: dict[str, list[OlderStill]] = defaultdict(list)
        for row in self._rows("clip_artifacts"):
            if row["kind"] != self.mapping.keyframe:
                continue
            if row["frame"] is None or row["frame"] < self.mapping.first_still:
                self.strange["keyframes without the number of their frame"] += 1
                continue
            still = OlderStill(row["frame"] - self.mapping.first_still, row["path"])
            found[str(row["clip_id"])].append(still)
        return found

    def _frames(self, row: Mapping[Any, Any], rate: float | None) -> FrameRange | None:
        first, last = row.get("start_frame"), row.get("end_frame")
        if first is not None and last is not None:
            start = int(first) - self.mapping.first_frame
            end = int(last) - self.mapping.first_frame + self.mapping.last_is_inside
        elif rate and row.get("start_seconds") is not None and row.get("end_seconds") is not None:
            start = round(float(row["start_seconds"]) * float(rate))
            end = round(float(row["end_seconds"]) * float(rate))
        else:
            return None
        return FrameRange(start, end) if 0 <= start < end else None

    def _rows(self, name: str) -> Sequence[RowMapping]:
        """Of a table by our names of its columns, in the order of the first of them."""
        if name not in self.mapping.tables:
            return []
        _, columns = self._columns(name)
        query = sa.select(*(each.label(ours) for ours, each in columns.items()))
        try:
            return (
                self.connection.execute(query.order_by(next(iter(columns.values()))))
                .mappings()
                .all()
            )
        except sa.exc.DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            table = self.mapping.tables[name]
            raise InputError(
                f"The table {table} of the older system can't be read: {reason}."
            ) from None

    def _columns(self, name: str) -> tuple[Any, dict[str, Any]]:
        named = self.mapping.columns[name]
        table = sa.table(self.mapping.tables[name], *map(sa.column, set(named.values())))
        return table, {ours: table.c[column] for ours, column in named.items()}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _labels(value: object) -> object:
    """Of an array, in which nulls and empty texts don't count, or of a text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        return parts
    stripped = [part.strip() if isinstance(part, str) else part for part in parts]
    return [part for part in stripped if part not in (None, "")]


def _whole(value: object) -> object:
    """A whole number as an int, of whatever type its column is."""
    if isinstance(value, float | Decimal) and float(value).is_integer():
        return int(value)
    return value


def _time(value: object) -> datetime | None:
    """A time without a zone is one of UTC, a date the beginning of the day. Raises InputError for
    what is none."""
    read = value
    if isinstance(read, str):
        with suppress(ValueError):
            read = datetime.fromisoformat(read)
    if isinstance(read, date) and not isinstance(read, datetime):
        read = datetime(read.year, read.month, read.day)
    if read is None:
        return None
    if not isinstance(read, datetime):
        raise InputError(
            f"The older system has {value!r} where the mapping names a time: name another column "
            "in a copy of the mapping (--mapping), or leave that line out."
        )
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read
