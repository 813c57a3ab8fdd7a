"""The review page in real Chromium: what is painted is read back from pixels."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from playwright.sync_api import Dialog, Route
from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from tests.browser.chromium import FOREIGN_NAME
from tests.browser.review_world import Film, Footage, add_film, prepare
from tests.browser.tab import READ_NUMBER, SHOWN, Tab
from tests.footage import make_numbered_film

FRAMES = 420
CUTS = (70, 131, 200, 204, 300)
CLIPS = [(0, 70), (70, 131), (131, 200), (200, 204), (204, 300), (300, 420)]
POSTERS = f"() => [...document.querySelectorAll('#next canvas')].map({READ_NUMBER})"
COUNT_FRAMES = """
window.opened = 0; window.mostOpen = 0; window.decoders = [];
const Real = VideoDecoder;
window.VideoDecoder = class extends Real {
  constructor({ output, error }) {
    super({ error, output: (picture) => {
      window.opened += 1;
      window.mostOpen = Math.max(window.mostOpen, window.opened);
      output(picture);
    } });
    window.decoders.push(this);
  }
};
const close = VideoFrame.prototype.close;
VideoFrame.prototype.close = function () { window.opened -= 1; close.call(this); };
"""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    folder = tmp_path_factory.mktemp("film")
    film = make_numbered_film(folder / "film.mp4", FRAMES, rate=Fraction(30), scenes=CUTS)
    return prepare(film, folder)


@pytest.fixture
def library(settings: Settings) -> LocalStorage:
    return LocalStorage(settings.home / "storage")


@pytest.fixture
def film(engine: Engine, library: LocalStorage, footage: Footage) -> Film:
    return add_film(engine, library, footage, "film", CUTS)


def states(engine: Engine, film: Film) -> list[str]:
    with transaction(engine) as session:
        found = clips.of_video(session, film.clips[0].source_video_id)
        return [str(clip.state) for clip in found]


def frames_of(start: int, end: int, some: int) -> list[int]:
    return [start, end - 1, *random.Random(start).choices(range(start, end), k=some)]


def test_frames_are_the_ones_asked_for_in_every_clip(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    supported = page.page.evaluate(
        """async () => {
          const { codec } = heaters.queue.current.video;
          return (await VideoDecoder.isConfigSupported({ codec })).supported;
        }"""
    )
    assert supported, "this Chromium's WebCodecs has no H.264: the player would go untested"
    page.until(f"({POSTERS})().join() === '{','.join(str(start) for start, _ in CLIPS[1:])}'")
    for start, end in CLIPS:
        page.shows_clip(start)
        for frame in frames_of(start, end, 10):
            assert page.go_to(frame) == frame
        page.press("a")
    page.until("!document.getElementById('empty').hidden")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    page.until("heaters.queue.unsaved === 0")
    assert states(engine, film) == ["review_approved"] * len(CLIPS)
    assert page.complaints == []


def test_a_clip_plays_at_once_and_loops_over_its_own_frames_only(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "a", "a")
    page.shows_clip(200)
    seen = page.page.evaluate(
        f"""async () => {{
          const shown = {SHOWN};
          const seen = [];
          const until = performance.now() + 1500;
          while (performance.now() < until) {{
            await new Promise(requestAnimationFrame);
            const now = shown();
            if (now.number !== now.presented) throw new Error(JSON.stringify(now));
            if (seen.at(-1) !== now.number) seen.push(now.number);
          }}
          return seen;
        }}"""
    )
    assert set(seen) == {200, 201, 202, 203}
    assert seen.count(200) >= 5, "1.5 s hold eleven loops of 4 frames at 30 per second"


def test_keys_that_look(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a")
    page.shows_clip(70)
    page.press("Space", "Home")
    assert page.on_screen() == 70
    page.press("ArrowLeft")
    assert page.on_screen() == 70
    page.press("ArrowRight")
    assert page.on_screen() == 71
    page.press("Shift+ArrowRight")
    assert page.on_screen() == 81
    page.press(*["ArrowRight"] * 5, *["ArrowLeft"] * 3)
    assert page.on_screen() == 83
    page.press("Shift+ArrowLeft", "Shift+ArrowLeft")
    assert page.on_screen() == 70
    page.press("End")
    assert page.on_screen() == 130
    page.press("ArrowRight")
    assert page.on_screen() == 130
    page.press("Space")
    page.until("heaters.player.playing && heaters.player.presented !== 130")
    page.press("Space")
    page.on_screen()
    page.press("?")
    page.until("document.getElementById('help').open")
    page.press("a")
    page.press("?")
    page.until("!document.getElementById('help').open")
    page.shows_clip(70)
    # Those that were waited for; steps that follow one another faster than pictures are one.
    assert page.page.evaluate("performance.getEntriesByName('heaters:step').length") >= 4


ZONES = """() => {
  const bar = document.getElementById('bar').getBoundingClientRect();
  const share = (x) => (x - bar.left) / bar.width;
  return ['trim-start', 'trim-end'].map((id) => {
    const zone = document.getElementById(id);
    const { left, right } = zone.getBoundingClientRect();
    return zone.hidden ? null : [share(left), share(right)];
  });
}"""


def test_what_transitions_take_from_a_clip_shows_on_the_bar(
    tab: Callable[..., Tab], engine: Engine, library: LocalStorage, footage: Footage
) -> None:
    dissolve = Transition(TransitionKind.DISSOLVE, 124, 138)
    add_film(engine, library, footage, "film", CUTS, [dissolve])
    page = tab()
    page.shows_clip(0)
    assert page.page.evaluate(ZONES) == [None, None]
    assert page.page.is_hidden("#trim")
    page.press("Shift+End")
    assert page.on_screen() == 69

    page.press("a")
    page.shows_clip(70)
    page.until("!document.getElementById('trim').hidden")
    assert page.page.evaluate(ZONES) == [None, pytest.approx([55 / 61, 1], abs=0.001)]
    shown = page.page.inner_text("#trim")
    assert "dissolve, 6 frames" in shown
    assert "Exports keep" in shown
    assert page.page.get_attribute("#trim-end", "title") == (
        "125 \N{EN DASH} 130: 6 of the 13 frames of a dissolve"
    )
    page.press("Shift+End")
    assert page.on_screen() == 124
    assert page.page.inner_text("#within") == ""
    page.press("ArrowRight")
    assert page.on_screen() == 125
    page.until("document.getElementById('within').textContent === 'in a dissolve'")
    assert page.page.get_attribute("#bar", "aria-valuetext") == "125, in a dissolve"

    page.press("a")
    page.shows_clip(131)
    page.until("document.getElementById('trim-end').hidden")
    assert page.page.evaluate(ZONES) == [pytest.approx([0, 7 / 69], abs=0.001), None]
    assert "dissolve, 7 frames" in page.page.inner_text("#trim")
    page.press("Space", "Shift+Home")
    assert page.on_screen() == 138
    page.press("Home")
    assert page.on_screen() == 131

    page.press("a")
    page.shows_clip(200)
    page.until("document.getElementById('trim').hidden")
    assert page.page.evaluate(ZONES) == [None, None]
    assert page.complaints == []


def test_scrubbing_ends_at_the_last_place_of_the_pointer(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab()
    page.shows_clip(0)
    box = page.page.locator("#bar").bounding_box()
    assert box
    across = [box["x"] + box["width"] * share for share in (0.1, 0.9, 0.3, 0.7, 0.505)]
    page.page.mouse.move(across[0], box["y"] + 5)
    page.press("Space")
    page.page.mouse.down()
    for x in across[1:]:
        page.page.mouse.move(x, box["y"] + 5)
    page.page.mouse.up()
    assert page.on_screen() == 35


def test_the_next_clip_does_not_wait_for_the_server(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    held: list[Route] = []
    page.page.route("**/decisions", lambda route: held.append(route))
    page.press("a", "s")
    page.shows_clip(131)
    assert states(engine, film)[:2] == ["pending_review", "pending_review"]
    for left in (1, 0):
        while not held:
            page.until("heaters.queue.unsaved > 0")
        held.pop().continue_()
        page.until(f"heaters.queue.unsaved === {left}")
    assert states(engine, film)[:3] == ["review_approved", "review_skipped", "pending_review"]


def test_every_decision_by_key(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("m")
    assert "No clip comes before" in page.notice()
    page.press("a")
    page.shows_clip(70)
    page.press("g")
    page.shows_clip(131)
    page.go_to(150)
    page.press("Enter")
    page.until("heaters.player.clip.end_frame === 150")
    page.shows_clip(131)
    page.press("x")
    page.shows_clip(150)
    page.until("heaters.queue.unsaved === 0")
    page.press("m")
    page.until("heaters.player.clip.end_frame === 200")
    page.shows_clip(131)
    assert states(engine, film)[:3] == ["review_approved", "review_approved", "pending_review"]
    for frame in frames_of(131, 200, 4):
        assert page.go_to(frame) == frame


def test_merge_waits_for_the_decision_before_it(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    held: list[Route] = []
    page.page.route("**/decisions", lambda route: held.append(route))
    page.press("a", "m")
    for left, action in ((2, "approve"), (1, "merge")):
        while not held:
            page.until(f"heaters.queue.unsaved === {left}")
        (route,) = held
        assert route.request.post_data_json["action"] == action
        held.clear()
        route.continue_()
    page.until("heaters.player.clip.end_frame === 131")
    page.shows_clip(0)
    assert states(engine, film)[0] == "pending_review"


def test_undo_brings_the_clip_back(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    page = tab()
    page.shows_clip(0)
    page.press("a", "x", "u", "u")
    page.until("!heaters.queue.busy")
    page.shows_clip(0)
    assert states(engine, film) == ["pending_review"] * len(CLIPS)
    page.press("u")
    assert "no decision left" in page.notice()


def test_a_decision_that_was_not_saved_comes_back_and_is_repeated(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.until("heaters.player.loaded.some(([a, b]) => a === 0 && b === 70)")
    page.page.context.set_offline(True)
    page.press("a")
    page.until("heaters.queue.failed.length === 1")
    assert "Not saved" in page.notice()
    page.shows_clip(0)
    page.page.context.set_offline(False)
    page.press("r")
    page.shows_clip(70)
    page.until("heaters.queue.unsaved === 0")
    assert states(engine, film)[0] == "review_approved"
    page.until("document.getElementById('notice').hidden")


def test_two_tabs_in_conflict(tab: Callable[..., Tab], film: Film, engine: Engine) -> None:
    first, second = tab(), tab()
    first.shows_clip(0)
    second.until("heaters.queue.loaded")
    # The first tab's lease runs out, the second one gets its clip.
    with transaction(engine) as session:
        for clip in film.clips:
            row = clips.get(session, clip.id)
            row.leased_by = row.leased_until = None
    second.page.reload()
    second.shows_clip(0)
    second.press("x")
    second.until("heaters.queue.unsaved === 0 && heaters.queue.decidedToday === 1")
    first.press("a")
    assert "review archived" in first.notice()
    first.shows_clip(70)
    assert states(engine, film)[0] == "review_archived"


def test_an_empty_queue_is_calm_and_fills_by_itself(
    tab: Callable[..., Tab], engine: Engine, library: LocalStorage, footage: Footage
) -> None:
    page = tab()
    page.until("!document.getElementById('empty').hidden")
    add_film(engine, library, footage, "late-film", CUTS)
    page.shows_clip(0)
    assert page.page.is_hidden("#empty")


def test_pictures_are_closed_and_a_lost_decoder_is_replaced(
    tab: Callable[..., Tab], film: Film
) -> None:
    page = tab(script=COUNT_FRAMES)
    for start, end in CLIPS[:4]:
        page.shows_clip(start)
        for frame in frames_of(start, end, 2):
            page.go_to(frame)
            page.page.evaluate(
                "decoders.filter((each) => each.state !== 'closed').forEach((each) => each.close())"
            )
        page.press("Space")
        page.until("heaters.player.playing")
        page.press("a")
    page.shows_clip(204)
    page.until("heaters.player.presented > 230")
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    assert page.page.evaluate("mostOpen") <= 6
    page.page.evaluate("heaters.player.clear()")
    page.until("opened === 0")


@pytest.mark.parametrize(
    ("script", "host", "why"),
    [
        ("delete window.VideoDecoder;", "127.0.0.1", "no WebCodecs"),
        (
            "VideoDecoder.isConfigSupported = async () => ({ supported: false });",
            "127.0.0.1",
            "can't decode avc1",
        ),
        ("", FOREIGN_NAME, "https or localhost"),
    ],
    ids=["no-webcodecs", "no-h264", "plain-http"],
)
def test_without_webcodecs_a_video_element_shows_the_same_frames(
    tab: Callable[..., Tab], film: Film, address: str, script: str, host: str, why: str
) -> None:
    page = tab(script=script, url=address.replace("127.0.0.1", host))
    for start, end in CLIPS[:2]:
        page.shows_clip(start)
        for frame in frames_of(start, end, 4):
            assert page.go_to(frame) == frame
        page.press("a")
    assert page.page.inner_text("#engine") == "video element"
    assert why in page.page.inner_text("#engine-why")
    page.until(f"({POSTERS})().join() === '{','.join(str(start) for start, _ in CLIPS[3:])}'")
    fetched = page.page.evaluate(
        """performance.getEntriesByType('resource').map((entry) => entry.name)
          .filter((name) => name.includes('/media/') && name.includes('/frames/'))"""
    )
    assert len(fetched) <= 3, "the index is enough: the element reads the frames itself"


def test_sound_starts_with_the_first_key_and_can_be_muted(
    tab: Callable[..., Tab], film: Film
) -> None:
    listen = """
      window.playing = 0;
      const { start, stop } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function (...when) {
        window.playing += 1;
        start.apply(this, when);
      };
      AudioBufferSourceNode.prototype.stop = function (...when) {
        window.playing -= 1;
        stop.apply(this, when);
      };
    """
    page = tab(script=listen)
    page.shows_clip(0)
    page.press("Home")
    page.until("playing === 1")
    page.press("Space")
    page.until("playing === 0")
    page.press("Space", "v")
    page.until("heaters.player.playing && playing === 0 && heaters.player.sound.muted")
    page.press("v")
    page.until("playing === 1")


def test_buttons_and_the_reviewers_name(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    page = tab()
    page.shows_clip(0)
    page.page.fill("#reviewer", "a s x")
    with page.page.expect_response("**/api/mine"):
        page.press("Enter")
    page.until("document.activeElement === document.body")
    page.page.click(".do-approve")
    page.shows_clip(70)
    page.press("Space")  # meant for the player, although a button was clicked last
    page.until("!heaters.player.playing")
    page.until("heaters.queue.saved.length === 1")
    page.page.click("#saved button")
    page.shows_clip(0)
    with transaction(engine) as session:
        events = clips.history(session, film.clips[0].id)
        assert [(event.actor, event.action) for event in events] == [
            ("pipeline", "replan"),
            ("a s x", "approve"),
            ("a s x", "undo"),
        ]


def leases(engine: Engine) -> list[float | None]:
    """Seconds that each pending clip's lease still lasts, in film order."""
    left = sa.extract("epoch", Clip.leased_until - sa.func.now())  # type: ignore[operator]
    with transaction(engine) as session:
        found = session.execute(
            sa.select(left).where(Clip.state == "pending_review").order_by(Clip.start_frame)
        )
        return [None if seconds is None else float(seconds) for (seconds,) in found]


