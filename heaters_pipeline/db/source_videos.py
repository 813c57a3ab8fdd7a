"""Source videos: registering them, and moving them through their states."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from heaters_pipeline.db import deletions, sites, webhooks
from heaters_pipeline.db.among import among
from heaters_pipeline.db.locks import is_at_work
from heaters_pipeline.db.models import (
    PRODUCT_PATHS,
    Clip,
    Origin,
    ProductPath,
    SourceFacts,
    SourceTimecode,
    SourceVideo,
)
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import (
    COMPLETE,
    DOWNLOAD,
    PREPROCESS,
    SOURCE_STEPS,
    ClipState,
    SourceState,
    Step,
    begins,
    changed,
    step_of,
)
from heaters_pipeline.domain.webhooks import EventKind

WITHOUT_INDEX = defer(col(SourceVideo.keyframe_offsets), raiseload=True)  # type: ignore[arg-type]
"""The index of a two-hour film is megabytes: it is read by slices, never with the row."""

WITHOUT_CUT_POINTS = defer(col(SourceVideo.scene_cut_points), raiseload=True)  # type: ignore[arg-type]
"""A long video has thousands; `db.clip_transitions` reads those of some clips."""

TWIN_LOCKS = 0x48545457
"""First half of the keys under which downloads of the same bytes wait for one another."""

PATH_OF_LOST: Mapping[str, ProductPath] = {
    Kind.REVIEW_PROXY: "proxy_filepath",
    Kind.FRAME_SCORES: "frame_scores_filepath",
}
"""Products that are made again where the storage has lost them, by their columns."""

BETWEEN_STEPS = timedelta(minutes=1)

_UNDER_WAY = frozenset(state for step in SOURCE_STEPS for state in (step.waiting, step.doing))

CANCELLED = "Cancelled: try again to go on."

_VIDEOS = select(SourceVideo).options(WITHOUT_INDEX)


def register(
    session: Session,
    *,
    key: str,
    title: str,
    url: str,
    origin: Origin,
    needs_splicing: bool,
    pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
    source_filepath: str | None = None,
    playlist_id: int | None = None,
) -> tuple[SourceVideo, bool]:
    """The row with this key, and whether it is new."""
    inserted = session.execute(
        insert(SourceVideo)
        .values(
            key=key,
            title=title,
            url=url,
            origin=origin,
            needs_splicing=needs_splicing,
            pipeline=pipeline,
            source_filepath=source_filepath,
            playlist_id=playlist_id,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(col(SourceVideo.id))
    ).first()
    return get(session, key), inserted is not None


def get(session: Session, key: str) -> SourceVideo:
    """Raises NotFound for a key that no video has."""
    video = session.exec(_VIDEOS.where(SourceVideo.key == key)).first()
    if video is None:
        raise NotFound(f"There is no source video with the key {key!r}.")
    return video


def with_ids(session: Session, ids: Iterable[int]) -> dict[int, SourceVideo]:
    """Videos by their ids, without their large columns."""
    rows = session.exec(
        select(SourceVideo)
        .where(col(SourceVideo.id).in_(ids))
        .options(WITHOUT_INDEX, WITHOUT_CUT_POINTS)
    )
    return {video.id: video for video in rows}


def get_by_proxy_id(session: Session, proxy_id: str) -> SourceVideo | None:
    return session.exec(_VIDEOS.where(SourceVideo.proxy_id == proxy_id)).first()


def newest_first(session: Session, limit: int = 100, offset: int = 0) -> Sequence[SourceVideo]:
    return session.exec(
        _VIDEOS.order_by(col(SourceVideo.id).desc()).limit(limit).offset(offset)
    ).all()


def failed(session: Session) -> Sequence[SourceVideo]:
    """Videos with an error, newest first; those that are tried again by themselves, too."""
    return session.exec(
        _VIDEOS.where(col(SourceVideo.error).is_not(None)).order_by(col(SourceVideo.id).desc())
    ).all()


def waiting(session: Session, limit: int) -> list[tuple[str, int]]:
    """Key and attempt of the videos that wait for a download or a refetch, oldest first; those that
    wait for the end of an outage of their sites are left out."""
    rows = session.exec(
        select(SourceVideo.key, SourceVideo.attempt)
        .where(
            sa.or_(col(SourceVideo.state) == SourceState.NEW, col(SourceVideo.refetch_requested)),
            sa.or_(col(SourceVideo.retry_at).is_(None), col(SourceVideo.retry_at) <= sa.func.now()),
            ~sites.held_back(session),
        )
        .order_by(col(SourceVideo.id))
        .limit(limit)
    )
    return [(key, attempt) for key, attempt in rows]


def known(session: Session, keys: Iterable[str]) -> set[str]:
    """The keys, of these, that belong to a video."""
    return set(session.exec(select(SourceVideo.key).where(col(SourceVideo.key).in_(list(keys)))))


def lacks_source(session: Session, key: str) -> bool:
    """Whether there is no such video yet, or one that has no source and won't get one by itself."""
    found = session.exec(_VIDEOS.where(SourceVideo.key == key)).first()
    if found is None:
        return True
    return found.source_filepath is None and found.state in (DOWNLOAD.failed, SourceState.REMOVED)


