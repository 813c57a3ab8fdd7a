"""Files that leave the house: copied to a folder or a bucket, or as one ZIP file.

A copy can be repeated: it adds what is new or has changed, and ends the same however often it was
killed before. The manifest comes after the files; until all is done another one names what is under
way, with the files that go because the same clips have new ones.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from heaters_pipeline.db import handed, handovers
from heaters_pipeline.db.likeness import learn
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.handover import (
    MANIFEST,
    MANIFEST_CSV,
    MOST_NAMED,
    Entry,
    Handed,
    Handover,
    divided,
    entries,
    manifest,
    manifest_csv,
)
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.storage.destinations import Destination, is_zip, open_destination, written
from heaters_pipeline.storage.zips import zip_of_handover
from heaters_pipeline.work.pipeline import Pipeline

UNDER_WAY = "manifest.incomplete.json"
"""Is there while files come and go: names those that are ours."""


@dataclass(frozen=True)
class Copied:
    handover: Handover
    place: str
    new: int
    """Files that were not there, or were others."""
    removed: Sequence[str] = ()
    """Names of files that went, as their clips have files of other names now."""
    kept: Sequence[str] = ()
    """Names of files that would have gone, and that somebody has changed."""

    @property
    def unchanged(self) -> int:
        return len(self.handover.clips) - self.new

    @property
    def sentence(self) -> str | None:
        """Names what is left out, what is gone, and what stays; None where there is nothing to
        say."""
        told = [self.handover.sentence]
        if self.removed:
            files = "Its clip has a file" if len(self.removed) == 1 else "Their clips have files"
            told.append(f"Removed: {_names(self.removed)}. {files} of another name now.")
        if self.kept:
            told.append(f"Changed by somebody, so left beside the new: {_names(self.kept)}.")
        return " ".join(filter(None, told)) or None


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def hand_over(
    pipeline: Pipeline,
    arguments: Mapping[str, str],
    to: str,
    *,
    actor: str,
    profile: str = MAIN,
    on_progress: Callable[[float], None] = lambda _done: None,
) -> Copied:
    """Copies the files of a selection `to` a folder, `FILE.zip` or `s3://bucket/prefix`, and notes
    who took them. Raises InputError where there is nothing to copy, or where a file of somebody
    else's has the name of one of them."""
    with pipeline.transaction() as session:
        chosen = handed.selection(session, arguments)
        likeness = learn(session) if chosen.needs_score else None
        found = handed.handover(session, chosen, likeness, profile)
    if not found.clips:
        raise InputError(found.sentence or "The selection has no clips.")
    if is_zip(to):
        copied = _to_zip(pipeline, found, Path(to).expanduser().absolute(), on_progress)
    else:
        destination = open_destination(to, lambda: _s3_client(pipeline))
        copied = _to_destination(pipeline, found, destination, on_progress)
    with pipeline.transaction() as session:
        handovers.note(
            session,
            actor=actor,
            profile=profile,
            selection=chosen.arguments(),
            destination=copied.place,
            files=copied.handover.digests,
        )
    return copied


def _to_zip(
    pipeline: Pipeline, found: Handover, path: Path, on_progress: Callable[[float], None]
) -> Copied:
    if path.exists():
        described = _described_in(path)
        if described is None:
            raise InputError(f"{path} is not one of Heaters: move it, or go elsewhere.")
        if described == manifest(found):
            return Copied(found, str(path), 0)
    made = zip_of_handover(pipeline.storage, found)
    done = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written(path) as file:
            for chunk in made.body:
                file.write(chunk)
                done += len(chunk)
                on_progress(done / made.length)
    except OSError as error:
        raise HeatersError(f"{path} can't be written: {error.strerror or error}.") from error
    return Copied(found, str(path), len(found.clips))


def _described_in(path: Path) -> str | None:
    """The manifest of a ZIP file that is there already; None in what is no such file."""
    try:
        with zipfile.ZipFile(path) as there:
            described = there.read(MANIFEST).decode()
        entries(described)
    except (OSError, KeyError, ValueError, RuntimeError, InputError, zipfile.BadZipFile):
        return None
    return described


