"""Clips that leave the house: which ones somebody asks for, and what the manifest says of their
files. Pure."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from fractions import Fraction
from io import StringIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.selection import STATES, Order, Selection, Shown
from heaters_pipeline.domain.spreadsheets import cell
from heaters_pipeline.domain.states import BEFORE_REVIEW, ClipState

MANIFEST = "manifest.json"
MANIFEST_CSV = "manifest.csv"
FORMAT = "heaters-handover"
VERSION = 1

MOST_NAMED = 12
"""Clips that a sentence names; of more it tells the number."""


def arguments_of(text: str) -> dict[str, str]:
    """The arguments that SELECTION means on the command line: `12,15,20` are the ids of clips, what
    has an equals sign is (the end of) a page's address, anything else is the name of a collection.

    Raises InputError for an argument that no selection has, and for an empty text: nobody means all
    clips by a variable that is not set.
    """
    text = text.strip()
    if not text:
        raise InputError("The selection is empty: for all clips of the library, say state=library.")
    if re.fullmatch(r"[0-9]+(\s*,\s*[0-9]+)*", text):
        return {"ids": text}
    if "=" not in text:
        return {"collection": text}
    query = urlsplit(text).query if "?" in text else text
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given[name] = f"{given[name]},{value}" if name in given else value
    known = [field.name for field in fields(Selection)]
    if strange := sorted(given.keys() - {*known, "page", "profile"}):
        raise InputError(f"A selection has no {strange[0]!r}: it has {', '.join(known)}.")
    return given


def wanted(arguments: Mapping[str, str]) -> Selection:
    """In the order of the collection, or of the ids, or else of the library."""
    selection = Selection.parse(arguments)
    if arguments.get("order", "").strip():
        return selection
    return replace(selection, order=Order.GIVEN if selection.names_clips else Order.NEWEST)


@dataclass(frozen=True)
class Source:
    """The video that a clip is from."""

    key: str
    title: str
    url: str | None
    """Where on the web it is from; None: nowhere. Paths of this machine are nobody else's."""
    rate: Fraction
    sha256: str | None


@dataclass(frozen=True)
class File:
    """A clip's file of one profile."""

    name: str
    """What it is called where it goes."""
    key: str
    """Its storage key."""
    bytes: int
    sha256: str | None
    """None of files that are older than receipts."""
    profile: str
    profile_hash: str
    frames: FrameRange
    """Those of the source that it holds; of a group, from its first to its last."""
    start_seconds: float
    """When the first of them is shown in the source, and the last one is over."""
    end_seconds: float
    made_at: datetime
    receipt: Mapping[str, Any] | None

    @property
    def seconds(self) -> float:
        """That the file takes; of one that nobody measured, what its frames take in the source."""
        if self.receipt:
            return float(self.receipt["duration_seconds"])
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True)
class Group:
    """A group of clips whose file holds them all."""

    name: str | None
    clip_ids: tuple[int, ...]
    """In the film's order, as are the ranges."""
    ranges: tuple[FrameRange, ...]
    """Of the source, that the file holds one after the other."""


@dataclass(frozen=True)
class Handed:
    """A clip with its file, or a group with the one that holds it."""

    clip_id: int
    """Of a group, its first clip."""
    frames: FrameRange
    """The clip's own, and their times: the file may hold less."""
    start_seconds: float
    end_seconds: float
    labels: Sequence[str]
    rating: int | None
    note: str | None
    decision: Action | None
    """By which it has its state; None where nobody decided."""
    decided_by: str | None
    """Who approved it; of a group, its first clip."""
    decided_at: datetime | None
    source: Source
    file: File
    group: Group | None = None

    @property
    def clip_ids(self) -> tuple[int, ...]:
        """All that the file holds."""
        return self.group.clip_ids if self.group else (self.clip_id,)

    @property
    def ranges(self) -> tuple[FrameRange, ...]:
        """Of the source, that the file holds."""
        return self.group.ranges if self.group else (self.file.frames,)

    def as_json(self) -> dict[str, Any]:
        file, source = self.file, self.source
        return {
            "file": file.name,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "profile": file.profile,
            "profile_hash": file.profile_hash,
            "made_at": file.made_at.isoformat(),
            "frames": file.frames.as_json(),
            "times": {"start_seconds": file.start_seconds, "end_seconds": file.end_seconds},
            "receipt": file.receipt,
            "clip": {
                "id": self.clip_id,
                **self.frames.as_json(),
                "start_seconds": self.start_seconds,
                "end_seconds": self.end_seconds,
                "labels": list(self.labels),
                "rating": self.rating,
                "note": self.note,
                "decision": self.decision,
                "decided_by": self.decided_by,
                "decided_at": self.decided_at.isoformat() if self.decided_at else None,
            },
            "source": {**asdict(source), "rate": [source.rate.numerator, source.rate.denominator]},
            **({"group": self._group(self.group)} if self.group else {}),
        }

    @staticmethod
    def _group(group: Group) -> dict[str, Any]:
        ranges = [each.as_json() for each in group.ranges]
        return {"name": group.name, "clip_ids": list(group.clip_ids), "ranges": ranges}