def keys(session: Session) -> list[str]:
    """Of all videos, oldest first."""
    return list(session.exec(select(SourceVideo.key).order_by(col(SourceVideo.id))))


def counts_by_state(session: Session) -> dict[str, int]:
    rows = session.exec(select(SourceVideo.state, sa.func.count()).group_by(col(SourceVideo.state)))
    return dict(rows.all())


def begin(session: Session, key: str, step: Step[SourceState]) -> SourceVideo:
    """Takes a video into a step; one that is past it already keeps its state (`states.begins`).

    Raises TransitionError if an earlier step is missing.
    """
    video = _locked(session, key)
    step = step_of(ClipPipeline(video.pipeline), step)
    if begins(SourceState(video.state), step):
        video.state = step.doing
    if step is DOWNLOAD:
        video.cancel_requested = False  # of a run before this one
    video.error = video.retry_at = None
    video.progress = 0
    video.step_began_at = session.scalar(sa.func.now())
    return video


def refuse_taken_over(session: Session, key: str, attempt: int) -> None:
    """Raises Conflict where the video has a newer attempt than that of a step which is at work on
    it: the step seemed dead, and was put back. If not, it is not put back before the session's
    transaction ends."""
    now = session.scalar(
        sa.select(col(SourceVideo.attempt))
        .where(col(SourceVideo.key) == key)
        .with_for_update(key_share=True)
    )
    if now != attempt:
        raise Conflict(f"Another run has taken {key} over: what this one still does is void.")


def finish(
    session: Session,
    key: str,
    step: Step[SourceState],
    facts: SourceFacts | None = None,
) -> None:
    """Records a step's facts and, if the video is in the step, its end."""
    record(session, key, facts or {})
    video = _locked(session, key)
    if video.state == step.doing:
        video.state = changed(SourceState(video.state), step.done)
        if video.state in COMPLETE:
            webhooks.tell_of_video(session, EventKind.READY, video)
    if video.state in COMPLETE:
        video.cancel_requested = False
        video.tries, video.retry_at = 0, None


def settle(
    session: Session, key: str, state: SourceState, facts: SourceFacts | None = None
) -> None:
    """Ends a download that leaves nothing to be done: a duplicate, or a playlist."""
    record(session, key, facts or {})
    video = _locked(session, key)
    video.state = changed(SourceState(video.state), state)
    video.cancel_requested = False
    video.tries, video.retry_at = 0, None


def same_bytes(session: Session, key: str, sha256: str) -> SourceVideo | None:
    """The oldest other video that was fetched with the same bytes. Of two transactions that ask
    for the same bytes, the second waits for the first to end."""
    _wait_for_twins(session, sha256)
    return _original(session, key, SourceVideo.source_sha256 == sha256)


def same_page(session: Session, key: str, site_id: str) -> SourceVideo | None:
    """The oldest other video that has the same id on its site; waits as `same_bytes` does."""
    _wait_for_twins(session, site_id)
    return _original(session, key, SourceVideo.site_id == site_id)


def _wait_for_twins(session: Session, same: str) -> None:
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(:space, hashtext(:same))"),
        {"space": TWIN_LOCKS, "same": same},
    )


def paths(video: SourceVideo) -> dict[str, str]:
    """Storage keys of the source and of its products, by column, as far as there are any."""
    found = {column: getattr(video, column) for column in ("source_filepath", *PRODUCT_PATHS)}
    return {column: path for column, path in found.items() if path is not None}


