"""Hundreds of decisions in a row, by pressed keys."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import add_film, prepare
from tests.browser.tab import Tab
from tests.footage import make_numbered_film

LENGTH = 8
KEYS = {"a": "approve", "s": "skip", "x": "archive"}
WARM = 60
"""Decisions after which the page has all that it will ever keep."""
MOST_GROWTH = 8e6
"""Bytes of JavaScript's heap: twenty kilobytes a decision would be a leak."""

IDLE_KEY = """
window.idle = [];
addEventListener('keydown', (event) => {
  if (event.key !== 'y') return;
  requestAnimationFrame(() => {
    if (event.defaultPrevented) throw new Error('a key that does something is no idle one');
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => idle.push(performance.now() - event.timeStamp);
    port2.postMessage(null);
  });
});
"""
"""The peer: how long a key that nothing is bound to takes until the next picture of the display."""


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def heap(page: Tab) -> float:
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


@pytest.mark.parametrize("decisions", [90, pytest.param(500, marks=pytest.mark.whole)])
def test_many_decisions_in_a_row(
    decisions: int,
    tab: Callable[..., Tab],
    engine: Engine,
    storage: LocalStorage,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    frames = (decisions + 3) * LENGTH
    cuts = range(LENGTH, frames, LENGTH)
    source = make_numbered_film(
        tmp_path / "film.mp4", frames, (64, 36), rate=Fraction(30), scenes=cuts
    )
    film = add_film(engine, storage, prepare(source, tmp_path), "film", cuts)
    page = tab(script=IDLE_KEY)
    page.shows_clip(0)
    chosen = random.Random(5).choices(list(KEYS), k=decisions)
    warm = 0.0
    for place, key in enumerate(chosen):
        page.press(key)
        page.shows_clip((place + 1) * LENGTH)
        # As often as it decides: the slowest of few would be no match for the slowest of many.
        page.press("y")
        if place % 5 == 0:
            # Twenty decisions a second are more than a server saves that shares its cores.
            page.until("heaters.queue.unsaved < 40", seconds=60)
        if place == WARM:
            warm = heap(page)
    page.until("heaters.queue.unsaved === 0", seconds=120)
    growth = heap(page) - warm

    first = film.clips[0].id
    with transaction(engine) as session:
        decided = session.execute(
            sa.select(ReviewEvent.action, ReviewEvent.clip_ids)
            .where(ReviewEvent.actor != "pipeline")
            .order_by(ReviewEvent.id)
        ).all()
    assert [(action, ids) for action, ids in decided] == [
        (KEYS[key], [first + place]) for place, key in enumerate(chosen)
    ]
    waits = page.page.evaluate(
        "performance.getEntriesByName('heaters:next').map((entry) => entry.duration)"
    )
    idle = page.page.evaluate("idle")
    told = {
        "decisions": len(decided),
        "waits": len(waits),
        "next p50 ms": round(percentile(waits, 0.5), 1),
        "next p99 ms": round(percentile(waits, 0.99), 1),
        "idle key p50 ms": round(percentile(idle, 0.5), 1),
        "idle key p99 ms": round(percentile(idle, 0.99), 1),
        "heap growth MB": round(growth / 1e6, 2),
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    for name, value in told.items():
        record_property(name, value)
    assert len(waits) >= decisions * 0.95
    assert percentile(waits, 0.5) < 4 * percentile(idle, 0.5)
    assert percentile(waits, 0.99) < 4 * max(percentile(waits, 0.5), percentile(idle, 0.99))
    assert growth < MOST_GROWTH
    assert page.complaints == []
