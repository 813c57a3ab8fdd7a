"""Files that leave the house: copied to a folder or a bucket, or as one ZIP file.

A copy can be repeated: it adds what is new or has changed, and ends the same however often it was
killed before. The manifest comes last; until then another one names what is under way.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from heaters_pipeline.db import handed, handovers
from heaters_pipeline.db.likeness import learn
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.handover import (
    MANIFEST,
    MANIFEST_CSV,
    Handed,
    Handover,
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
"""Is there while files are being copied: names those that are ours."""


@dataclass(frozen=True)
class Copied:
    handover: Handover
    place: str
    new: int
    """Files that were not there, or were others."""

    @property
    def unchanged(self) -> int:
        return len(self.handover.clips) - self.new


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
            return there.read(MANIFEST).decode()
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile):
        return None


def _to_destination(
    pipeline: Pipeline,
    found: Handover,
    destination: Destination,
    on_progress: Callable[[float], None],
) -> Copied:
    ours = {
        each["file"]: each
        for name in (MANIFEST, UNDER_WAY)
        for each in _entries(destination.read(name))
    }
    clips = [_measured(pipeline, each) for each in _renamed(found.clips, ours.values())]
    found = replace(found, clips=clips)
    there = {each.file.name: destination.digest(each.file.name) for each in clips}
    new = [each for each in clips if there[each.file.name] != each.file.sha256]
    for each in new:
        if there[each.file.name] is not None and each.file.name not in ours:
            raise InputError(
                f"{destination.place} has a file {each.file.name} that is not from Heaters: move "
                "it, or go elsewhere."
            )
    described = manifest(found, ours.values())
    if new:
        destination.write(UNDER_WAY, described)
    total, done = sum(each.file.bytes for each in new), 0
    for each in new:
        with pipeline.storage.fetch(each.file.key) as local:
            destination.put(local, each.file.name, str(each.file.sha256))
        done += each.file.bytes
        on_progress(done / max(1, total))
    if destination.read(MANIFEST) != described:
        destination.write(MANIFEST_CSV, manifest_csv(described))
        destination.write(MANIFEST, described)
    destination.delete(UNDER_WAY)
    return Copied(found, destination.place, len(new))


def _entries(described: str | None) -> Sequence[Mapping[str, Any]]:
    return [] if described is None else entries(described)


def _renamed(clips: Sequence[Handed], ours: Iterable[Mapping[str, Any]]) -> list[Handed]:
    """A file never takes the name of another one that came there with another selection: of another
    clip, or of the same clip by another profile."""
    here = {(each.clip_id, each.file.profile) for each in clips}
    taken = {
        each["file"].casefold(): each["clip"]["id"]
        for each in ours
        if (each["clip"]["id"], each["profile"]) not in here
    }
    found = []
    for each in clips:
        name = _free_name(each, taken)
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