def objects(video: SourceVideo) -> set[str]:
    """Storage keys of all that the row names."""
    pending = {video.pending_source["path"]} if video.pending_source else set()
    evidence = {video.cut_evidence_filepath} if video.cut_evidence_filepath else set()
    segments = video.proxy_segments["parts"] if video.proxy_segments else []
    return {*paths(video).values(), *pending, *evidence, *(each["path"] for each in segments)}


def original(session: Session, video: SourceVideo) -> SourceVideo | None:
    """The video that a duplicate is the same as."""
    if video.duplicate_of_id is None:
        return None
    return session.exec(_VIDEOS.where(SourceVideo.id == video.duplicate_of_id)).first()


def is_gone(session: Session, video: SourceVideo) -> bool:
    """Whether the video was removed, or is a duplicate of one that was."""
    same = original(session, video) or video
    return SourceState.REMOVED in (video.state, same.state)


def of_playlist(session: Session, playlist_id: int) -> Sequence[SourceVideo]:
    """The videos of a playlist, in its order."""
    return session.exec(
        _VIDEOS.where(SourceVideo.playlist_id == playlist_id).order_by(col(SourceVideo.id))
    ).all()


def list_depth(session: Session, video: SourceVideo) -> int:
    """How many nested playlists the video was found in."""
    depth, parent = 0, video.playlist_id
    while parent is not None:
        depth += 1
        parent = session.exec(
            select(SourceVideo.playlist_id).where(SourceVideo.id == parent)
        ).first()
    return depth


def _original(session: Session, key: str, same: Any) -> SourceVideo | None:
    return session.exec(
        _VIDEOS.where(
            same,
            SourceVideo.key != key,
            SourceVideo.state != SourceState.DUPLICATE,
            col(SourceVideo.source_filepath).is_not(None),
        ).order_by(col(SourceVideo.id))
    ).first()


def record(session: Session, key: str, facts: SourceFacts) -> None:
    """Writes facts that a part of a step has found out. Objects that the row names no more are
    entered for deletion."""
    video = _locked(session, key)
    before = objects(video)
    for name, value in facts.items():
        setattr(video, name, value)
    deletions.enter(session, before - objects(video), "another file replaced it")
    video.progress = None


def fail(session: Session, key: str, step: Step[SourceState], error: str) -> None:
    """Records why a step failed. A video that was already further along keeps its state."""
    video = _locked(session, key)
    step = step_of(ClipPipeline(video.pipeline), step)
    if video.state == step.doing:
        video.state = changed(SourceState(video.state), step.failed)
    _end(video, error)
    if error != CANCELLED:
        webhooks.tell_of_video(session, EventKind.SOURCE_FAILED, video)


def _end(video: SourceVideo, error: str | None) -> None:
    video.error = error
    video.progress = video.retry_at = video.lost_products = None
    video.cancel_requested = False
    video.refetch_requested = False


def try_later(session: Session, key: str, step: Step[SourceState], error: str) -> None:
    """Puts a video whose step failed for a reason that may pass back into the queue, under a new
    attempt and after a pause. One that was tried too often fails."""
    video = _locked(session, key)
    video.tries += 1
    if retries.may_try_again(video.tries):
        put_back(session, key, error, retries.pause(video.tries, retries.some_chance()))
    else:
        fail(session, key, step, error)


def put_back(session: Session, key: str, error: str | None, pause: timedelta | None) -> None:
    """Puts a video that is not ready, a refetch, or what the storage has lost, back into the queue,
    under a new attempt. Not before `pause` is over it is begun; None: as soon as what it needs
    answers. `error` is None where nothing was tried."""
    video = _locked(session, key)
    refetches = video.refetch_requested or video.pending_source is not None
    lost_products = video.lost_products
    _end(video, error)
    if video.state in _UNDER_WAY:
        video.state = changed(SourceState(video.state), SourceState.NEW)
    elif refetches:
        video.refetch_requested = True
    elif lost_products:
        video.lost_products = lost_products
    else:  # somebody had a product of a ready video made anew: they see the error
        video.tries = 0
        return
    video.attempt += 1
    video.retry_at = session.scalars(sa.select(sa.func.now() + pause)).one() if pause else None


