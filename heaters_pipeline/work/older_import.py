"""Taking over clips of the pipeline that Heaters succeeds, with all that was decided on them.

Each clip's file becomes a source video of one clip, which is reviewed, exported and searched like
every other one; `work.move_over` finds its place in its film. Whatever is killed goes on with the
next import: a row says what is known of a clip until all of it is here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from heaters_pipeline.db import deletions, embeddings, imported, source_videos
from heaters_pipeline.db.index_making import ensure_index
from heaters_pipeline.db.models import ImportedClip, Origin, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.keys import mint_key, plain_text, text_digest
from heaters_pipeline.domain.older import REPLACED, Fate, OlderClip, OlderFilm
from heaters_pipeline.domain.states import DOWNLOAD, SourceState
from heaters_pipeline.files import spans
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.work.ingest import StepCallback, ingest_known, take_up
from heaters_pipeline.work.older_files import OlderFiles, bring_files
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.register import add_upload, upload_key

ProgressCallback = Callable[[str, float], None]

_WITHOUT_FILM = frozenset({SourceState.EXPANDED, SourceState.DOWNLOAD_FAILED})
"""A film in one of these states has not been got from anywhere."""


class OlderSystem(Protocol):
    """Where clips come from."""

    @property
    def strange(self) -> Mapping[str, int]:
        """What was read and can't be taken, with how often."""

    def films(self) -> Sequence[OlderFilm]: ...

    def clips(self) -> Sequence[OlderClip]: ...

    def with_vectors(self, clip: OlderClip) -> OlderClip: ...


class Refused(NamedTuple):
    clip: OlderClip
    reason: str
    """A sentence."""


@dataclass(frozen=True)
class Plan:
    """What an import does, before it does it."""

    system: str
    films: Mapping[str, OlderFilm]
    """By their older ids; those alone that have clips."""
    at_hand: frozenset[str]
    """The older ids of films whose own files can be had, or may be: an address is only tried."""
    new: Sequence[OlderClip]
    known: Sequence[OlderClip]
    """Registered here by an earlier import."""
    removed: int
    """Of these: how many had their video removed here since."""
    refused: Sequence[Refused]
    strange: Mapping[str, int]

    @property
    def by_fate(self) -> Mapping[Fate, int]:
        return Counter(clip.fate for clip in self.new)

    @property
    def decisions(self) -> int:
        """Clips with a decision, of the new ones."""
        return sum(clip.fate is not Fate.PENDING for clip in self.new)


@dataclass
class Report:
    taken: int = 0
    """Clips that came now."""
    replaced: int = 0
    """Of these: clips that others had replaced, which came as history."""
    stills: int = 0
    vectors: int = 0
    grouped: int = 0
    lacking: dict[str, Sequence[str]] = field(default_factory=dict)
    """What could not be taken of a clip, by its older id."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why a clip or a film could not be ingested, by what it is called; the next import tries
    again."""
    films: dict[str, str] = field(default_factory=dict)
    """Titles of the films, by their keys here."""


def plan(pipeline: Pipeline, system: OlderSystem, name: str, files: OlderFiles) -> Plan:
    """Reads all of an older system and says what an import would do. Nothing is written."""
    with pipeline.transaction() as session:
        here = imported.known(session, name)
    films = {film.old_id: film for film in system.films()}
    new, known, refused = [], [], []
    for clip in system.clips():
        if clip.old_id in here:
            known.append(clip)
        elif clip.film_id not in films:
            refused.append(Refused(clip, f"Its film {clip.film_id} is not there."))
        elif clip.fate not in REPLACED and not clip.path:
            refused.append(Refused(clip, "It has no file."))
        elif clip.fate not in REPLACED and not files.exists(str(clip.path)):
            refused.append(Refused(clip, f"Its file {clip.path} is not there."))
        else:
            new.append(clip)
    used = {clip.film_id for clip in (*new, *known)}
    return Plan(
        name,
        {old_id: film for old_id, film in films.items() if old_id in used},
        frozenset(
            old_id for old_id in used if old_id in films and _may_be_had(films[old_id], files)
        ),
        new,
        known,
        sum(here[clip.old_id].is_removed for clip in known),
        refused,
        dict(system.strange),
    )


