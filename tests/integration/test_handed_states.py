"""Files that there are and that are not handed over: of clips that nobody approved, and of others
than the clips and the profiles are now."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import handed
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ReviewEvent, SourceVideo
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP
from heaters_pipeline.domain.handover import Handover, arguments_of
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