def finish_products(session: Session, key: str, facts: SourceFacts) -> None:
    """Records what came out of preprocessing. The video leaves the step when all its products are
    there; after a part of them it waits for the step again."""
    record(session, key, facts)
    video = _locked(session, key)
    still_lost = [each for each in video.lost_products or [] if PATH_OF_LOST[each] not in facts]
    if video.lost_products and not still_lost:
        video.tries = 0
    video.lost_products = still_lost or None
    if video.state == PREPROCESS.doing:
        whole = None not in (
            video.gold_master_filepath,
            video.frame_scores_filepath,
            video.proxy_filepath,
        )
        ended = PREPROCESS.done if whole else PREPROCESS.waiting
        video.state = changed(SourceState(video.state), ended)


def give_up(session: Session, key: str, attempt: int | None, error: str) -> None:
    """Fails the step that a run left behind, or never began, and a refetch that it did not end.
    Does nothing where a step is at work, or where the video's attempt is not that of the run (None:
    any attempt). An error that is there already stays: it says more."""
    video = _locked(session, key)
    if attempt not in (None, video.attempt) or is_at_work(session, key):
        return
    step = _step_under_way(video)
    if step is not None and video.error is None:
        video.state = changed(SourceState(video.state), step.failed)
        _end(video, error)
        webhooks.tell_of_video(session, EventKind.SOURCE_FAILED, video)
    elif _is_asked_for(video):
        _end(video, video.error or error)


def put_back_left(session: Session, key: str, attempt: int | None, error: str) -> None:
    """Puts back, as a try that failed, what a run that died left behind or never began, under the
    conditions of `give_up`."""
    video = _locked(session, key)
    if attempt not in (None, video.attempt) or is_at_work(session, key):
        return
    step = _step_under_way(video)
    if step is not None or _is_asked_for(video):
        try_later(session, key, step or DOWNLOAD, video.error or error)


def _is_asked_for(video: SourceVideo) -> bool:
    """Whether a ready video waits for something all the same."""
    return bool(video.refetch_requested or video.pending_source is not None or video.lost_products)


def _step_under_way(video: SourceVideo) -> Step[SourceState] | None:
    at = (each for each in SOURCE_STEPS if video.state in (each.waiting, each.doing))
    step = next(at, None)
    return step and step_of(ClipPipeline(video.pipeline), step)


def abandoned(session: Session, limit: int) -> list[tuple[str, datetime]]:
    """Videos in the middle of a step that nobody has been at work on for a while, and since when:
    their runs have died. Between two steps a run holds no lock for a moment."""
    rows = session.execute(
        sa.select(col(SourceVideo.key), col(SourceVideo.updated_at))
        .where(
            col(SourceVideo.state).in_([step.doing for step in SOURCE_STEPS]),
            col(SourceVideo.updated_at) < sa.func.now() - BETWEEN_STEPS,
        )
        .order_by(col(SourceVideo.id))
        .limit(limit)
    ).all()
    return [(key, since) for key, since in rows if not is_at_work(session, key)]


def retry_failed(
    session: Session,
    video_ids: Iterable[int] | None = None,
    state: SourceState | None = None,
) -> int:
    """Puts all videos that failed back to the start of the queue; of these only, or in this state
    only. How many."""
    failed = [step.failed for step in SOURCE_STEPS if state in (None, step.failed)]
    query = select(SourceVideo.key).where(
        col(SourceVideo.state).in_(failed),
        col(SourceVideo.error) != CANCELLED,
    )
    if video_ids is not None:
        query = query.where(among(col(SourceVideo.id), video_ids))
    keys = session.exec(query.order_by(col(SourceVideo.id))).all()
    for key in keys:
        retry(session, key)
    return len(keys)


def set_progress(session: Session, key: str, progress: float) -> None:
    session.execute(
        sa.update(SourceVideo).where(col(SourceVideo.key) == key).values(progress=progress)
    )


def retry(session: Session, key: str) -> SourceVideo:
    """Puts an unfinished video back to the start of the queue, under a new attempt.

    Raises InputError for one that is ready or waits for its turn, Conflict where a step is at work
    on it.
    """
    video = _locked(session, key)
    if video.state in COMPLETE:
        raise InputError(f"{video.title} is ready: there is nothing to try again.")
    if video.error is None and video.state in {step.waiting for step in SOURCE_STEPS}:
        raise InputError(f"{video.title} waits for its turn: there is nothing to try again.")
    if is_at_work(session, key):
        raise Conflict(f"A run is working on {video.title}: wait for it to end, or cancel it.")
    video.state = changed(SourceState(video.state), SourceState.NEW)
    video.attempt += 1
    video.error, video.tries, video.retry_at = None, 0, None
    video.cancel_requested = False
    return video


