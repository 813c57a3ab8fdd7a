"""From clips to a timeline in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from heaters_pipeline.db import clips, edit_clips, handed
from heaters_pipeline.db.likeness import learn
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.timeline import Medium, takes
from heaters_pipeline.editors.timelines import timeline_files
from heaters_pipeline.storage.base import PARTIAL_SUFFIX
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.timecodes import learn_timecodes


class WrittenTimeline(NamedTuple):
    paths: Sequence[Path]
    left_out: str | None
    """Names the clips that are not on it, in a sentence; None where all are."""


def write_timeline(
    pipeline: Pipeline,
    out: Path,
    arguments: Mapping[str, str],
    *,
    medium: Medium = Medium.SOURCE,
    handles: int = 0,
    profile: str = MAIN,
    folder: str = "",
    title: str | None = None,
) -> WrittenTimeline:
    """Writes the clips of a selection (`domain.handover.arguments_of`), in its order, in the format
    of the suffix of `out`. Raises InputError where that can't be done."""
    with pipeline.transaction() as session:
        chosen = handed.selection(session, arguments)
        likeness = learn(session) if chosen.needs_score else None
        ids = handed.clip_ids(session, chosen, likeness)
        files = handed.handover(session, chosen, likeness, profile, ids)
        listed = edit_clips.listed(session, chosen, ids, files, medium)
        films = {clip.source_video_id for clip in clips.with_ids(session, listed.clip_ids)}
    if not listed.clip_ids and listed.sentence:
        raise InputError(listed.sentence)
    learn_timecodes(pipeline, films)
    with pipeline.transaction() as session:
        found = edit_clips.of(session, listed.clip_ids, files, pipeline.storage.address, medium)
    laid = takes(found, medium, handles=handles, folder=folder)
    texts = timeline_files(out.name, title or out.stem, laid)
    written = []
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = out.with_name(name)
            partial = path.with_name(path.name + PARTIAL_SUFFIX)
            partial.write_text(text, "utf-8", newline="")
            partial.replace(path)
            written.append(path)
    except OSError as error:
        raise HeatersError(f"{out} can't be written: {error.strerror or error}.") from error
    return WrittenTimeline(written, listed.sentence)