def _to_destination(
    pipeline: Pipeline,
    found: Handover,
    destination: Destination,
    on_progress: Callable[[float], None],
) -> Copied:
    digest = cache(destination.digest)
    ours = _ours(destination, digest)
    stay, replaced = divided(ours.values(), found.clips)
    clips = [_measured(pipeline, each) for each in _renamed(found.clips, stay, replaced)]
    found = replace(found, clips=clips)
    there = {each.file.name: digest(each.file.name) for each in clips}
    old = [each for each in replaced if each["file"] not in there]
    new = [each for each in clips if there[each.file.name] != each.file.sha256]
    for each in new:
        if there[each.file.name] is not None and each.file.name not in ours:
            raise InputError(
                f"{destination.place} has a file {each.file.name} that is not from Heaters: move "
                "it, or go elsewhere."
            )
    if new or old:
        destination.write(UNDER_WAY, manifest(found, ours.values()))
    total, done = sum(each.file.bytes for each in new), 0
    for each in new:
        with pipeline.storage.fetch(each.file.key) as local:
            destination.put(local, each.file.name, str(each.file.sha256))
        done += each.file.bytes
        on_progress(done / max(1, total))
    described = manifest(found, stay)
    if destination.read(MANIFEST) != described:
        destination.write(MANIFEST_CSV, manifest_csv(described))
        destination.write(MANIFEST, described)
    removed, kept = _remove(destination, old)
    destination.delete(UNDER_WAY)
    return Copied(found, destination.place, len(new), removed, kept)


def _ours(destination: Destination, digest: Callable[[str], str | None]) -> dict[str, Entry]:
    """Files that came there before, by name. Of a copy that was killed only those that are there as
    it meant them."""
    ours = {each["file"]: each for each in _entries(destination.read(MANIFEST))}
    for each in _entries(destination.read(UNDER_WAY)):
        name = each["file"]
        if ours.get(name) != each and _is_whole(each, digest(name)):
            ours[name] = each
    return ours


def _entries(described: str | None) -> Sequence[Entry]:
    return [] if described is None else entries(described)


def _remove(destination: Destination, old: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """Removes files; the names of those that went, and of those that are not what came there."""
    removed, kept = [], []
    for each in old:
        name = each["file"]
        there = destination.digest(name)
        if _is_whole(each, there):
            destination.delete(name)
            removed.append(name)
        elif there is not None:
            kept.append(name)
    return removed, kept


def _is_whole(entry: Entry, digest: str | None) -> bool:
    """Whether a file with this digest is the one that the entry names."""
    return digest is not None and entry.get("sha256") == digest


def _renamed(
    clips: Sequence[Handed], stay: Iterable[Entry], replaced: Iterable[Entry]
) -> list[Handed]:
    """A file never takes the name of one that stays: of another clip, or of the same clip by
    another profile. Where only the case of a name is another one, the file keeps its name: on some
    disks both are the same file."""
    spelled = {each["file"].casefold(): each["file"] for each in replaced}
    taken = {each["file"].casefold(): each["clip"]["id"] for each in stay}
    found = []
    for each in clips:
        name = _free_name(each, taken)
        name = spelled.get(name.casefold(), name)
        taken[name.casefold()] = each.clip_id
        found.append(replace(each, file=replace(each.file, name=name)))
    return found


def _free_name(handed: Handed, taken: Mapping[str, int]) -> str:
    name, profile = PurePosixPath(handed.file.name), handed.file.profile
    of_this_clip = taken.get(handed.file.name.casefold()) == handed.clip_id
    which = f"-{profile}" if of_this_clip else f"-clip-{handed.clip_id}"
    for added in ("", which, f"-clip-{handed.clip_id}-{profile}"):
        free = f"{name.stem}{added}{name.suffix}"
        if free.casefold() not in taken:
            break
    return free


def _measured(pipeline: Pipeline, clip: Handed) -> Handed:
    """With the digest of the file, which rows of older files lack."""
    if clip.file.sha256 is not None:
        return clip
    with pipeline.storage.fetch(clip.file.key) as local:
        return replace(clip, file=replace(clip.file, sha256=file_digest(local)))


def _s3_client(pipeline: Pipeline) -> Any:
    from heaters_pipeline.storage.s3 import s3_client

    return s3_client(pipeline.settings.s3_endpoint_url)
