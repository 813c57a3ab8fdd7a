"""What detection found at the ends of clips and within them, read for some clips at a time.

A long video has thousands of transitions: they are chosen in the database, which opens each video's
lists once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from heaters_pipeline.db import event_log
from heaters_pipeline.db.prepared import given
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.doubt import suggestible
from heaters_pipeline.domain.transitions import Transition, TransitionKind


class Suggestion(NamedTuple):
    """A cut that the detector left out."""

    frame: int
    """First frame after it."""
    score: float


@dataclass
class ClipCuts:
    """What detection found of a clip."""

    transitions: list[Transition] = field(default_factory=list)
    """Those with frames of their own within the clip, in film order; a hard cut has none."""
    start_score: float | None = None
    """How sure the detector is of the cut before the clip, 0 to 1; None where a reviewer made that
    cut, or detection none."""
    end_score: float | None = None
    """The same of the cut after it."""
    suggestions: list[Suggestion] = field(default_factory=list)
    """In film order."""
    flashes: list[FrameRange] = field(default_factory=list)
    """Those that have frames in the clip, in film order; none where detection looked for none."""


# The clips, and the part of each film that holds them.
_CLIPS_AND_PARTS = """
    wanted AS (
        SELECT id, source_video_id, start_frame, end_frame FROM clips
        WHERE id = ANY(ARRAY(SELECT unnest(:clip_ids)))
    ),
    parts AS (
        SELECT source_video_id, min(start_frame) AS part_start, max(end_frame) AS part_end
        FROM wanted GROUP BY source_video_id
    )"""

_FLASHES_OF_FILMS = """
    SELECT source_video_id, frame_count, 'flashes' AS list, NULL AS kind,
        (flash ->> 0)::integer AS first, (flash ->> 1)::integer - 1 AS last, NULL::float AS score
    FROM parts JOIN source_videos video ON video.id = source_video_id,
        jsonb_array_elements(video.scene_cut_points -> 'flashes') AS flash
    WHERE (flash ->> 0)::integer < part_end AND part_start < (flash ->> 1)::integer"""

_CUTS_OF_FILMS = """
    SELECT source_video_id, frame_count, list, each.*
    FROM parts JOIN source_videos video ON video.id = source_video_id,
        unnest(ARRAY['transitions', 'suggestions']) AS list,
        -- Chosen as JSON: a row of each of thousands takes longer.
        jsonb_to_recordset(jsonb_path_query_array(
            video.scene_cut_points -> list, '$[*] ? (@.first < $end && @.last >= $start)',
            jsonb_build_object('start', part_start, 'end', part_end)
        )) AS each (kind text, first integer, last integer, score float)"""


def _at_clips(*lists: str) -> sa.TextualSelect:
    """What of the lists has frames in the clips."""
    # Materialized: otherwise a list is opened once for each clip.
    found = sa.text(f"""
        WITH {_CLIPS_AND_PARTS}, listed AS MATERIALIZED ({" UNION ALL ".join(lists)})
        SELECT
            id, source_video_id, start_frame, end_frame, frame_count,
            list, kind, first, last, coalesce(score, 1) AS score
        FROM wanted JOIN listed USING (source_video_id)
        WHERE first < end_frame AND start_frame <= last
        ORDER BY first
    """)  # noqa: S608
    return found.bindparams(given("clip_ids")).columns(
        *(sa.column(name) for name in ("id", "source_video_id", "start_frame", "end_frame")),
        *(sa.column(name) for name in ("frame_count", "list", "kind", "first", "last", "score")),
    )


_FLASHES = _at_clips(_FLASHES_OF_FILMS)
EVERYTHING = _at_clips(_CUTS_OF_FILMS, _FLASHES_OF_FILMS)
"""What detection found of the clips `clip_ids`; `by_clip` reads the rows."""


def flashes_of_clips(session: Session, clip_ids: Sequence[int]) -> Mapping[int, list[FrameRange]]:
    """The flashes that have frames in a clip, by clip id; empty where detection looked for none."""
    found: dict[int, list[FrameRange]] = {clip_id: [] for clip_id in clip_ids}
    for row in session.execute(_FLASHES, {"clip_ids": list(clip_ids)}):
        found[row.id].append(FrameRange(row.first, row.last + 1))
    return found


def of_clips(session: Session, clip_ids: Sequence[int]) -> Mapping[int, ClipCuts]:
    """By clip id."""
    rows = session.execute(EVERYTHING, {"clip_ids": list(clip_ids)}).all()
    placed = event_log.placed_cuts(session, {row.source_video_id for row in rows})
    return by_clip(clip_ids, rows, placed)


def by_clip(
    clip_ids: Iterable[int], rows: Iterable[Any], placed: Mapping[int, Collection[int]]
) -> Mapping[int, ClipCuts]:
    """`rows` of `EVERYTHING`; `placed`: the cuts that reviewers placed, by video."""
    cuts = {clip_id: ClipCuts() for clip_id in clip_ids}
    for row in sorted(rows, key=lambda row: row.first):
        of_clip, clip = cuts[row.id], FrameRange(row.start_frame, row.end_frame)
        if row.list == "flashes":
            of_clip.flashes.append(FrameRange(row.first, row.last + 1))
            continue
        found = Transition(TransitionKind(row.kind), row.first, row.last, row.score)
        frame = found.boundary(row.frame_count)
        is_judged = frame in placed.get(row.source_video_id, ())
        if row.list == "suggestions":
            if frame is not None and not is_judged and frame in range(*suggestible(clip)):
                of_clip.suggestions.append(Suggestion(frame, found.score))
            continue
        if max(clip.start, found.first + 1) < min(clip.end, found.last):
            of_clip.transitions.append(found)
        if is_judged:
            continue
        if frame == clip.start:
            of_clip.start_score = max(found.score, of_clip.start_score or 0)
        elif frame == clip.end:
            of_clip.end_score = max(found.score, of_clip.end_score or 0)
    return cuts
