"""Clips that exist as files alone: a folder of them, or a list of them as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from heaters_pipeline.domain.annotations import annotation_changes
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.older import Fate, OlderClip, OlderFilm
from heaters_pipeline.work.register import videos_in

COLUMNS = (
    *("file", "source", "start_frame", "end_frame"),
    *("state", "reviewer", "decided_at", "labels", "rating", "note"),
)


@dataclass(frozen=True)
class ListedClips:
    """What a folder or a list says, as an older system would."""

    listed: Sequence[OlderClip]
    sources: Sequence[OlderFilm]
    strange: Counter[str] = field(default_factory=Counter)

    def films(self) -> Sequence[OlderFilm]:
        return self.sources

    def clips(self) -> Sequence[OlderClip]:
        return self.listed

    def with_vectors(self, clip: OlderClip) -> OlderClip:
        return clip


def read_folder(folder: Path) -> ListedClips:
    """The clips in a folder, none decided on; those of a folder within it are of one film. Raises
    InputError where there are none."""
    found = list(videos_in(folder))
    if not found:
        raise InputError(f"The folder {folder} has no videos: check the path.")
    names = [str(path.relative_to(folder)) for path in found]
    clips = [
        OlderClip(
            old_id=name,
            film_id=str(path.parent.relative_to(folder)),
            name=path.stem,
            path=str(path),
            frames=None,
            fate=Fate.PENDING,
        )
        for name, path in zip(names, found, strict=True)
    ]
    films = {clip.film_id: OlderFilm(clip.film_id, _title(folder, clip.film_id)) for clip in clips}
    return ListedClips(clips, list(films.values()))


def _title(folder: Path, within: str) -> str:
    return folder.name if within == "." else within


def read_list(file: Path) -> ListedClips:
    """A CSV with the columns COLUMNS, of which `file` alone is needed. Files are relative to its
    folder; frames are 0-based, `end_frame` the one after the last. Raises InputError, which names
    the line, where a row makes no sense."""
    try:
        table = csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
        rows = list(table)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV in UTF-8: {error}.") from None
    given = set(table.fieldnames or ())
    if "file" not in given:
        raise InputError(f"{file} has no column file: its first line must name its columns.")
    if strange := given - {*COLUMNS}:
        raise InputError(
            f"{file} has the column {min(strange)}, which nobody knows: the columns are "
            f"{', '.join(COLUMNS)}."
        )
    clips, films = [], {}
    for number, row in enumerate(rows, start=2):
        try:
            clip, film = _clip(file.parent, row)
        except (InputError, ValueError) as error:
            raise InputError(f"Line {number} of {file}: {error}") from None
        clips.append(clip)
        films[film.old_id] = film
    return ListedClips(clips, list(films.values()))


def _clip(folder: Path, row: Mapping[str, str | None]) -> tuple[OlderClip, OlderFilm]:
    if None in row:
        raise InputError("It has more cells than there are columns.")

    def cell(name: str) -> str | None:
        return (row.get(name) or "").strip() or None

    path = cell("file")
    if path is None:
        raise InputError("The cell file is empty.")
    source = cell("source")
    local = folder / source if source and "://" not in source else None
    film = OlderFilm(
        source or ".",
        Path(source).stem if source else folder.name,
        path=str(local) if local and local.is_file() else None,
        url=source if source and "://" in source else None,
    )
    state = cell("state") or Fate.PENDING
    if state not in {Fate.PENDING, Fate.APPROVED, Fate.SKIPPED, Fate.ARCHIVED}:
        raise InputError(f"The state is {state!r}: write pending, approved, skipped or archived.")
    fields: dict[str, object] = {"note": cell("note")}
    if labels := cell("labels"):
        fields["labels"] = [each.strip() for each in labels.split(",") if each.strip()]
    if rating := cell("rating"):
        fields["rating"] = int(rating)
    said = annotation_changes(fields)
    clip = OlderClip(
        old_id=path,
        film_id=film.old_id,
        name=Path(path).stem,
        path=str(folder / path),
        frames=_frames(cell("start_frame"), cell("end_frame")),
        fate=Fate(state),
        reviewer=cell("reviewer"),
        decided_at=_time(cell("decided_at")),
        labels=said.get("labels", ()),
        rating=said.get("rating"),
        note=said.get("note"),
    )
    return clip, film


def _frames(start: str | None, end: str | None) -> FrameRange | None:
    if start is None or end is None:
        return None
    frames = FrameRange(int(start), int(end))
    if not 0 <= frames.start < frames.end:
        raise InputError(f"The frames {start} to {end} are no range.")
    return frames


def _time(text: str | None) -> datetime | None:
    """A time without a zone is one of UTC."""
    at = datetime.fromisoformat(text) if text else None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
