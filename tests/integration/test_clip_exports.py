"""Which files clips have by which profiles, and which are missing: the questions to the rows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from heaters_pipeline.db import clip_exports, profiles
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ExportProfile, ProfileUse
from heaters_pipeline.domain.profiles import BUILT_IN
from heaters_pipeline.domain.states import ClipState
from tests.rows import ready_video

RECEIPT = {"size": 5, "sha256": "ab"}


def _profile(session: Session, name: str) -> ExportProfile:
    return session.scalars(sa.select(ExportProfile).where(col(ExportProfile.name) == name)).one()


def _exported(session: Session, clip_id: int) -> Clip:
    clip = session.get_one(Clip, clip_id)
    path = f"clips/{clip.id}/clip.mp4"
    clip_exports.save(
        session,
        clip,
        _profile(session, "delivery"),
        filepath=path,
        frames=clip.frames,
        receipt=RECEIPT,
    )
    for name, value in (clip_exports.main_file(session, clip.id) or {}).items():
        setattr(clip, name, value)
    clip.state = ClipState.EMBEDDED
    session.flush()
    return clip


def test_an_installation_begins_with_these_profiles(engine) -> None:
    with transaction(engine) as session:
        rows = session.scalars(sa.select(ExportProfile).order_by(col(ExportProfile.id))).all()
        assert {each.name: each.profile for each in rows} == BUILT_IN
        assert [each.hash for each in rows] == [each.profile.hash for each in rows]
        assert rows[0].name == "delivery"


def test_what_is_missing_is_what_a_use_asks_for(engine) -> None:
    video, (first, second, _) = ready_video(engine)
    with transaction(engine) as session:
        _exported(session, first.id)
        _exported(session, second.id).labels = ["sea"]
        assert clip_exports.missing(session, video.id, 0, 9) == []
        assert clip_exports.due(session, 0, 9) == []
        web = _profile(session, "web")
        session.add(ProfileUse(profile_id=web.id, label="sea"))
        session.flush()
        assert [
            (clip.id, profile.name)
            for clip, profile in clip_exports.missing(session, video.id, 0, 9)
        ] == [(second.id, "web")]
        (asked,) = clip_exports.due(session, 0, 9)
        assert (asked.video_key, asked.file_count) == (video.key, 1)
        clip_exports.fail(session, second.id, web, "No disk.")
        assert clip_exports.missing(session, video.id, 0, 9) == []
        web.hash = "000000000000"
        session.flush()
        (again,) = clip_exports.due(session, 0, 9)
        assert again.mark != asked.mark


def test_a_run_that_dies_fails_no_more_than_it_was_to_make(
    engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, (first, second, third) = ready_video(engine)
    monkeypatch.setattr(clip_exports, "MOST_FILES", 2)
    with transaction(engine) as session:
        for clip in (first, second, third):
            _exported(session, clip.id)
        profiles.use(session, "web", video_key=video.key, label=None)
        clip_exports.give_up(session, video.key, 0, "The run died.")
        assert [clip.id for clip, _ in clip_exports.missing(session, video.id, 0, 9)] == [third.id]
        (rest,) = clip_exports.due(session, 0, 9)
        assert profiles.failed(session) == {"web": 2}

        assert profiles.retry(session, "archive", video.key) == 0
        assert profiles.retry(session, "web", video.key) == 2
        (again,) = clip_exports.due(session, 0, 9)
        assert (again.file_count, rest.file_count) == (3, 1)
        assert again.mark != rest.mark
        clip_exports.give_up(session, video.key, 0, "The run died.")
        assert profiles.retry(session, None, None) == 2
        (later,) = clip_exports.due(session, 0, 9)
        assert later.mark != again.mark, "no run has the key of one before"
