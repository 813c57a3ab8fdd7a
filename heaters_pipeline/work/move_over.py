"""Moving clips that are files of their own to their places in their film, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session

from heaters_pipeline.db import (
    clip_moves,
    clips,
    deletions,
    frame_indexes,
    imported,
    source_videos,
)
from heaters_pipeline.db.archiving import refuse_archived
from heaters_pipeline.db.models import Clip, ImportedClip, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import Faulty, HeatersError, InputError
from heaters_pipeline.domain.states import BEFORE_REVIEW, COMPLETE, SourceState
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.pictures import DELIVERY
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.repeats.placing import FilmToSearch, NoPlace, Place
from heaters_pipeline.work.clips import lay_clips
from heaters_pipeline.work.gold_master import GoldMaster, open_gold_master
from heaters_pipeline.work.ingest import StepCallback, ingest_known, take_up
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.register import add_upload, upload_key

ProgressCallback = Callable[[str, float], None]


class Moved(NamedTuple):
    clip_id: int
    place: Place


class Left(NamedTuple):
    """A clip that stays as it is."""

    clip_id: int | None
    """None where its file has not been ingested."""
    old_id: str
    reason: str
    """A sentence."""
    best: int | None = None
    """The likeliest frame of the film for its first one."""


@dataclass
class MovedOver:
    film: str
    """Its key."""
    moved: list[Moved] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    laid: int = 0
    """Clips that were laid over the rest of the film, or stayed there, for somebody to review."""


def move_over(
    pipeline: Pipeline,
    key: str,
    *,
    into: str | None = None,
    on_progress: ProgressCallback | None = None,
) -> MovedOver:
    """Finds the clips that were cut from the film `key` in it, or in the video `into`, and makes
    them ranges of that. Their decisions stay. What can't be placed stays as it is.

    Raises InputError where the film has no frames here.
    """
    with pipeline.transaction() as session:
        source = source_videos.get(session, key)
        named = source_videos.get(session, into) if into else source
        film = source_videos.original(session, named) or named
        rows = imported.of_film(session, source.id)
        waiting = [row for row in rows if row.placed_in_id is None]
        if not rows:
            raise InputError(_without_clips(session, source))
    _refuse_without_frames(film)
    done = MovedOver(film.key)
    with (
        pipeline.video_lock(film.key),
        pipeline.storage.fetch(str(film.frame_scores_filepath)) as file,
    ):
        with pipeline.transaction() as session:
            rate = frame_indexes.mean_rate(session, film)
            was_empty = not clips.of_video(session, film.id)
        search = FilmToSearch(open_thumbnails(file), rate)
        for number, row in enumerate(waiting):
            _move_one(pipeline, film, row, search, done)
            if on_progress is not None:
                on_progress("clips", (number + 1) / len(waiting))
    if was_empty:
        with pipeline.transaction() as session:
            # It had no clips when repeats were sought in it.
            source_videos.record(session, film.key, {"repeats_sought_in": None})
    lay_clips(pipeline, film.key)
    with pipeline.transaction() as session:
        moved = {each.clip_id for each in done.moved}
        live = clips.of_video(session, film.id)
        done.laid = len([clip for clip in live if clip.id not in moved])
    return done


def _without_clips(session: Session, video: SourceVideo) -> str:
    if imported.is_clip_file(session, video.key):
        [film] = source_videos.with_ids(session, [video.playlist_id or 0]).values()
        return f"{video.title} is the file of one clip: name its film, {film.key}."
    return (
        f"No clip's file was cut from {video.title}: name the key of a film that `heaters import` "
        "told."
    )


def _refuse_without_frames(film: SourceVideo) -> None:
    if film.state not in COMPLETE or film.frame_scores_filepath is None:
        raise InputError(
            f"{film.title} has no film here that clips could be sought in: ingest its file "
            "(`heaters ingest FILE`) and name the key of that with --into."
        )


def _move_one(
    pipeline: Pipeline,
    film: SourceVideo,
    row: ImportedClip,
    search: FilmToSearch,
    done: MovedOver,
) -> None:
    reason: str | None = None
    best = None
    if row.clip_id is None:
        reason = "Its file has not been ingested: import it again."
    else:
        video = _file_of(pipeline, row)
        try:
            with pipeline.video_lock(video.key):
                found = _sought(pipeline, video, row, search)
                if isinstance(found, NoPlace):
                    reason, best = found.reason, found.best
                else:
                    best = found.start
                    with pipeline.transaction() as session:
                        fresh = session.get_one(ImportedClip, row.id)
                        clip_moves.place(session, fresh, film, found.start)
                        imported.sought(session, row.id, None)
                    done.moved.append(Moved(row.clip_id, found))
        except (HeatersError, OSError) as error:
            reason = str(error)
    if reason is not None:
        done.left.append(Left(row.clip_id, row.old_id, reason, best))
        if film.id == row.film_id:
            with pipeline.transaction() as session:
                imported.sought(session, row.id, reason)


def _file_of(pipeline: Pipeline, row: ImportedClip) -> SourceVideo:
    """The source video that is the clip's own file."""
    video_id = row.video_id or 0
    with pipeline.transaction() as session:
        return source_videos.with_ids(session, [video_id])[video_id]


