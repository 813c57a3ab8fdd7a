"""Frames, clips and films that show the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from heaters_pipeline.db import clips
from heaters_pipeline.db.among import among as these
from heaters_pipeline.db.models import ApartRow, Clip, FrameSignature, RepeatRow, SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.repeats import METHOD, ClipRepeat, Repeat, clip_repeat, covered
from heaters_pipeline.domain.states import COMPLETE

NEIGHBOURS = 8
"""Signatures of other videos that are looked at for each of a clip's, and as many of its own: takes
from one place are many and alike."""
FARTHEST_BITS = 56
"""More differ by chance."""
SEARCH_WIDTH = "40"
REST = timedelta(days=1)
"""Before a search that broke off is tried again."""


class Candidate(NamedTuple):
    """A clip that may show the same."""

    clip: Clip
    is_mirrored: bool
    votes: int
    """Signatures that are near."""
    distance: int
    """Bits between the nearest two."""


def save_signatures(session: Session, video_id: int, found: Iterable[tuple[int, str]]) -> None:
    """Frames with their bits as a text of 0 and 1, in place of all earlier ones of the video."""
    session.execute(_signatures_of(video_id))
    rows = [{"source_video_id": video_id, "frame": frame, "bits": bits} for frame, bits in found]
    if rows:
        session.execute(insert(FrameSignature), rows)


def candidates(
    session: Session, clip: Clip, asked: Sequence[str], mirrored: Sequence[str], most: int
) -> list[Candidate]:
    """The live clips that may show what a clip shows, the likeliest first: at most `most` of other
    videos, and as many of its own, which would crowd them out. `asked` are signatures of it,
    `mirrored` those of its mirror image. Of its own video only earlier clips count: the later of
    two finds the other."""
    session.execute(sa.text("SET LOCAL hnsw.iterative_scan = relaxed_order"))
    session.execute(sa.select(sa.func.set_config("hnsw.ef_search", SEARCH_WIDTH, True)))
    rows = session.execute(
        _NEAREST,
        {
            "neighbours": NEIGHBOURS,
            "farthest": FARTHEST_BITS,
            "bits": [*asked, *mirrored],
            "straight": len(asked),
            "video": clip.source_video_id,
            "start": clip.start_frame,
        },
    ).all()
    found = {each.id: each for each in clips.with_ids(session, [row[0] for row in rows])}
    told = [Candidate(found[row[0]], *row[1:]) for row in rows]
    told.sort(key=lambda each: (-each.votes, each.distance))
    own = [each for each in told if each.clip.source_video_id == clip.source_video_id]
    others = [each for each in told if each.clip.source_video_id != clip.source_video_id]
    return others[:most] + own[:most]


_NEAREST = sa.text("""
SELECT clips.id, asked.n > :straight, count(DISTINCT asked.n), min(near.distance)::integer
FROM (
    SELECT CAST(bits AS bit(172)) AS bits, n
    FROM unnest(CAST(:bits AS text[])) WITH ORDINALITY AS given(bits, n)
) AS asked
CROSS JOIN LATERAL (
    (SELECT source_video_id, frame, bits <~> asked.bits AS distance
    FROM frame_signatures
    WHERE source_video_id <> :video
    ORDER BY bits <~> asked.bits LIMIT :neighbours)
    UNION ALL
    (SELECT source_video_id, frame, bits <~> asked.bits
    FROM frame_signatures
    WHERE source_video_id = :video AND frame < :start
    ORDER BY bits <~> asked.bits LIMIT :neighbours)
) AS near
JOIN clips ON clips.source_video_id = near.source_video_id
    AND clips.start_frame <= near.frame AND near.frame < clips.end_frame
    AND clips.state <> 'superseded'
