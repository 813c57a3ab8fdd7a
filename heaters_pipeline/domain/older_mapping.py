"""Where an older system keeps what is taken over: a mapping of its tables, columns and words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import Fate
from heaters_pipeline.domain.vectors import Strategy

TABLES: Mapping[str, Mapping[str, bool]] = {
    "source_videos": {"id": True, "title": False, "path": False, "url": False, "rate": False},
    "clips": {
        "id": True,
        "source_video_id": True,
        "path": True,
        "state": True,
        "name": False,
        "start_frame": False,
        "end_frame": False,
        "start_seconds": False,
        "end_seconds": False,
        "grouped_with": False,
        "reviewer": False,
        "decided_at": False,
        "rating": False,
        "note": False,
        "labels": False,
    },
    "clip_artifacts": {"clip_id": True, "kind": True, "path": True, "frame": True},
    "embeddings": {
        "clip_id": True,
        "vector": True,
        "model": True,
        "strategy": True,
        "frame": False,
    },
    "clip_events": {"id": True, "clip_id": True, "action": True, "reviewer": False, "at": False},
}
"""What is read, by table: whether it must be there."""

NEEDED = ("source_videos", "clips")
"""The other tables may be missing."""

UNDECIDED = "other"
"""Actions that are no decision, as of the older system's own steps."""


@dataclass(frozen=True)
class OlderMapping:
    tables: Mapping[str, str]
    """The older names, by ours; without those that are not there."""
    columns: Mapping[str, Mapping[str, str]]
    """By table, by our names."""
    states: Mapping[str, Fate]
    actions: Mapping[str, str]
    """To the names of `Action`, or UNDECIDED."""
    strategies: Mapping[str, Strategy]
    keyframe: str
    """The kind of artifact that is a keyframe."""
    first_still: int
    """The number of a clip's first frame, where stills are named."""
    first_frame: int
    """The number of a film's first frame."""
    last_is_inside: bool
    """Whether `end_frame` is a clip's last frame, or the one after it."""


def parse(text: str, name: str) -> OlderMapping:
    """The mapping in a TOML file. Raises InputError, which names the file, where it makes no
    sense."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is no TOML: {error}.") from None
    try:
        return _mapping(found)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{name} is no mapping of an older system: {_said(error)}.") from None


def _said(error: Exception) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _mapping(found: Mapping[str, Any]) -> OlderMapping:
    tables, columns = {}, {}
    for name, known in TABLES.items():
        if name not in found:
            if name in NEEDED:
                raise KeyError(f"table {name}")
            continue
        given = dict(found[name])
        tables[name] = str(given.pop("table", name))
        if strange := given.keys() - known.keys():
            raise ValueError(f"nothing called {min(strange)} is read of {name}")
        if lacking := {each for each, must in known.items() if must} - given.keys():
            raise KeyError(f"{name}.{min(lacking)}")
        columns[name] = {each: str(column) for each, column in given.items()}
    frames = found["frames"]
    actions = {str(name): str(action) for name, action in found["actions"].items()}
    if strange := set(actions.values()) - {*_DECISIONS, UNDECIDED}:
        raise ValueError(f"{min(strange)} is no action")
    return OlderMapping(
        tables,
        columns,
        {str(name): Fate(fate) for name, fate in found["states"].items()},
        actions,
        {str(name): Strategy(strategy) for name, strategy in found["strategies"].items()},
        str(found["keyframe"]),
        int(frames["first_still"]),
        int(frames["first_frame"]),
        bool(frames["last_is_inside"]),
    )


_DECISIONS = {
    *(Action.APPROVE, Action.SKIP, Action.ARCHIVE, Action.GROUP),
    *(Action.MERGE, Action.SPLIT, Action.UNDO),
}
