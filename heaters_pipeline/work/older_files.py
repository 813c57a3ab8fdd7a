"""The files of an older system, and how those of a clip become Heaters' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sqlmodel import Session

from heaters_pipeline.db import (
    artifacts,
    clip_exports,
    clips,
    deletions,
    embeddings,
    imported,
    source_videos,
)
from heaters_pipeline.db.artifacts import KeyframeFile
from heaters_pipeline.db.models import Clip, ExportProfile, ImportedClip, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.older import Fate, OlderClip, OlderStill
from heaters_pipeline.domain.states import EMBED, EXPORT, KEYFRAME, ClipState, changed
from heaters_pipeline.domain.stills import USUAL_RULE
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.embeddings import read_image
from heaters_pipeline.media.download.fetch import copy_file
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.objects import LocalFile, keep
from heaters_pipeline.work.pipeline import Pipeline


@dataclass(frozen=True)
class OlderFiles:
    """Paths of an older system: absolute ones, and those in its storage."""

    storage: Storage
    home: Path
    """Where copies lie while they are taken over."""

    def exists(self, path: str) -> bool:
        try:
            return self.local(path) is not None or self.storage.exists(self._key(path))
        except InputError:  # no key of a storage
            return False

    def local(self, path: str) -> Path | None:
        """The file on this machine that an absolute path names, if there is one."""
        found = Path(path)
        return found if found.is_absolute() and found.is_file() else None

    @contextmanager
    def fetch(self, path: str) -> Iterator[Path]:
        """A copy, which nobody else writes into: our storage may keep it as it lies there. Raises
        ObjectMissing where there is no such file, InputError where it is empty or can't be read."""
        local = self.local(path)
        with (
            nullcontext(local) if local else self.storage.fetch(self._key(path)) as found,
            scratch_folder(self.home) as folder,
        ):
            yield copy_file(found, folder)

    def _key(self, path: str) -> str:
        """Of `s3://bucket/key`, and of paths with a slash before, only the key counts."""
        if path.startswith("s3://"):
            path = path.removeprefix("s3://").partition("/")[2]
        return path.lstrip("/")


@dataclass(frozen=True)
class Brought:
    stills: int = 0
    vectors: int = 0
    lacking: tuple[str, ...] = ()
    """What could not be taken, each a sentence; Heaters makes it anew."""


@dataclass(frozen=True)
class _MainFile:
    """A copy of the clip's file, so that it lives as long as the clip is in the library."""

    profile: ExportProfile
    """Whose file it stands for."""
    path: str
    size: int
    sha256: str


def bring_files(pipeline: Pipeline, files: OlderFiles, row_id: int) -> Brought:
    """Gives an approved clip the file, the keyframes and the vectors that it had, and with them its
    place in the library. The caller holds the lock of the clip's video.

    Objects are entered before they are written, and one transaction names all of them.
    """
    with pipeline.transaction() as session:
        row = session.get_one(ImportedClip, row_id)
        older = OlderClip.from_json(row.record or {})
        [clip] = clips.with_ids(session, [row.clip_id or 0])
        video = source_videos.with_ids(session, [clip.source_video_id])[clip.source_video_id]
        wanted = clip_exports.wanted(session, [clip.id])
    lacking: list[str] = []
    brought = Brought()
    if wanted and older.fate is Fate.APPROVED and clip.state == ClipState.REVIEW_APPROVED:
        main = _copy(pipeline, clip, video, wanted[0].profile, lacking)
        if main is not None:
            stills = _bring_stills(pipeline, files, clip, older, lacking)
            with pipeline.transaction() as session:
                brought = _name(session, clip, main, older, stills, lacking)
    with pipeline.transaction() as session:
        imported.settle(session, row_id)
    return replace(brought, lacking=tuple(lacking))


def _copy(
    pipeline: Pipeline,
    clip: Clip,
    video: SourceVideo,
    profile: ExportProfile,
    lacking: list[str],
) -> _MainFile | None:
    source, sha256 = str(video.source_filepath), str(video.source_sha256)
    suffix = PurePosixPath(source).suffix
    own = layout.name_of(sha256)
    path = layout.clip_export(clip.id, profile.name, profile.hash, own, suffix[1:])
    if layout.kind(path) is not Kind.CLIP:
        lacking.append(f"A file {suffix} is none that clips have here: another one is made.")
        return None
    with pipeline.storage.fetch(source) as file:
        keep(pipeline, clip.source_video_id, {path: LocalFile(file, sha256)})
        return _MainFile(profile, path, file.stat().st_size, sha256)