def _sought(
    pipeline: Pipeline, video: SourceVideo, row: ImportedClip, search: FilmToSearch
) -> Place | NoPlace:
    if video.state not in COMPLETE or video.frame_scores_filepath is None:
        raise InputError(f"{video.title} is {video.state.replace('_', ' ')}.")
    with pipeline.transaction() as session:
        rate = frame_indexes.mean_rate(session, video)
    with pipeline.storage.fetch(video.frame_scores_filepath) as file:
        return search.place(open_thumbnails(file), rate, row.start_frame)


@dataclass
class MovedBack:
    back: list[int] = field(default_factory=list)
    """Clips that are files of their own now."""
    made: list[int] = field(default_factory=list)
    """Of these: those whose file was made now."""
    left: list[Left] = field(default_factory=list)


def move_back(
    pipeline: Pipeline,
    key: str,
    *,
    on_progress: ProgressCallback | None = None,
    on_step: StepCallback | None = None,
) -> MovedBack:
    """Makes every clip of a film a file of its own, as an older system has them. One that came from
    such a file gets it back. Decisions stay."""
    with pipeline.transaction() as session:
        film = source_videos.get(session, key)
        placed = imported.placed_in(session, film.id)
    _refuse_without_frames(film)
    refuse_archived(film, "make files")
    done = MovedBack()
    with pipeline.video_lock(film.key):
        for row in placed:
            _take_back(pipeline, row, done)
    with pipeline.transaction() as session:
        rest = clips.of_video(session, film.id)
    if rest:
        with open_gold_master(pipeline, film, len(rest)) as gold:
            for number, clip in enumerate(rest):
                if clip.state in BEFORE_REVIEW:
                    reason = "Nobody can review it yet: try again when it has its sprite sheet."
                    done.left.append(Left(clip.id, str(clip.id), reason))
                    continue
                row = _own_file(pipeline, film, gold, clip)
                _ingest_own_file(pipeline, film, row, done, on_step)
                if on_progress is not None:
                    on_progress("clips", (number + 1) / len(rest))
    return done


def _take_back(pipeline: Pipeline, row: ImportedClip, done: MovedBack) -> None:
    video = _file_of(pipeline, row)
    with pipeline.video_lock(video.key), pipeline.transaction() as session:
        video = source_videos.get(session, video.key)
        fresh = session.get_one(ImportedClip, row.id)
        if video.state in COMPLETE and clip_moves.take_back(session, fresh, video):
            done.back.append(row.clip_id or 0)


def _own_file(pipeline: Pipeline, film: SourceVideo, gold: GoldMaster, clip: Clip) -> ImportedClip:
    """A file with a clip's frames, as a source video that the clip counts as placed from. One that
    was made before serves where it still has these frames."""
    with pipeline.transaction() as session:
        row = imported.of_clip(session, clip.id)
    if row is not None and row.system == film.key and _fits(pipeline, row, clip):
        return row
    own_id = f"{clip.id}-{row.id}" if row else str(clip.id)
    identity = f"{film.key}\n{own_id}"
    name = f"{film.title}-{clip.id}.mp4"
    out = gold.folder / f"{clip.id}.mp4"
    with gold.part(clip.frames) as part:
        part.read(clip.frames, lambda source: _written(pipeline, source, out))
    path = layout.source(upload_key(identity, name), layout.name_of(file_digest(out)), ".mp4")
    with pipeline.transaction() as session:
        deletions.expect(session, path)
    pipeline.storage.put(out, path)
    with pipeline.transaction() as session:
        video = add_upload(
            session,
            upload_id=identity,
            name=name,
            source_filepath=path,
            size=out.stat().st_size,
            title=f"{film.title}: clip {clip.id}",
            needs_splicing=False,
        )
        video.playlist_id = film.id
        take_up(session, video)
        row = imported.register_placed(session, film, clip, own_id, video.id)
    out.unlink()
    return row


def _fits(pipeline: Pipeline, row: ImportedClip, clip: Clip) -> bool:
    is_there = _file_of(pipeline, row).state != SourceState.REMOVED
    return is_there and (row.start_frame, row.end_frame) == clip.frames


def _written(pipeline: Pipeline, source: GoldRange, out: Path) -> None:
    receipt = export_clip(
        source, out, stall_seconds=pipeline.settings.stall_seconds, profile=DELIVERY
    )
    if receipt["frame_count"] != source.frames.length:
        raise Faulty(f"The file has {receipt['frame_count']} frames, not {source.frames.length}.")


def _ingest_own_file(
    pipeline: Pipeline,
    film: SourceVideo,
    row: ImportedClip,
    done: MovedBack,
    on_step: StepCallback | None,
) -> None:
    video = _file_of(pipeline, row)
    made = ingest_known(pipeline, video.key, on_step=on_step)
    if made.error is not None:
        done.left.append(Left(row.clip_id, row.old_id, made.error))
        return
    with pipeline.video_lock(film.key):
        _take_back(pipeline, row, done)
    if row.clip_id in done.back:
        done.made.append(row.clip_id)
    else:
        done.left.append(Left(row.clip_id, row.old_id, "It was merged with another one meanwhile."))
