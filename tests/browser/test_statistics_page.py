"""The page of statistics in real Chromium."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from heaters_pipeline.db import reviews
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP
from tests.rows import ready_video


def test_charts_have_their_numbers_beside_them_and_can_be_of_one_reviewer(
    browser: Browser, address: str, engine: Engine
) -> None:
    _, found = ready_video(engine)
    decisions = (("ann", APPROVE), ("ann", SKIP), ("bob", ARCHIVE))
    for clip, (actor, decision) in zip(found, decisions, strict=True):
        with transaction(engine) as session:
            reviews.decide(session, actor=actor, clip_id=clip.id, version=1, decision=decision)
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/statistics")
    chart = page.get_by_role("img", name="Decisions an hour")
    bars = chart.locator("g", has=page.locator("[class^=part-]"))
    assert (
        bars.locator("title")
        .evaluate("(each) => each.textContent")
        .endswith("1 approved, 1 skipped, 1 archived")
    )
    heights = [
        float(part.get_attribute("height") or 0) for part in bars.locator("[class^=part-]").all()
    ]
    assert len(heights) == 3
    assert max(heights) - min(heights) < 0.1
    expect(page.locator(".numbers table").first).not_to_be_visible()
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".numbers tbody tr").first).to_have_text(re.compile(r"\d\d:0011103"))
    page.get_by_role("link", name="bob").click()
    page.wait_for_url("**reviewer=bob")
    expect(page.locator("figcaption").first).to_contain_text("bob")
    expect(chart.locator("[class^=part-]")).to_have_count(1)
    page.get_by_role("link", name="Chart all").click()
    expect(chart.locator("[class^=part-]")).to_have_count(3)
    context.close()
    assert complaints == []
