"""Files that there are and that are not handed over: of clips that nobody approved, and of others
than the clips and the profiles are now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clip_exports, handed, profiles
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.domain.archive import Archived
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP, Nudge, Side
from heaters_pipeline.domain.handover import Handover, arguments_of
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.storage import LocalStorage
from tests.decisions import decide
from tests.handover import export
from tests.rows import ready_video


@pytest.fixture
def ids(engine: Engine, storage: LocalStorage, tmp_path: Path) -> list[int]:
    """The four clips of a physical film: each has a file, and waits for review."""
    video, clips = ready_video(engine, cuts=(10, 50, 80))
    for clip in clips:
        export(engine, storage, tmp_path, clip.id)
    with transaction(engine) as session:
        row = session.get_one(SourceVideo, video.id)
        row.pipeline, row.state = ClipPipeline.PHYSICAL, SourceState.SPLICED
        for clip in clips:
            session.get_one(Clip, clip.id).state = ClipState.PENDING_REVIEW
    return [clip.id for clip in clips]


def found(engine: Engine, text: str) -> Handover:
    with transaction(engine) as session:
        return handed.handover(session, handed.selection(session, arguments_of(text)))


def named(ids: list[int]) -> str:
    return ",".join(map(str, ids))


def test_only_approved_clips_are_handed_over_whoever_has_files(
    engine: Engine, ids: list[int]
) -> None:
    pending, skipped, archived, approved = ids
    decide(engine, skipped, SKIP, "bob")
    decide(engine, archived, ARCHIVE)
    decide(engine, approved, APPROVE, "ann")
    with transaction(engine) as session:
        held = [session.get_one(Clip, each).is_virtual for each in ids]
    assert held == [False] * 4, "all have files"

    handover = found(engine, named(ids))
    assert [each.clip_id for each in handover.clips] == [approved]
    assert handover.sentence == (
        f"3 of 4 clips left out: clip {pending} (not reviewed yet); clip {skipped} (skipped); "
        f"clip {archived} (archived)."
    )
    for state in ("pending", "skipped", "archived"):
        assert found(engine, f"state={state}").clips == []


@pytest.mark.parametrize("state", [ClipState.SPLICED, ClipState.SPRITE_FAILED])
def test_a_scene_before_its_review_is_not_reviewed_yet(
    engine: Engine, ids: list[int], state: ClipState
) -> None:
    with transaction(engine) as session:
        session.get_one(Clip, ids[0]).state = state
    (left_out,) = found(engine, f"{ids[0]}").left_out
    assert left_out.why == "not reviewed yet"


def test_who_approved_a_clip_is_who_approved_it(engine: Engine, ids: list[int]) -> None:
    clip_id = ids[0]
    decide(engine, clip_id, SKIP, "bob")
    approval = decide(engine, clip_id, APPROVE, "ann").event_id
    (handed_over,) = found(engine, f"{clip_id}").clips
    with transaction(engine) as session:
        event = session.get_one(ReviewEvent, approval)
        assert (handed_over.decided_by, handed_over.decided_at) == ("ann", event.created_at)


def approve(engine: Engine, ids: list[int]) -> None:
    for each in ids:
        decide(engine, each, APPROVE)


def change_profile(engine: Engine) -> None:
    with transaction(engine) as session:
        profiles.save(session, MAIN, replace(BUILT_IN[MAIN], quality=14))


def test_a_file_with_the_old_frames_is_not_handed_over(engine: Engine, ids: list[int]) -> None:
    approve(engine, ids)
    decide(engine, ids[1], Nudge(Side.PREVIOUS, 12))
    handover = found(engine, named(ids))
    assert [each.clip_id for each in handover.clips] == ids[2:]
    assert handover.sentence == (
        f"2 of 4 clips left out: clips {ids[0]}, {ids[1]} (waiting for a new file)."
    )


def test_a_file_of_the_profile_as_it_was_is_not_handed_over(
    engine: Engine, storage: LocalStorage, ids: list[int], tmp_path: Path
) -> None:
    approve(engine, ids)
    change_profile(engine)
    export(engine, storage, tmp_path, ids[3], made=b"by the profile as it is now")
    with transaction(engine) as session:
        main = profiles.get(session, MAIN)
        clip_exports.fail(session, ids[0], main, "The disk is full.")
    handover = found(engine, named(ids))
    assert [each.clip_id for each in handover.clips] == ids[3:]
    assert handover.sentence == (
        f"3 of 4 clips left out: clip {ids[0]} (a new file failed); "
        f"clips {ids[1]}, {ids[2]} (waiting for a new file)."
    )


@pytest.mark.parametrize("archived", [False, True])
def test_a_file_that_nothing_makes_anew_says_so(
    engine: Engine, ids: list[int], archived: bool
) -> None:
    approve(engine, ids)
    change_profile(engine)
    with transaction(engine) as session:
        if archived:
            video = session.get_one(SourceVideo, session.get_one(Clip, ids[0]).source_video_id)
            video.archived, video.archived_at = Archived.COLD, datetime.now(UTC)
        else:
            profiles.stop_using(session, MAIN, video_key=None, label=None)
    reasons = {each.why for each in found(engine, named(ids)).left_out}
    assert reasons == {
        "a new file needs the archived video"
        if archived
        else f"made by an earlier {MAIN}, which is for other clips now"
    }
