"""Collections, marks, handing over and the reel in real Chromium."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import collections
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import Merge, Side
from heaters_pipeline.storage import LocalStorage
from review_app.handover_formats import FORMATS
from tests.browser.accessibility import COLOURS, violations
from tests.browser.review_world import Film, add_film
from tests.browser.tab import READ_NUMBER, Tab
from tests.decisions import decide
from tests.handover import content, export, unexport

ORDER = "(cards) => cards.map((card) => Number(card.dataset.id))"

WATCH = f"""() => {{
  const canvas = document.getElementById('picture');
  window.seen = [];
  const watch = () => {{
    const {{ player, reel }} = heaters;
    const frame = player.presented;
    const last = seen.at(-1);
    const isNew = last?.clip !== reel.clip?.id || last.frame !== frame;
    if (reel.clip && isNew && (last || frame !== null)) {{
      seen.push({{ clip: reel.clip.id, frame, painted: ({READ_NUMBER})(canvas) }});
    }}
    requestAnimationFrame(watch);
  }};
  watch();
}}"""
"""JavaScript: notes each other frame that the reel shows, and what its picture says."""


def check(page: Page, axe: str) -> None:
    """Anybody can use the page, in either colour scheme."""
    for scheme, rules in (("light", None), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, axe, rules) == []


def order(page: Page) -> list[int]:
    return list(page.locator("#ordered > li").evaluate_all(ORDER))


def drag(page: Page, handle: Locator, onto: Locator, *, behind: bool) -> None:
    start, end = handle.bounding_box(), onto.bounding_box()
    page.mouse.move(start["x"] + 10, start["y"] + 8)
    page.mouse.down()
    x = end["x"] + end["width"] * (0.9 if behind else 0.1)
    page.mouse.move(x, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def members(engine: Engine) -> list[int]:
    with transaction(engine) as session:
        *_, listed = collections.listed(session)
        found = collections.members(session, listed.collection.id)
        return [each.clip_id for each in found if each.taken_out_at is None]


def test_marked_clips_become_a_collection_in_an_order_of_one_s_own(
    page: Page, engine: Engine, storage: LocalStorage, film: Film, tmp_path: Path, axe: str
) -> None:
    ids = [clip.id for clip in film.clips]
    for each in ids[:5]:
        export(engine, storage, tmp_path, each)
    page.goto("/library?order=time")
    # By box, in a range with Shift, and by key.
    page.get_by_label(f"Mark clip {ids[0]}").check()
    page.get_by_label(f"Mark clip {ids[2]}").click(modifiers=["Shift"])
    expect(page.locator("#marked-count")).to_have_text("3 marked")
    page.locator(f'[href="/clips/{ids[1]}"]').first.focus()
    page.keyboard.press("x")
    expect(page.locator("#marked-count")).to_have_text("2 marked")
    expect(page.locator("#marked-handover")).to_have_attribute(
        "href", f"/handover?ids={ids[0]},{ids[2]}"
    )
    page.keyboard.press("w")
    page.get_by_placeholder("New collection").fill("Best of")
    page.keyboard.press("Enter")
    notice = page.locator("#notice-text")
    expect(notice).to_have_text("2 clips are in “Best of” (2 clips).")
    page.keyboard.press("Escape")
    expect(page.locator("#marked")).to_be_hidden()
    page.locator(f'[href="/clips/{ids[3]}"]').first.focus()
    page.keyboard.press("w")
    expect(notice).to_have_text(f"Clip {ids[3]} is in “Best of” (3 clips).")
    page.keyboard.press("w")
    expect(notice).to_have_text(f"Clip {ids[3]} is no longer in “Best of” (2 clips).")
    page.keyboard.press("w")
    expect(notice).to_contain_text("(3 clips)")
    with transaction(engine) as session:
        collections.create(session, "Above it in the list", "ann")
    page.keyboard.press("Shift+W")
    expect(page.get_by_role("button", name="Best of")).to_be_focused()
    page.keyboard.press("Escape")

    page.goto("/collections")
    page.get_by_role("link", name="Best of").click()
    page.wait_for_url("**/collections/*", wait_until="load")  # its script hears no key before
    start = [ids[0], ids[2], ids[3]]
    assert order(page) == start
    handle = page.get_by_label(f"Move clip {ids[0]}")
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(notice).to_have_text(f"Clip {ids[0]} is 2 now.")
    expect(handle).to_be_focused()
    page.keyboard.press("End")
    expect(notice).to_have_text(f"Clip {ids[0]} is 3 now.")
    assert order(page) == [ids[2], ids[3], ids[0]]
    drag(page, page.get_by_label(f"Move clip {ids[3]}"), page.locator(".card").first, behind=False)
    expect(notice).to_have_text(f"Clip {ids[3]} is 1 now.")
    wanted = [ids[3], ids[2], ids[0]]
    assert order(page) == wanted
    page.get_by_label(f"Take clip {ids[2]} out").click()
    expect(notice).to_have_text(f"Clip {ids[2]} is out of the collection.")
    page.get_by_role("button", name="Undo").click()
    expect(notice).to_have_text(f"Clip {ids[2]} is back.")
    expect(page.get_by_label(f"Take clip {ids[2]} out")).to_be_focused()
    assert order(page) == wanted == members(engine)
    check(page, axe)
    page.reload()
    assert order(page) == wanted

    # A clip that is merged stays to be seen, with what it is now.
    for each in ids[2:4]:
        unexport(engine, each)
    merged = decide(engine, ids[2], Merge(Side.NEXT)).clips[-1]
    page.reload()
    gone = page.locator(f'.card[data-id="{ids[2]}"]')
    expect(gone).to_contain_text("was merged with a neighbour by ann")
    expect(page.locator("#left-out")).to_contain_text("replaced by other clips")
    expect(page.locator("#count")).to_contain_text("3 clips, 1 with files:")
    gone.get_by_role("button", name="Put it here").click()
    expect(page.locator("#left-out")).to_contain_text(f"clip {merged.id} (not reviewed yet)")
    assert ids[2] not in members(engine)
    assert merged.id in members(engine)


def test_a_collection_is_handed_over_by_the_links_of_its_page(
    page: Page, engine: Engine, storage: LocalStorage, film: Film, tmp_path: Path, axe: str
) -> None:
    ids = [clip.id for clip in film.clips[:3]]
    for each in ids[:2]:
        export(engine, storage, tmp_path, each)
    with transaction(engine) as session:
        made = collections.create(session, "Best of", "ann").id
        collections.put(session, made, [ids[1], ids[2], ids[0]], "ann")
    page.goto(f"/collections/{made}")
    page.get_by_role("link", name="Hand over").click()
    expect(page.locator("#left-out")).to_have_text(
        f"1 of 3 clips left out: clip {ids[2]} (not reviewed yet)."
    )
    expect(page.locator("#command")).to_have_text("heaters export 'Best of' --to FOLDER")
    check(page, axe)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download ZIP").click()
    assert download.value.suggested_filename == "Best of.zip"
    with zipfile.ZipFile(download.value.path()) as zipped:
        assert zipped.testzip() is None
        files = [name for name in zipped.namelist() if not name.startswith("manifest.")]
        assert [zipped.read(name) for name in files] == [content(ids[1]), content(ids[0])]
        described = zipped.read("manifest.json")
    had = {}
    for link in page.locator(".formats a:not(.primary)").all():
        with page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == f"Best of-{link.inner_text()}"
        had[link.inner_text()] = download.value.path().read_bytes()
    assert had["manifest.json"] == described
    with zipfile.ZipFile(BytesIO(had["timelines.zip"])) as zipped:
        assert zipped.read("films/Best of.edl").startswith(b"TITLE: Best of")
        assert files[0].encode() in zipped.read("files/Best of.fcpxml")
    assert had.keys() == FORMATS.keys()
    page.get_by_label("Where the files went").fill("the editor")
    page.get_by_role("button", name="Note as taken").click()
    expect(page.locator("#messages")).to_have_text("Noted: 2 clips taken to the editor.")
    page.goto(f"/collections/{made}?taken=no")
    assert order(page) == [ids[2]]
    page.goto(f"/clips/{ids[0]}")
    expect(page.locator(".table")).to_contain_text(re.compile("Collections\\s*Best of"))
    expect(page.locator(".table")).to_contain_text("to the editor")


def test_the_key_puts_the_clip_on_the_screen_of_the_review_page_into_the_collection(
    tab: Callable[..., Tab], engine: Engine, film: Film
) -> None:
    with transaction(engine) as session:
        collections.create(session, "Best of", "ann")
    reviewer = tab()
    reviewer.shows_clip(0)
    reviewer.press("w")
    reviewer.page.get_by_role("button", name="Best of").press("Enter")
    assert reviewer.notice() == f"Clip {film.clips[0].id} is in “Best of” (1 clip)."
    reviewer.press("a")  # the keys are the page's again
    reviewer.shows_clip(70)
    reviewer.press("w")
    reviewer.until("document.getElementById('notice-text').textContent.includes('(2 clips)')")
    reviewer.press("Shift+W")
    other = reviewer.page.get_by_role("button", name="Best of")
    expect(other).to_contain_text("2, is in it")
    expect(other).to_be_focused()
    reviewer.press("Escape")
    assert members(engine) == [film.clips[0].id, film.clips[1].id]
    assert reviewer.complaints == []


def test_a_reel_plays_clips_of_several_films_back_to_back(
    page: Page, engine: Engine, storage: LocalStorage, film: Film, axe: str
) -> None:
    other = add_film(engine, storage, film.footage, "other", [70, 131, 200, 204, 300])
    # 61, 4 and 4 frames.
    clips = [film.clips[1], other.clips[3], film.clips[3]]

    def at(clip: int, frame: int) -> None:
        expect(page.locator("#list button").nth(clip)).to_have_attribute("aria-current", "true")
        for _ in range(1000):
            shown = page.evaluate("() => [heaters.player.presented, heaters.player.playing]")
            if shown == [frame, False]:
                return
            page.wait_for_timeout(20)
        raise AssertionError(shown)

    page.goto(f"/reel?ids={','.join(str(clip.id) for clip in clips)}")
    expect(page.locator("#list button")).to_have_count(3)
    page.keyboard.press("Space")
    page.evaluate(WATCH)
    # A busy machine draws too seldom for four frames at the film's own speed.
    page.evaluate("() => heaters.player.setRate(0.5)")
    page.keyboard.press("Space")
    expect(page.locator("#list button").nth(2)).to_have_attribute("aria-current", "true")
    expect(page.locator("#toggle")).to_have_attribute("aria-label", "Play")
    expect(page.locator("#where")).to_contain_text("3 of 3")
    at(2, clips[2].end_frame - 1)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    seen = page.evaluate("() => seen")
    assert [each for each in seen if each["frame"] != each["painted"]] == []
    clip_order = list(dict.fromkeys(each["clip"] for each in seen))
    assert clip_order == [clip.id for clip in clips]
    for clip in clips:
        own = [each["frame"] for each in seen if each["clip"] == clip.id]
        assert clip is clips[0] or own[0] == clip.start_frame
        assert set(own) <= set(range(clip.start_frame, clip.end_frame))
    assert seen[-1]["frame"] == clips[2].end_frame - 1
    check(page, axe)

    page.keyboard.press("ArrowLeft")
    at(2, clips[2].end_frame - 2)
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    at(1, clips[1].end_frame - 1)  # across the cut
    page.keyboard.press("ArrowRight")
    at(2, clips[2].start_frame)
    page.keyboard.press("ArrowLeft")
    at(1, clips[1].end_frame - 1)
    page.keyboard.press("PageUp")
    playing = "() => [heaters.reel.clip.id, heaters.player.playing]"
    assert page.evaluate(playing) == [clips[0].id, True]
    page.keyboard.press("Space")
    assert page.evaluate(playing) == [clips[0].id, False]
    expect(page.locator("#toggle")).to_have_attribute("aria-label", "Play")
    expect(page).to_have_url(re.compile(f"#clip-{clips[0].id}$"))
