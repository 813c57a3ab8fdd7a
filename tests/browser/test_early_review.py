"""Reviewing the beginning of a film that is still being transcoded, across the ends of segments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.pipeline import open_pipeline
from tests import early
from tests.browser.tab import Tab

pytestmark = pytest.mark.long


def test_clips_are_reviewed_frame_by_frame_while_their_film_is_transcoded(
    tab: Callable[..., Tab],
    pipeline: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early.segments_of_seconds(monkeypatch)
    film = early.long_film(tmp_path)
    with early.ingest_under_way(film) as process:
        video, live = early.when_settled(pipeline)
        assert [clip.end_frame for clip in live][:3] == [200, 253, 600]
        page = tab()
        page.shows_clip(0)
        for frame in (0, 1, 198, 199):
            assert page.go_to(frame) == frame
        page.press("a")
        page.shows_clip(200)
        # The first segment ends before frame 250, the second before frame 500.
        for frame in (200, 249, 250, 251, 252, 249):
            assert page.go_to(frame) == frame
        page.press("s")
        page.shows_clip(253)
        for frame in (499, 500, 501, 599, 253):
            assert page.go_to(frame) == frame
        assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
        page.is_saved()
        with transaction(pipeline) as session:
            states = [clip.state for clip in clips.of_video(session, video.id)]
        assert states[:2] == [ClipState.REVIEW_APPROVED, ClipState.REVIEW_SKIPPED]
        assert process.is_alive()
        assert early.when(pipeline, bool).state == "preprocessing"
    report = ingest(open_pipeline(pipeline, get_settings()), str(film))
    assert report.error is None
    page.page.reload()
    page.shows_clip(253)
    for frame in (499, 500, 599):
        assert page.go_to(frame) == frame
    page.press("a")
    page.shows_clip(600)
    assert page.go_to(904) == 904
    assert page.complaints == []
