"""Virtual and physical clips in one queue: the same keys, the same player."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, RepeatRow
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.exports import add_missing
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.browser.tab import Tab
from tests.browser.test_player_fallbacks import NO_VIDEO, NO_WEBCODECS
from tests.footage import NumberedFilm
from tests.integration.test_media_footage import numbers


class Mixed:
    """A virtual film with clips from 0, 40 and 80 on, then a physical one, from 0, 25, 52 and 90
    on."""

    def __init__(self, work: Pipeline, keys: dict[ClipPipeline, str]) -> None:
        self.work = work
        self.keys = keys

    def live(self, pipeline: ClipPipeline) -> list[Clip]:
        with transaction(self.work.engine) as session:
            video = source_videos.get(session, self.keys[pipeline])
            return list(clips.of_video(session, video.id))

    def states(self, pipeline: ClipPipeline) -> list[str]:
        return [str(clip.state) for clip in self.live(pipeline)]


PLANS = {
    ClipPipeline.VIRTUAL: NumberedFilm(120, (40, 80), name="virtual.mp4"),
    ClipPipeline.PHYSICAL: NumberedFilm(120, (25, 52, 90), name="physical.mp4"),
}


@pytest.fixture
def mixed(settings: Settings, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Mixed:
    quick = settings.model_copy(update={"undo_window_seconds": 0, "detector": "transition"})
    work = open_pipeline(engine, quick)
    folder = tmp_path_factory.mktemp("films")
    keys = {}
    for pipeline, plan in PLANS.items():
        report = ingest(work, str(plan.make(folder)), clip_pipeline=pipeline)
        assert report.error is None
        keys[pipeline] = report.key
    with transaction(engine) as session:
        # Numbered films look alike: stacks of their clips would be decided on as one.
        session.execute(sa.delete(RepeatRow))
    return Mixed(work, keys)


def test_a_mixed_queue_is_reviewed_by_keys_alone(tab: Callable[..., Tab], mixed: Mixed) -> None:
    page = tab()
    for start, key in ((0, "a"), (40, "s"), (80, "x")):
        page.shows_clip(start)
        assert page.go_to(start + 3) == start + 3
        page.press(key)
    page.until("heaters.queue.current?.end_frame === 25")
    assert [page.go_to(frame) for frame in (0, 24, 11)] == [0, 24, 11]
    page.press("a")
    page.shows_clip(25)
    page.press("m")
    page.until("heaters.player.clip.start_frame === 0 && heaters.player.clip.end_frame === 52")
    assert [page.go_to(frame) for frame in (30, 10)] == [30, 10], "of both clips"
    page.press("u")
    page.shows_clip(25)
    page.go_to(33)
    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 33")
    page.press("a")
    page.shows_clip(33)
    page.press("PageDown")
    page.shows_clip(52)
    page.go_to(60)
    page.press("s")
    page.shows_clip(90)
    page.press("a")
    page.is_saved()
    assert page.complaints == []
    assert mixed.states(ClipPipeline.VIRTUAL) == [
        *("review_approved", "review_skipped", "review_archived")
    ]
    assert mixed.states(ClipPipeline.PHYSICAL) == [
        *("review_approved", "review_approved", "pending_review"),
        *("review_skipped", "review_approved"),
    ]
    made = [clip.is_virtual for clip in mixed.live(ClipPipeline.PHYSICAL)]
    assert made == [False, True, True, False, False]

    assert len(add_missing(mixed.work, mixed.keys[ClipPipeline.PHYSICAL]).made) == 1
    waiting = mixed.live(ClipPipeline.PHYSICAL)[2]
    with mixed.work.storage.fetch(str(waiting.clip_filepath)) as path:
        assert numbers(path) == list(range(33, 52))


def test_the_last_fallback_shows_a_physical_clip_from_its_own_sheets(
    tab: Callable[..., Tab], mixed: Mixed
) -> None:
    key = mixed.keys[ClipPipeline.PHYSICAL]
    page = tab(script=NO_WEBCODECS + NO_VIDEO, search=f"?video={key}")
    page.shows_clip(0)
    page.until("heaters.player.engineName === 'preview pictures'")
    page.press("s")
    page.shows_clip(25)
    sprites = page.page.evaluate("heaters.player.clip.video.sprites")
    clip = mixed.live(ClipPipeline.PHYSICAL)[1]
    assert (sprites["first"], sprites["count"]) == (25, 6)
    assert sprites["address"].startswith(f"/clips/{clip.id}/sprites/")
    assert [page.go_to(frame) for frame in (25, 29, 30, 51)] == [25, 25, 30, 50]
    page.press("a")
    page.shows_clip(52)
    assert page.go_to(52) == 52, "the video's sheets have no tile of this frame"
    assert page.complaints == []