@dataclass(frozen=True)
class LeftOut:
    """A clip that is not handed over: nobody approved it, or there is no file of what it is now."""

    clip_id: int
    why: str
    """As in `not exported yet`."""


@dataclass(frozen=True)
class Handover:
    profile: str
    clips: Sequence[Handed]
    """In the order of the selection."""
    left_out: Sequence[LeftOut]

    @property
    def bytes(self) -> int:
        return sum(each.file.bytes for each in self.clips)

    @property
    def seconds(self) -> float:
        return sum(each.file.seconds for each in self.clips)

    @property
    def digests(self) -> dict[int, str | None]:
        """The SHA-256 of the file of each clip, those of groups, too."""
        return {clip_id: each.file.sha256 for each in self.clips for clip_id in each.clip_ids}

    @property
    def sentence(self) -> str | None:
        """Names what is left out; None where nothing is."""
        return told(self.left_out, len(self.digests) + len(self.left_out))


def told(left_out: Sequence[LeftOut], total: int) -> str | None:
    """Names what is left out of `total` clips; None where nothing is."""
    if not left_out:
        return None
    by_reason: dict[str, list[int]] = {}
    for each in left_out:
        by_reason.setdefault(each.why, []).append(each.clip_id)
    reasons = "; ".join(f"{_clips(ids)} ({why})" for why, ids in by_reason.items())
    return f"{len(left_out)} of {total} {'clip' if total == 1 else 'clips'} left out: {reasons}."


def _clips(ids: Sequence[int]) -> str:
    named = ", ".join(map(str, ids[:MOST_NAMED]))
    if len(ids) > MOST_NAMED:
        return f"clips {named} and {len(ids) - MOST_NAMED} more"
    return f"clip {named}" if len(ids) == 1 else f"clips {named}"


_WHY = {
    **dict.fromkeys((*BEFORE_REVIEW, ClipState.PENDING_REVIEW), "not reviewed yet"),
    ClipState.REVIEW_SKIPPED: "skipped",
    ClipState.REVIEW_ARCHIVED: "archived",
    ClipState.ARCHIVED: "archived",
    ClipState.SUPERSEDED: "replaced by other clips",
    ClipState.REVIEW_APPROVED: "not exported yet",
    ClipState.EXPORTING: "being exported",
    ClipState.EXPORT_FAILED: "its export failed",
}


def why_left_out(state: ClipState, profile: str) -> str:
    """Why a clip of this state is not handed over: nobody approved it, or it has no file of the
    profile."""
    return _WHY.get(state, f"no file of the profile {profile} yet")


def why_not_on_film(selection: Selection, clip_id: int, state: ClipState | None) -> str | None:
    """Why a clip that a selection found is on no timeline of films; None where it is on them. Clips
    that nobody wants are there where somebody asks for them by their state or their ids, those that
    were replaced never. The state is None of an id that no clip has."""
    if state is None:
        return NO_CLIP
    is_asked_for = bool(selection.state) or clip_id in {*selection.ids, selection.clip}
    if state == ClipState.SUPERSEDED or (state in _UNWANTED and not is_asked_for):
        return _WHY[state]
    return None


_UNWANTED = STATES[Shown.SKIPPED] | STATES[Shown.ARCHIVED]

NO_CLIP = "there is none"