def _may_be_had(film: OlderFilm, files: OlderFiles) -> bool:
    return bool(film.path and files.exists(film.path)) or _is_address(film.url)


def _is_address(url: str | None) -> bool:
    return bool(url and url.startswith(("http://", "https://")))


def take_over(
    pipeline: Pipeline,
    system: OlderSystem,
    planned: Plan,
    files: OlderFiles,
    *,
    on_progress: ProgressCallback | None = None,
    on_step: StepCallback | None = None,
) -> Report:
    """Does what the plan says, and ends what an earlier import began."""
    report = Report()
    film_ids = {
        film.old_id: _film(pipeline, planned, film, files, report)
        for film in planned.films.values()
    }
    todo = [*planned.known, *planned.new]
    with pipeline.transaction() as session:
        here = imported.known(session, planned.system)
    for number, clip in enumerate(todo):
        found = here.get(clip.old_id)
        if found is None or not (found.is_whole or found.is_removed):
            try:
                _take(
                    pipeline, system, planned, clip, film_ids[clip.film_id], files, report, on_step
                )
            except (HeatersError, OSError) as error:
                report.failed[f"clip {clip.old_id}"] = str(error)
        if on_progress is not None:
            on_progress("clips", (number + 1) / len(todo))
    _group(pipeline, planned.system, todo, report)
    _index_vectors(pipeline, planned.system)
    for old_id, film_id in film_ids.items():
        if old_id in planned.at_hand:
            _ingest_film(pipeline, film_id, report, on_step)
    return report


def _film(
    pipeline: Pipeline, planned: Plan, film: OlderFilm, files: OlderFiles, report: Report
) -> int:
    """The id of the film's source video. Where its own file is not at hand, the video is a list of
    its clips, as a playlist is of its videos."""
    key = mint_key(film.title, text_digest(f"{planned.system}\n{film.old_id}"))
    with pipeline.transaction() as session:
        path = files.local(film.path) if film.path else None
        stored = film.path if film.path and path is None and files.exists(film.path) else None
        is_web = path is None and stored is None and _is_address(film.url)
        url = str(film.url) if is_web else str(path or film.path or film.url or film.title)
        origin = Origin.WEB if is_web else Origin.UPLOAD
        video, is_new = source_videos.register(
            session,
            key=key,
            title=plain_text(film.title),
            url=url,
            origin=origin,
            needs_splicing=True,
        )
        if is_new:
            spans.root(key, title=video.title)
        if is_new and film.old_id not in planned.at_hand:
            source_videos.begin(session, key, DOWNLOAD)
            source_videos.settle(session, key, SourceState.EXPANDED)
        elif is_new:
            take_up(session, video)
        report.films[key] = video.title
    try:
        if not is_new and video.state in _WITHOUT_FILM and film.old_id in planned.at_hand:
            with pipeline.transaction() as session:
                video = source_videos.retry(session, key)
                video.url, video.origin = url, origin
                take_up(session, video)
        is_missing = video.source_filepath is None and video.state != SourceState.REMOVED
        if stored and is_missing:
            _store_film(pipeline, video, stored, files)
    except (HeatersError, OSError) as error:
        report.failed[key] = str(error)
        with pipeline.transaction() as session:
            source_videos.give_up(session, key, None, str(error))
    return video.id


def _store_film(pipeline: Pipeline, video: SourceVideo, stored: str, files: OlderFiles) -> None:
    """A film in the older system's storage: copied before it is ingested."""
    with files.fetch(stored) as file:
        sha256 = file_digest(file)
        path = layout.source(
            video.key, layout.name_of(sha256), PurePosixPath(stored).suffix.lower()
        )
        with pipeline.transaction() as session:
            deletions.expect(session, path)
        pipeline.storage.put(file, path)
        with pipeline.transaction() as session:
            deletions.keep(session, [path])
            source_videos.record(session, video.key, {"source_filepath": path})


