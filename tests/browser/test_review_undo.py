"""A shift on five films, by keys, with every action; then all of it is undone by `u` alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import col

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ReviewEvent
from heaters_pipeline.domain.decisions import DECISIONS, VERDICTS, Action
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import Footage, add_film
from tests.browser.tab import Tab
from tests.footage import NumberedFilm

LENGTH = 4
FILM = NumberedFilm(420, range(LENGTH, 420, LENGTH), rate=Fraction(30))
FILMS = 5
WAITING = 25
"""As many decisions may wait for a server that shares its cores."""

BOOKKEEPING = frozenset(
    {"version", "last_event_id", "leased_by", "leased_page", "leased_until", "updated_at"}
)
"""What a decision and its undo leave behind in a clip."""

PREPARING = ("rate", "label", "note", "nudge", "split", "merge")


def clips_as_they_are(engine: Engine) -> list[dict[str, Any]]:
    table = Clip.__table__  # type: ignore[attr-defined]
    shown = [column for column in table.columns if column.name not in BOOKKEEPING]
    live = sa.select(*shown).where(table.c.state != ClipState.SUPERSEDED).order_by(table.c.id)
    with transaction(engine) as session:
        return [dict(row) for row in session.execute(live).mappings()]


def made(engine: Engine) -> Counter[str]:
    """How many decisions of each kind reviewers have made."""
    wanted = sa.select(ReviewEvent.action).where(col(ReviewEvent.action).in_(DECISIONS))
    with transaction(engine) as session:
        return Counter(str(action) for action in session.scalars(wanted))


def prepare_clip(page: Tab, what: str, roll: random.Random) -> None:
    if what == "rate":
        page.press(str(roll.randint(1, 5)))
    elif what == "label":
        page.press(f"Shift+Digit{roll.randint(1, 2)}")
    elif what == "note":
        page.press("n")
        page.page.keyboard.type(f"note {roll.randint(1, 99)}", delay=0)
        page.press("Enter")
    elif what == "nudge":
        page.press(roll.choice([".", ",", "[", "]"]))
    elif what == "split":
        page.press("ArrowLeft", "Home", "ArrowRight")  # the first one stops it
        page.until("heaters.player.presented === heaters.queue.current.start_frame + 1")
        page.press("Enter")
    else:
        page.press(roll.choice(["m", "Shift+M"]))


def review(page: Tab, roll: random.Random, decided: int) -> None:
    for place in range(decided):
        # Every kind early on, so that a short shift has all of them.
        if place < 2 * len(PREPARING):
            prepare_clip(page, PREPARING[place % len(PREPARING)], roll)
        elif roll.random() < 0.5:
            prepare_clip(page, roll.choice(PREPARING), roll)
        # The screen may wait for the server: with what was this clip merged?
        page.until(f"!heaters.queue.busy && heaters.queue.unsaved < {WAITING}", seconds=60)
        page.until("heaters.queue.current")
        page.press(*("ag" if place % 9 == 4 else roll.choice("asx")))
    page.until("heaters.queue.unsaved === 0", seconds=120)


def undo(page: Tab, most: int | None = None) -> int:
    """Presses `u` until nothing is left to undo, or `most` times."""
    presses = 0
    while presses != most:
        page.press("u")
        presses += 1
        page.until(f"heaters.queue.unsaved < {WAITING}", seconds=60)
        if page.page.evaluate("heaters.queue.done.length === 0"):
            page.until("heaters.queue.unsaved === 0", seconds=120)
        if page.page.evaluate("heaters.queue.notice?.text.includes('no decision left')"):
            break
    page.until("heaters.queue.unsaved === 0", seconds=120)
    return presses


@pytest.mark.parametrize("decided", [24, pytest.param(500, marks=pytest.mark.whole)])
def test_a_shift_with_every_action_is_undone_by_one_key(
    decided: int, tab: Callable[..., Tab], engine: Engine, storage: LocalStorage, footage: Footage
) -> None:
    for number in range(FILMS):
        add_film(engine, storage, footage, f"film-{number}", FILM.scenes)
    before = clips_as_they_are(engine)
    page = tab()
    page.shows_clip(0)
    review(page, random.Random(3), decided)
    counts = made(engine)
    # Groups are taken apart in the library.
    assert counts.keys() == DECISIONS - {Action.UNGROUP}, counts
    assert sum(counts[action] for action in VERDICTS) >= decided * 0.8, counts
    assert clips_as_they_are(engine) != before
    # The first half as this page remembers it, the second as the server tells another page.
    total = sum(counts.values())
    undo(page, total // 2)
    page.page.reload()
    page.until("heaters.queue.loaded && heaters.queue.done.length > 0")
    presses = undo(page)
    assert presses == total - total // 2 + 1
    assert clips_as_they_are(engine) == before
    page.until("document.getElementById('today').textContent === '0'")
    page.until(f"heaters.queue.pending === {len(before)}")
    assert page.complaints == []
