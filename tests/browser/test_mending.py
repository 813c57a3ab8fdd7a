"""The keys that `benchmarks.mending` counts, pressed on the real page."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from benchmarks.mending import TAB, mending
from benchmarks.scoring import Truth
from heaters_pipeline.domain.cut_points import FrameRange, divide
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.storage import LocalStorage
from tests.browser.numbered import CUTS, FRAMES, ranges, states
from tests.browser.review_world import Footage, add_film
from tests.browser.tab import Tab

FOUND = [70, 133, 204, 260, 300]
"""The second is two frames off, the one at 200 is missing, the one at 260 false."""
LEFT_OUT = [20, 170, 200, 350]
"""The third is right."""

PLAYWRIGHT = {"Shift+m": "Shift+M", "Shift+.": "Shift+>", "Shift+,": "Shift+<"}


def cut(frame: int, score: float) -> Transition:
    return Transition(TransitionKind.CUT, frame - 1, frame, score)


def test_the_counted_keys_mend_the_cuts_on_the_real_page(
    tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    truths = [Truth("cut", frame - 1, frame) for frame in CUTS]
    keys = list(mending(divide(FrameRange(0, FRAMES), FOUND), LEFT_OUT, truths))
    assert keys == ["a", ",", "a", "Shift+Tab", "Enter", *"aa", "Shift+m", *"aa"]
    film = add_film(
        *(engine, storage, footage, "film", FOUND),
        [cut(frame, 0.9) for frame in FOUND],
        [cut(frame, 0.4) for frame in LEFT_OUT],
    )
    page = tab()
    page.shows_clip(0)
    for key in keys:
        page.press(PLAYWRIGHT.get(key, key))
        if key.endswith(TAB):
            assert page.on_screen() == 200
    page.until("heaters.queue.current === null")
    page.is_saved()
    assert set(states(engine, film)) == {"review_approved"}
    assert [start for start, _ in ranges(engine, film)] == [0, 70, 132, 200, 204, 300]
    assert page.complaints == []