def refetch(session: Session, key: str) -> SourceVideo:
    """Requests that a video be fetched from its site once more, under a new attempt. Decisions on
    its clips stay.

    Raises InputError for a file, Conflict where a step is at work on the video.
    """
    video = _locked(session, key)
    if video.archived is not None:
        raise InputError(f"{video.title} is archived: restore it first.")
    if video.origin != Origin.WEB:
        raise InputError(f"{video.title} is a file: add the better one as a new video.")
    if video.state not in COMPLETE:
        return retry(session, key)
    if video.refetch_requested and video.error is None:
        return video
    if is_at_work(session, key):
        raise Conflict(f"A run is working on {video.title}: wait for it to end, or cancel it.")
    video.attempt += 1
    video.error, video.tries, video.retry_at = None, 0, None
    video.cancel_requested = False
    video.refetch_requested = True
    return video


def cancel(session: Session, key: str) -> SourceVideo:
    """Takes a waiting video out of the queue, under a new attempt: a run that waits for it already
    becomes void. Where work has begun, asks it to stop.

    Raises InputError where there is nothing to cancel.
    """
    video = _locked(session, key)
    at_work = video.state not in COMPLETE or video.progress is not None
    if at_work and is_at_work(session, key):
        video.cancel_requested = True
    elif video.state == SourceState.NEW:
        video.state = changed(SourceState(video.state), DOWNLOAD.failed)
        video.attempt += 1
        _end(video, CANCELLED)
    elif video.refetch_requested or video.lost_products:
        video.attempt += 1
        _end(video, CANCELLED)
    elif video.state in _UNDER_WAY and video.error is None:
        video.cancel_requested = True
    else:
        raise InputError(f"Nothing is being done with {video.title}: there is nothing to cancel.")
    return video


def is_cancelled(session: Session, key: str) -> bool:
    return bool(
        session.exec(select(SourceVideo.cancel_requested).where(SourceVideo.key == key)).first()
    )


def download_qualities(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """Key and `download_quality` of the videos that were fetched from the web, newest first."""
    rows = session.execute(
        sa.select(col(SourceVideo.key), col(SourceVideo.download_quality))
        .where(
            col(SourceVideo.origin) == Origin.WEB, col(SourceVideo.download_quality).is_not(None)
        )
        .order_by(col(SourceVideo.id).desc())
    )
    return [(key, quality) for key, quality in rows]


def _locked(session: Session, key: str) -> SourceVideo:
    video = session.exec(_VIDEOS.where(SourceVideo.key == key).with_for_update()).first()
    if video is None:
        raise NotFound(f"There is no source video with the key {key!r}.")
    return video


def without_timecode(session: Session, video_ids: Collection[int] | None) -> list[tuple[str, str]]:
    """Key and storage key of the sources that nobody has looked for a timecode in; of these videos
    only, unless it is None."""
    query = (
        select(SourceVideo.key, SourceVideo.source_filepath)
        .where(
            col(SourceVideo.source_timecode).is_(None),
            col(SourceVideo.source_filepath).is_not(None),
            col(SourceVideo.frame_count).is_not(None),
        )
        .order_by(col(SourceVideo.id))
    )
    if video_ids is not None:
        query = query.where(col(SourceVideo.id).in_(video_ids))
    return [(key, str(path)) for key, path in session.exec(query)]


def learn_timecode(session: Session, key: str, path: str, found: SourceTimecode) -> None:
    """Writes what was found in the source at `path`, unless the video has another one by now."""
    session.execute(
        sa.update(SourceVideo)
        .where(col(SourceVideo.key) == key, col(SourceVideo.source_filepath) == path)
        .values(source_timecode=found)
    )


def clip_counts(session: Session, video_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Live clips by state, of each of the videos."""
    rows = session.exec(
        select(Clip.source_video_id, Clip.state, sa.func.count())
        .where(col(Clip.source_video_id).in_(video_ids), Clip.state != ClipState.SUPERSEDED)
        .group_by(col(Clip.source_video_id), col(Clip.state))
    )
    counts: dict[int, dict[str, int]] = {}
    for video_id, state, count in rows:
        counts.setdefault(video_id, {})[state] = count
    return counts