def _take(
    pipeline: Pipeline,
    system: OlderSystem,
    planned: Plan,
    clip: OlderClip,
    film_id: int,
    files: OlderFiles,
    report: Report,
    on_step: StepCallback | None,
) -> None:
    if clip.fate in REPLACED:
        with pipeline.transaction() as session:
            row = imported.register(session, planned.system, clip, film_id, None)
            if row.clip_id is None:
                film = source_videos.with_ids(session, [film_id])[film_id]
                imported.lay_replaced(session, row, film)
        report.taken += 1
        report.replaced += 1
        return
    row = _registered(pipeline, planned, system, clip, film_id, files)
    with pipeline.transaction() as session:
        key = source_videos.with_ids(session, [row.video_id or 0])[row.video_id or 0].key
    made = ingest_known(pipeline, key, on_step=on_step)
    if made.error is not None:
        report.failed[f"clip {clip.old_id}"] = made.error
        return
    with pipeline.video_lock(key):
        brought = bring_files(pipeline, files, row.id)
    report.taken += 1
    report.stills += brought.stills
    report.vectors += brought.vectors
    if brought.lacking:
        report.lacking[clip.old_id] = brought.lacking


def _registered(
    pipeline: Pipeline,
    planned: Plan,
    system: OlderSystem,
    clip: OlderClip,
    film_id: int,
    files: OlderFiles,
) -> ImportedClip:
    """The row of a clip, whose file is in the storage before it. The storage is told first what is
    about to come: a killed import leaves nothing there for ever."""
    path, name = str(clip.path), PurePosixPath(str(clip.path)).name
    identity = f"{planned.system}\n{clip.old_id}"
    with pipeline.transaction() as session:
        row = imported.known_one(session, planned.system, clip.old_id)
    if row is not None:
        return row
    with files.fetch(path) as file:
        sha256, size = file_digest(file), file.stat().st_size
        key = upload_key(identity, name)
        suffix = PurePosixPath(name).suffix.lower()
        source = layout.source(key, layout.name_of(sha256), suffix)
        with pipeline.transaction() as session:
            deletions.expect(session, source)
        pipeline.storage.put(file, source)
    title = f"{planned.films[clip.film_id].title}: {clip.name}"
    with pipeline.transaction() as session:
        video = add_upload(
            session,
            upload_id=identity,
            name=name,
            source_filepath=source,
            size=size,
            title=title,
            needs_splicing=False,
        )
        video.playlist_id = film_id
        take_up(session, video)
        return imported.register(
            session, planned.system, system.with_vectors(clip), film_id, video.id
        )


def _group(pipeline: Pipeline, system: str, older: Sequence[OlderClip], report: Report) -> None:
    with pipeline.transaction() as session:
        here = imported.known(session, system)
    for clip in older:
        own, first = here.get(clip.old_id), here.get(clip.grouped_with or "")
        if own and first and own.clip_id is not None and first.clip_id is not None:
            with pipeline.transaction() as session:
                report.grouped += imported.write_group(session, own.clip_id, first.clip_id, clip)


def _index_vectors(pipeline: Pipeline, system: str) -> None:
    with pipeline.transaction() as session:
        kinds = embeddings.kinds(session, imported.clip_ids(system))
    half = pipeline.settings.embedding_precision == "half"
    for kind in kinds:
        ensure_index(pipeline.engine, kind.model, kind.strategy, kind.dimensions, half=half)


def _ingest_film(
    pipeline: Pipeline, film_id: int, report: Report, on_step: StepCallback | None
) -> None:
    with pipeline.transaction() as session:
        video = source_videos.with_ids(session, [film_id])[film_id]
    if video.key in report.failed or video.state == SourceState.REMOVED:
        return
    made = ingest_known(pipeline, video.key, on_step=on_step)
    if made.error is not None:
        report.failed[video.key] = made.error
