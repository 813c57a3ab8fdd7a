"""What detection found at the ends of clips and within them, read for some clips at a time.

A long video has thousands of transitions: they are chosen in the database, which opens each video's
lists once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from heaters_pipeline.db import event_log
from heaters_pipeline.domain.doubt import CLEARANCE
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


# Materialized: otherwise a list is opened once for each clip.
_OF_CLIPS = sa.text("""
    WITH wanted AS (
        SELECT id, source_video_id, start_frame, end_frame FROM clips WHERE id = ANY(:clip_ids)
    ),
    listed AS MATERIALIZED (
        SELECT
            video.id AS source_video_id, list, kind, first, last, coalesce(score, 1) AS score,
            CASE WHEN first >= 0 AND last < frame_count THEN (first + last + 1) / 2 END AS frame
        FROM source_videos video,
            unnest(ARRAY['transitions', 'suggestions']) AS list,
            jsonb_to_recordset(video.scene_cut_points -> list)
                AS each (kind text, first integer, last integer, score float)
        WHERE video.id IN (SELECT source_video_id FROM wanted)
    )
    SELECT id, source_video_id, 'within' AS place, kind, first, last, frame, score
    FROM wanted JOIN listed USING (source_video_id)
    WHERE list = 'transitions' AND last - first > 1 AND first + 1 < end_frame AND start_frame < last
    UNION ALL
    SELECT id, source_video_id, 'start', kind, first, last, frame, score
    FROM wanted JOIN listed USING (source_video_id)
    WHERE list = 'transitions' AND frame = start_frame
    UNION ALL
    SELECT id, source_video_id, 'end', kind, first, last, frame, score
    FROM wanted JOIN listed USING (source_video_id)
    WHERE list = 'transitions' AND frame = end_frame
    UNION ALL
    SELECT id, source_video_id, 'suggested', kind, first, last, frame, score
    FROM wanted JOIN listed USING (source_video_id)
    WHERE list = 'suggestions'
        AND frame > start_frame + :clearance AND frame < end_frame - :clearance
    ORDER BY first, score
""")


def of_clips(session: Session, clip_ids: Sequence[int]) -> Mapping[int, ClipCuts]:
    """By clip id."""
    cuts = {clip_id: ClipCuts() for clip_id in clip_ids}
    wanted = {"clip_ids": list(clip_ids), "clearance": CLEARANCE}
    rows = session.execute(_OF_CLIPS, wanted).all()
    placed = event_log.placed_cuts(session, {row.source_video_id for row in rows})
    for row in rows:
        of_clip = cuts[row.id]
        is_placed = row.frame in placed[row.source_video_id]
        match row.place:
            case "within":
                kind = TransitionKind(row.kind)
                of_clip.transitions.append(Transition(kind, row.first, row.last, row.score))
            case "suggested":
                of_clip.suggestions.append(Suggestion(row.frame, row.score))
            case "start" if not is_placed:
                of_clip.start_score = max(row.score, of_clip.start_score or 0)
            case "end" if not is_placed:
                of_clip.end_score = max(row.score, of_clip.end_score or 0)
    return cuts
