"""Cut points from a person's list in place of the detector's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from heaters_pipeline.db import clips, frame_indexes, source_videos
from heaters_pipeline.db.edit_clips import file_name
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import DETECT_SCENES
from heaters_pipeline.domain.timecode import StartTimecode, editing_rate
from heaters_pipeline.editors.cut_list import ListedFilm, Reading, cuts_in
from heaters_pipeline.editors.read_cuts import read_cuts
from heaters_pipeline.work.clips import LaidClips, lay_clips, lay_rows
from heaters_pipeline.work.cuts import save_imported
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import source_step
from heaters_pipeline.work.timecodes import learn_timecodes


@dataclass(frozen=True)
class ImportedCuts:
    kind: str
    """Of list, as a person calls it."""
    cuts: list[int]
    """The first frame of each new shot."""
    laid: LaidClips
    remarks: list[str]
    """Sentences about what was read in a special way."""


def import_cuts(
    pipeline: Pipeline,
    key: str,
    name: str,
    content: bytes,
    reading: Reading,
    *,
    dry_run: bool = False,
) -> ImportedCuts:
    """Lays the video's clips anew along the cuts of a list, exactly there: clips are neither merged
    nor divided for their length. Clips that a reviewer has touched stay. `name` is that of the
    file. With `dry_run` the answer says what would happen, and no clip changes.

    Raises InputError where the list is none of this video.
    """
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
    if video.frame_count is None or video.scene_cut_points is None or video.proxy_segments:
        raise InputError(f"{video.title} has no clips yet: wait until it has been ingested.")
    learn_timecodes(pipeline, [video.id])
    with pipeline.transaction() as session:
        film = _listed(session, source_videos.get(session, key))
    found = read_cuts(name, content, film, reading)
    cuts = cuts_in(found, film)
    laid = _tried(pipeline, key, found.kind, cuts)
    if not dry_run:
        with source_step(pipeline, key, DETECT_SCENES), pipeline.transaction() as session:
            save_imported(session, key, found.kind, cuts)
        laid = lay_clips(pipeline, key)
    return ImportedCuts(found.kind, cuts, laid, found.remarks)


def _listed(session: Session, video: SourceVideo) -> ListedFilm:
    rate = editing_rate(video.rate, frame_indexes.mean_rate(session, video))
    timecode = (video.source_timecode or {}).get("start")
    return ListedFilm(
        title=video.title,
        file_name=file_name(video),
        rate=rate,
        start=StartTimecode.of(rate, timecode),
        ticks=frame_indexes.all_ticks(session, video.id),
    )


def _tried(pipeline: Pipeline, key: str, kind: str, cuts: list[int]) -> LaidClips:
    """What would come of the cuts, found out by doing it and taking it back."""
    with pipeline.transaction() as session, session.begin_nested() as trial:
        clips.lock_live(session, source_videos.get(session, key).id)
        save_imported(session, key, kind, cuts)
        laid = lay_rows(session, pipeline.settings, source_videos.get(session, key))
        trial.rollback()
    return laid