WHERE near.distance <= :farthest
GROUP BY 1, 2
""")


def save(
    session: Session, video: SourceVideo, found: Iterable[tuple[int, Repeat]], sought_in: str
) -> None:
    """What a video repeats, of videos by their id, and in which thumbnails that was sought. It
    takes the place of what an older method found."""
    older = col(RepeatRow.method) < METHOD
    session.execute(sa.delete(RepeatRow).where(_either_side(RepeatRow, video.id), older))
    rows = []
    for other_id, repeat in found:
        ids, seen = (video.id, other_id), repeat
        if other_id < video.id:
            ids, seen = (other_id, video.id), repeat.turned
        elif other_id == video.id and repeat.others.start < repeat.frames.start:
            seen = repeat.turned
        rows.append(
            {
                "source_video_id": ids[0],
                "start_frame": seen.frames.start,
                "end_frame": seen.frames.end,
                "other_video_id": ids[1],
                "other_start_frame": seen.others.start,
                "other_end_frame": seen.others.end,
                "is_mirrored": seen.is_mirrored,
                "score": seen.score,
                "method": METHOD,
            }
        )
    if rows:
        session.execute(insert(RepeatRow).on_conflict_do_nothing(), rows)
    session.execute(
        sa.update(SourceVideo)
        .where(col(SourceVideo.id) == video.id)
        .values(repeats_sought_in=sought_in, repeats_method=METHOD, repeats_tried_at=None)
    )


def forget(session: Session, video_id: int) -> None:
    """Removes all that was found in a video, and of it."""
    session.execute(_signatures_of(video_id))
    for rows in (RepeatRow, ApartRow):
        session.execute(sa.delete(rows).where(_either_side(rows, video_id)))


def _either_side(rows: type[RepeatRow] | type[ApartRow], video_id: int) -> Any:
    return sa.or_(col(rows.source_video_id) == video_id, col(rows.other_video_id) == video_id)


def _signatures_of(video_id: int) -> Any:
    return sa.delete(FrameSignature).where(col(FrameSignature.source_video_id) == video_id)


def unsought(session: Session, limit: int) -> list[str]:
    """Keys of videos with clips in which repeats were not sought yet, or by an older method, the
    oldest first; without those where a search broke off less than a day ago."""
    tried = col(SourceVideo.repeats_tried_at)
    return list(
        session.scalars(
            sa.select(col(SourceVideo.key))
            .where(
                col(SourceVideo.state).in_(COMPLETE),
                col(SourceVideo.frame_scores_filepath).is_not(None),
                sa.or_(
                    col(SourceVideo.repeats_sought_in).is_distinct_from(
                        col(SourceVideo.frame_scores_filepath)
                    ),
                    sa.func.coalesce(col(SourceVideo.repeats_method), 1) < METHOD,
                ),
                sa.or_(tried.is_(None), tried < sa.func.now() - REST),
            )
            .order_by(col(SourceVideo.id))
            .limit(limit)
        )
    )


def broke_off(session: Session, key: str) -> None:
    """Has the search in a video rest before it is tried again."""
    session.execute(
        sa.update(SourceVideo)
        .where(col(SourceVideo.key) == key)
        .values(repeats_tried_at=sa.func.now())
    )


def among(session: Session, clip_ids: Sequence[int], least_score: float) -> list[ClipRepeat]:
    """Which of the clips are the same, two by two."""
    known = set(clip_ids)
    return [
        each
        for each in of_clips(session, clip_ids, least_score)
        if each.other_id in known and each.clip_id < each.other_id
    ]


def others(session: Session, clip_ids: Sequence[int], least_score: float) -> dict[int, list[int]]:
    """The ids of the clips that are the same, by clip, the likest first."""
    found: dict[int, list[int]] = defaultdict(list)
    for each in of_clips(session, clip_ids, least_score):
        found[each.clip_id].append(each.other_id)
    return found


def of_clips(session: Session, clip_ids: Sequence[int], least_score: float) -> list[ClipRepeat]:
    """The live clips that are the same as these, the likest first, without those that somebody has
    taken apart."""
    own: Any = aliased(Clip)
    other: Any = aliased(Clip)
    either = _both_ways().subquery()
    statement = (
        sa.select(
            *(own.id, own.start_frame, own.end_frame),
            *(other.id, other.start_frame, other.end_frame),
            *(either.c.start_frame, either.c.end_frame),
            *(either.c.other_start_frame, either.c.other_end_frame),
            *(either.c.is_mirrored, either.c.score),
        )
        .select_from(own)
        .join(either, _overlaps(either.c, own))
        .join(other, _overlaps(either.c, other, "other_"))
        .where(
            these(own.id, clip_ids),
            own.id != other.id,
            either.c.score >= least_score,
            sa.not_(_apart(own, other)),
            sa.not_(_apart(other, own)),
        )
    )
    found: dict[tuple[Any, ...], list[Repeat]] = defaultdict(list)
    for row in session.execute(statement):
        repeat = Repeat(FrameRange(*row[6:8]), FrameRange(*row[8:10]), *row[10:])
        found[tuple(row[:6])].append(repeat)
    told = [
        clip_repeat(clip, FrameRange(*frames), other_id, FrameRange(*others), repeats)
        for (clip, *frames, other_id, others_start, others_end), repeats in found.items()
        for others in [(others_start, others_end)]
    ]
    same = [each for each in told if each is not None and each.is_same]
    return sorted(same, key=lambda each: (-each.score, each.clip_id, each.other_id))


def without_signatures(session: Session, clip_ids: Sequence[int]) -> set[int]:
    """Those of the clips of which no repeats can be known: none of their frames has a signature, or
    nobody has looked for repeats in their video yet."""
    signed = sa.exists().where(
        col(FrameSignature.source_video_id) == col(Clip.source_video_id),
        col(FrameSignature.frame) >= col(Clip.start_frame),
        col(FrameSignature.frame) < col(Clip.end_frame),
    )
    return set(
        session.scalars(
            sa.select(col(Clip.id))
            .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
            .where(
                these(col(Clip.id), clip_ids),
                sa.or_(col(SourceVideo.repeats_sought_in).is_(None), sa.not_(signed)),
            )
        )
    )


def _both_ways() -> Any:
    row: Any = RepeatRow
    straight = sa.select(
        *(row.source_video_id, row.start_frame, row.end_frame),
        *(row.other_video_id, row.other_start_frame, row.other_end_frame),
        *(row.is_mirrored, row.score),
    )
    turned = sa.select(
        *(row.other_video_id, row.other_start_frame, row.other_end_frame),
        *(row.source_video_id, row.start_frame, row.end_frame),
        *(row.is_mirrored, row.score),
    )
    return sa.union_all(straight, turned)


def _overlaps(repeat: Any, clip: Any, side: str = "") -> Any:
    video = repeat["other_video_id" if side else "source_video_id"]
    return sa.and_(
        clip.source_video_id == video,
        clip.start_frame < repeat[f"{side}end_frame"],
        clip.end_frame > repeat[f"{side}start_frame"],
        clip.state != "superseded",
    )


def _apart(own: Any, other: Any) -> Any:
    """True of two clips whose middles lie in ranges that somebody has taken apart."""
    return sa.exists().where(
        col(ApartRow.source_video_id) == own.source_video_id,
        col(ApartRow.other_video_id) == other.source_video_id,
        *_holds(ApartRow.start_frame, ApartRow.end_frame, own),
        *_holds(ApartRow.other_start_frame, ApartRow.other_end_frame, other),
    )


def _holds(start: Any, end: Any, clip: Any) -> tuple[Any, Any]:
    middle = (clip.start_frame + clip.end_frame) / 2
    return start <= middle, middle < end


def take_apart(session: Session, actor: str, clip_ids: Sequence[int]) -> None:
    """Has no two of the clips called the same any more."""
    found = sorted(clips.with_ids(session, clip_ids), key=lambda clip: clip.id)
    if len(found) < 2:
        raise InputError("A stack has two clips or more: name those to be taken apart.")
    for at, clip in enumerate(found):
        for other in found[at + 1 :]:
            session.add(
                ApartRow(
                    source_video_id=clip.source_video_id,
                    start_frame=clip.start_frame,
                    end_frame=clip.end_frame,
                    other_video_id=other.source_video_id,
                    other_start_frame=other.start_frame,
                    other_end_frame=other.end_frame,
                    actor=actor,
                )
            )


class Shared(NamedTuple):
    """A video that has much of another one."""

    video: SourceVideo
    share: float
    """Of the frames of the other one."""


def shared(
    session: Session, video_ids: Sequence[int], least_score: float, least_share: float
) -> dict[int, list[Shared]]:
    """By video, those that have at least so much of it, the most first."""
    either = _both_ways().subquery()
    rows = session.execute(
        sa.select(
            either.c.source_video_id,
            either.c.other_video_id,
            either.c.start_frame,
            either.c.end_frame,
        ).where(
            either.c.source_video_id.in_(video_ids),
            either.c.source_video_id != either.c.other_video_id,
            either.c.score >= least_score,
        )
    )
    ranges: dict[tuple[int, int], list[FrameRange]] = defaultdict(list)
    for video_id, other_id, start, end in rows:
        ranges[video_id, other_id].append(FrameRange(start, end))
    ids = {each for pair in ranges for each in pair}
    videos = {
        video.id: video
        for video in session.exec(select(SourceVideo).where(col(SourceVideo.id).in_(ids)))
    }
    found: dict[int, list[Shared]] = defaultdict(list)
    for (video_id, other_id), parts in ranges.items():
        share = covered(parts) / (videos[video_id].frame_count or 1)
        if share >= least_share:
            found[video_id].append(Shared(videos[other_id], min(share, 1.0)))
    return {each: sorted(told, key=lambda one: -one.share) for each, told in found.items()}