def test_a_page_that_is_closed_hands_its_clips_on(tab: Callable[..., Tab], film: Film) -> None:
    first, second = tab(), tab()
    first.shows_clip(0)
    second.until("!document.getElementById('empty').hidden")
    second.until(f"document.getElementById('empty-why').textContent.includes('{len(CLIPS)} clips')")
    first.page.close(run_before_unload=True)
    second.shows_clip(0)
    assert second.page.evaluate("heaters.queue.clips.length") == len(CLIPS)


def test_an_open_page_renews_its_leases_and_a_hidden_one_does_not(
    tab: Callable[..., Tab], film: Film, engine: Engine
) -> None:
    watch = """
      window.away = false;
      Object.defineProperty(document, 'hidden', { get: () => away });
      window.asked = 0;
      const { fetch } = window;
      window.fetch = (url, options) => {
        if (url.startsWith('/api/queue')) asked += 1;
        return fetch(url, options);
      };
      window.ticks = [];
      window.setInterval = (tick) => ticks.push(tick);
    """
    page = tab(watch)
    page.shows_clip(0)
    with transaction(engine) as session:
        session.execute(sa.update(Clip).values(leased_until=sa.func.now() + timedelta(seconds=9)))
    with page.page.expect_response("**/api/queue*"):
        page.page.evaluate("ticks.forEach((tick) => tick())")
    assert all(seconds is not None and seconds > 60 for seconds in leases(engine))
    page.until("heaters.queue.clips.length > 0")
    assert page.page.evaluate("away = true, asked = 0, ticks.forEach((t) => t()), asked") == 0
    with page.page.expect_response("**/api/queue*"):
        page.page.evaluate("away = false, document.dispatchEvent(new Event('visibilitychange'))")


def test_leaving_with_unsaved_decisions_asks_first(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    page.shows_clip(0)
    held: list[Route] = []
    page.page.route("**/decisions", lambda route: held.append(route))
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.page.on("dialog", stay)
    page.press("a")
    page.until("heaters.queue.unsaved === 1")
    page.page.close(run_before_unload=True)
    page.until("heaters.queue.unsaved === 1")
    assert asked == ["beforeunload"]