def _bring_stills(
    pipeline: Pipeline, files: OlderFiles, clip: Clip, older: OlderClip, lacking: list[str]
) -> list[KeyframeFile]:
    """Those that are all there: a part of them would be none of any rule."""
    stills: list[KeyframeFile] = []
    for still in older.stills:
        try:
            stills.append(_bring_still(pipeline, files, clip, still))
        except (HeatersError, OSError) as error:
            lacking.append(f"Keyframe {still.path}: {error} Keyframes are taken anew.")
            with pipeline.transaction() as session:
                deletions.enter(session, [each["filepath"] for each in stills], "not taken over")
            return []
    return stills


def _bring_still(
    pipeline: Pipeline, files: OlderFiles, clip: Clip, still: OlderStill
) -> KeyframeFile:
    frame = clip.start_frame + still.frame
    if not clip.start_frame <= frame < clip.end_frame:
        raise InputError(f"Its frame {still.frame + 1} is none of the clip.")
    suffix = PurePosixPath(still.path).suffix.lower().replace(".jpeg", ".jpg")
    with files.fetch(still.path) as file:
        sha256 = file_digest(file)
        path = layout.keyframe(clip.id, frame, layout.name_of(sha256), suffix)
        if layout.kind(path) is not Kind.KEYFRAME:
            raise InputError(f"A file {suffix} is none that keyframes have here.")
        height, width = read_image(file).shape[:2]
        keep(pipeline, clip.source_video_id, {path: LocalFile(file, sha256)})
    return {"frame": frame, "filepath": path, "width": width, "height": height}


def _name(
    session: Session,
    clip: Clip,
    main: _MainFile,
    older: OlderClip,
    stills: list[KeyframeFile],
    lacking: list[str],
) -> Brought:
    """Takes the clip as far as what came with it goes. Not where somebody has decided on it, or the
    pipeline has begun with it, meanwhile."""
    now = clips.locked(session, [clip.id])[clip.id]
    if now.state != ClipState.REVIEW_APPROVED or not now.is_virtual:
        named = [main.path, *(each["filepath"] for each in stills)]
        deletions.enter(session, named, "its clip changed while it was taken over")
        return Brought()
    clip_exports.save_older(session, now, main.profile, main.path, main.size, main.sha256)
    for name, value in (clip_exports.main_file(session, now.id) or {}).items():
        setattr(now, name, value)
    now.retry_at = None
    _advance(now, ClipState.EXPORTED)
    session.flush()
    vectors = 0
    if stills:
        artifacts.replace_keyframes(session, now.id, stills, USUAL_RULE.basis(()))
        _advance(now, ClipState.KEYFRAMED)
        vectors = _save_vectors(session, now, older, {each["frame"] for each in stills})
        if vectors:
            _advance(now, ClipState.EMBEDDED)
    elif older.vectors:
        lacking.append("Its vectors came without keyframes: they are made anew.")
    return Brought(len(stills), vectors)


def _advance(clip: Clip, to: ClipState) -> None:
    """Through all states between, as if its steps had been taken here."""
    for step in (EXPORT, KEYFRAME, EMBED):
        if clip.state == step.waiting and clip.state != to:
            clip.state = changed(changed(ClipState(clip.state), step.doing), step.done)


def _save_vectors(session: Session, clip: Clip, older: OlderClip, frames: set[int]) -> int:
    """How many there are: one by each model and strategy, or one of each frame."""
    found: dict[tuple[str, str], dict[int | None, list[float]]] = {}
    for each in older.vectors:
        frame = None if each.frame is None else clip.start_frame + each.frame
        if frame is None or frame in frames:
            found.setdefault((each.model, each.strategy), {})[frame] = list(each.vector)
    for (model, strategy), vectors in found.items():
        embeddings.replace(session, clip.id, model, strategy, vectors)
    return sum(map(len, found.values()))