def why_older(profile: str, *, is_for_it: bool, is_archived: bool, failed: bool) -> str:
    """Why a clip has a file of what it, or the profile, was before, and none of what it is now."""
    if not is_for_it:
        return f"made by an earlier {profile}, which is for other clips now"
    if is_archived:
        return "a new file needs the archived video"
    return "a new file failed" if failed else "waiting for a new file"


Entry = Mapping[str, Any]
"""What a manifest says of a file."""


def manifest(handover: Handover, earlier: Iterable[Entry] = ()) -> str:
    """JSON. The same files always give the same text. `earlier` are entries of the manifest that is
    there already; those whose files this handover does not name follow its own."""
    clips = [each.as_json() for each in handover.clips]
    names = {each["file"] for each in clips}
    described = {
        "format": FORMAT,
        "version": VERSION,
        "clips": [*clips, *(each for each in earlier if each["file"] not in names)],
        "left_out": [{"clip": each.clip_id, "why": each.why} for each in handover.left_out],
    }
    return json.dumps(described, ensure_ascii=False, indent=1) + "\n"


def entries(text: str) -> list[dict[str, Any]]:
    """The files that a manifest names. Raises InputError for a text that is none of ours."""
    try:
        found = json.loads(text)
        clips = found["clips"] if found["format"] == FORMAT else None
        if isinstance(clips, list) and all(
            _is_plain(each["file"])
            and isinstance(each["profile"], str)
            and all(isinstance(clip_id, int) for clip_id in _held(each))
            for each in clips
        ):
            return clips
    except (ValueError, KeyError, TypeError):
        pass
    raise InputError(f"The {MANIFEST} there is not one of Heaters: move it, or go elsewhere.")


def _is_plain(name: object) -> bool:
    """Whether a file of that name lies where its manifest does."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set("/\\\0") & set(name)


def _held(entry: Entry) -> list[int]:
    """The clips that a file holds."""
    return list(entry["group"]["clip_ids"]) if "group" in entry else [entry["clip"]["id"]]


class Divided(NamedTuple):
    stay: list[Entry]
    replaced: list[Entry]


def divided(earlier: Iterable[Entry], clips: Iterable[Handed]) -> Divided:
    """The entries of a manifest by whether these files come in their place: a clip has one file of
    a profile."""
    held = {(each.file.profile, clip_id) for each in clips for clip_id in each.clip_ids}
    found = Divided([], [])
    for each in earlier:
        is_replaced = any((each["profile"], clip_id) in held for clip_id in _held(each))
        (found.replaced if is_replaced else found.stay).append(each)
    return found


CSV_COLUMNS = (
    *("file", "bytes", "sha256", "profile", "clip", "video", "title", "url"),
    *("start_frame", "end_frame", "start_seconds", "end_seconds"),
    *("labels", "rating", "note", "decided_by", "decision", "decided_at"),
)
"""`start_frame` and `end_frame` are `[start, end)` of the source, as the file holds them, the times
those of the same."""


def manifest_csv(described: str) -> str:
    """The files of a manifest, a line each."""
    page = StringIO()
    lines = csv.writer(page)
    lines.writerow(CSV_COLUMNS)
    for each in entries(described):
        clip, source, times = each["clip"], each["source"], _times(each)
        lines.writerow(
            [
                *(cell(each["file"]), each["bytes"], each["sha256"], each["profile"]),
                *(clip["id"], source["key"], cell(source["title"]), cell(source["url"] or "")),
                *(each["frames"]["start_frame"], each["frames"]["end_frame"]),
                *(f"{times[end]:.6f}" if times else "" for end in _ENDS),
                *(cell(",".join(clip["labels"])), clip["rating"]),
                *(cell(clip["note"] or ""), cell(clip["decided_by"] or "")),
                *(clip.get("decision"), clip.get("decided_at")),
            ]
        )
    return page.getvalue()


_ENDS = ("start_seconds", "end_seconds")


def _times(entry: Mapping[str, Any]) -> Mapping[str, float] | None:
    """When the frames of a file are shown. Older entries know the times of the clip alone, which
    are those of the file where that holds the whole clip."""
    if "times" in entry:
        return dict(entry["times"])
    clip, frames = entry["clip"], entry["frames"]
    return clip if all(clip[end] == frame for end, frame in frames.items()) else None
