"""The transitions between shots that show within clips, read for some clips at a time.

A long video has thousands: they are chosen in the database, which opens each video's list once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session

from heaters_pipeline.domain.transitions import Transition, TransitionKind

# Materialized: otherwise a list is opened once for each clip.
_OF_CLIPS = sa.text("""
    WITH wanted AS (
        SELECT id, source_video_id, start_frame, end_frame FROM clips WHERE id = ANY(:clip_ids)
    ),
    long AS MATERIALIZED (
        SELECT video.id AS source_video_id, each.*
        FROM source_videos video,
            jsonb_to_recordset(video.scene_cut_points -> 'transitions')
                AS each (kind text, first integer, last integer, score float)
        WHERE video.id IN (SELECT source_video_id FROM wanted) AND last - first > 1
    )
    SELECT wanted.id, kind, first, last, coalesce(score, 1)
    FROM wanted JOIN long USING (source_video_id)
    WHERE first + 1 < end_frame AND start_frame < last
    ORDER BY first
""")


def of_clips(session: Session, clip_ids: Sequence[int]) -> Mapping[int, Sequence[Transition]]:
    """The transitions with frames of their own within each clip, in film order, by clip id. Clips
    without any are left out; a hard cut has no frame of its own."""
    found: dict[int, list[Transition]] = defaultdict(list)
    for clip_id, kind, *rest in session.execute(_OF_CLIPS, {"clip_ids": list(clip_ids)}):
        found[clip_id].append(Transition(TransitionKind(kind), *rest))
    return found
