"""The page of source videos: what its rows say and offer, adding many, and finding some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    archiving,
    clip_work,
    clips,
    ledger,
    outages,
    reviews,
    source_list,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain.decisions import APPROVE, Decision, Merge, Split
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.states import DOWNLOAD, EXPORT
from heaters_pipeline.settings import Settings
from review_app import create_app
from tests.people import add_people, token
from tests.rows import new_video, ready_video

SHORT = {
    "got": {"height": 360, "width": 640},
    "best_listed": {"height": 2160, "width": 3840},
    "format": "fallback",
    "normalised": None,
}


class Page:
    """The page as an operator sees it."""

    def __init__(self, app: Flask, headers: Mapping[str, str] | None = None) -> None:
        """`headers`: of each request, beside those of a browser."""
        self.client: FlaskClient = app.test_client()
        for name, value in (headers or {}).items():
            self.client.environ_base[f"HTTP_{name.upper()}"] = value
        found = re.search(r'name="csrf" content="([^"]+)"', self._get("/sources"))
        assert found
        self.token = found[1]

    def _get(self, url: str) -> str:
        answer = self.client.get(url)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def rows(self, **query: str) -> dict[str, str]:
        """The text of each row, by the video's key."""
        table = self.client.get("/sources/table", query_string=query).get_data(as_text=True)
        found = re.findall(r'<tr id="video-([^"]+)">(.*?)</tr>', table, re.DOTALL)
        return {key: text_of(row) for key, row in found}

    def post(self, path: str = "", **form: str) -> Any:
        data = {"csrf_token": self.token, **form}
        return self.client.post(f"/sources{path}", data=data, follow_redirects=True)


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture
def page(app: Flask) -> Page:
    return Page(app)


def put(engine: Engine, key: str, **columns: Any) -> None:
    with transaction(engine) as session:
        session.execute(sa.update(SourceVideo).where(SourceVideo.key == key).values(**columns))


def video(engine: Engine, key: str) -> SourceVideo:
    with transaction(engine) as session:
        return source_videos.get(session, key)


def test_all_that_failed_is_tried_again_at_once_by_the_filter(engine: Engine, page: Page) -> None:
    """The page, then the command, take what the filter names."""
    for key in ("film-1", "film-2"):
        found, (clip, *_) = ready_video(engine, key)
        with transaction(engine) as session:
            reviews.decide(
                session, actor="ann", clip_id=clip.id, version=clip.version, decision=APPROVE
            )
        with transaction(engine) as session:
            clip_work.claim(session, found.id, EXPORT, 0)
            clip_work.fail(session, clip.id, EXPORT, "The bucket refused.")
    new_video(engine, "lost")
    with transaction(engine) as session:
        source_videos.begin(session, "lost", DOWNLOAD)
        source_videos.fail(session, "lost", DOWNLOAD, "This is no video.")

    def states() -> list[str]:
        with transaction(engine) as session:
            rows = session.execute(sa.select(Clip.state).where(Clip.state != "pending_review"))
            return sorted(str(state) for (state,) in rows)

    assert "1 video, 2 clips failed." in text_of(page._get("/sources/table"))
    assert "1 clip failed." in text_of(page._get("/sources/table?find=film-2&show=failed"))
    told = text_of(page.post("/retry?find=film-2").get_data(as_text=True))
    assert "Tried again: 1 clip." in told
    assert states() == ["export_failed", "review_approved"]
    done = CliRunner().invoke(main, ["retry", "--failed", "--state", "download_failed"])
    assert done.stdout == "Tried again: 1 video.\n"
    assert video(engine, "lost").state == "new"
    done = CliRunner().invoke(main, ["retry", "--failed", "--video", "film-1"])
    assert done.stdout == "Tried again: 1 clip.\n"
    assert states() == ["review_approved"] * 2
    assert "failed." not in text_of(page._get("/sources/table"))


def test_an_outage_and_what_waits_for_another_try_are_told(engine: Engine, page: Page) -> None:
    new_video(engine, "film-1")
    with transaction(engine) as session:
        outages.begin(session, "storage", "The bucket 'films' can't be used: 503.")
        source_videos.begin(session, "film-1", DOWNLOAD)
        source_videos.try_later(session, "film-1", DOWNLOAD, "The connection broke off.")
    told = text_of(page._get("/sources/table"))
    assert re.search(
        r"The storage does not answer since \d\d:\d\d: The bucket 'films' can't be used: 503\. "
        r"1 video waits and goes on by itself\.",
        told,
    )
    with transaction(engine) as session:
        outages.begin(session, "videos.example", "It answers 429.")
    told = text_of(page._get("/sources/table"))
    assert re.search(r"videos\.example does not answer since \d\d:\d\d: It answers 429\.", told)
    row = page.rows()["film-1"]
    assert re.search(r"Tried once, again at \d\d:\d\d: The connection broke off\.", row)
    assert "waiting" in row
    assert "Cancel" in row
    assert page.rows(show="failed") == {}


# --- Rows ---------------------------------------------------------------------------------------


def test_work_shows_its_share_and_the_time_left(page: Page, engine: Engine) -> None:
    new_video(engine)
    began = datetime.now(UTC) - timedelta(minutes=3)
    put(engine, "film-1", state="downloading", progress=0.25, step_began_at=began)
    row = page.rows()["film-1"]
    assert "downloading 25 % 9 min left" in row
    put(engine, "film-1", progress=0.001)
    assert "left" not in page.rows()["film-1"]


def test_cancelling_what_waits_and_what_is_at_work(page: Page, engine: Engine) -> None:
    new_video(engine)
    assert "Film-1 is cancelled." in page.post("/film-1/cancel").get_data(as_text=True)
    assert re.search(r"cancelled .* Try again", page.rows()["film-1"])
    assert "Film-1 is in the queue again." in page.post("/film-1/retry").get_data(as_text=True)

    with video_lock(engine, "film-1"):
        with transaction(engine) as session:
            source_videos.begin(session, "film-1", DOWNLOAD)
        answer = page.post("/film-1/cancel").get_data(as_text=True)
        assert "Film-1 is being stopped." in answer
        row = page.rows()["film-1"]
    assert "stopping…" in row
    assert "Cancel" not in row
    assert video(engine, "film-1").cancel_requested


def test_a_ready_video_has_nothing_to_cancel(page: Page, engine: Engine) -> None:
    ready_video(engine)
    assert "Cancel" not in page.rows()["film-1"]
    answer = page.post("/film-1/cancel")
    assert answer.status_code == 400
    assert "nothing to cancel" in answer.get_data(as_text=True)


def test_less_than_listed_is_shown_found_and_fetched_again(page: Page, engine: Engine) -> None:
    ready_video(engine)
    ready_video(engine, "film-2")
    put(engine, "film-1", origin="web", download_quality=SHORT)
    put(engine, "film-2", origin="web", download_quality={**SHORT, "got": SHORT["best_listed"]})
    rows = page.rows(show="short")
    assert list(rows) == ["film-1"]
    assert "got 360p of the 2160p that were listed" in rows["film-1"]
    assert "Fetch again" in rows["film-1"]
    assert "Fetch again" not in page.rows()["film-2"]
    answer = page.post("/film-1/refetch?show=short")
    assert answer.request.query_string == b"show=short"
    assert video(engine, "film-1").refetch_requested
    assert re.search("fetching again .* Cancel", page.rows()["film-1"])


def test_damage_says_where_to_look(page: Page, engine: Engine) -> None:
    ready_video(engine)
    damage = {"frames": [[10, 13], [40, 41]], "errors": 3, "missing_seconds": 2.04}
    put(engine, "film-1", damage=damage)
    row = page.rows()["film-1"]
    assert "4 frames damaged, 2.0 s missing" in row
    assert "Look at frames 10 to 12, 40 before" in row
    put(engine, "film-1", damage={"frames": [], "errors": 1, "missing_seconds": 0})
    assert "1 decoding error" in page.rows()["film-1"]


def test_what_reviewers_mended_is_counted_where_there_is_any(page: Page, engine: Engine) -> None:
    def decide(start: int, decision: Decision) -> None:
        with transaction(engine) as session:
            clip = next(c for c in clips.of_video(session, mended.id) if c.start_frame == start)
            reviews.decide(
                session,
                actor="ann",
                clip_id=clip.id,
                version=clip.version,
                decision=decision,
            )

    mended, _ = ready_video(engine, cuts=(10, 50, 70))
    ready_video(engine, "film-2")
    decide(50, APPROVE)
    assert "by reviewers" not in page.rows()["film-1"]
    decide(10, Merge())
    assert "1 merged by reviewers" in page.rows()["film-1"]
    decide(0, Split([20]))
    decide(70, Split([80]))
    rows = page.rows()
    assert "1 merged, 2 split by reviewers" in rows["film-1"]
    assert "by reviewers" not in rows["film-2"]


def test_duplicates_and_playlists_name_the_others(page: Page, engine: Engine) -> None:
    first, *members = [new_video(engine, f"film-{n}").id for n in range(1, 5)]
    put(engine, "film-1", state="expanded", title="Summer <3")
    for n in (2, 3):
        put(engine, f"film-{n}", playlist_id=first)
    put(engine, "film-4", state="duplicate", duplicate_of_id=members[0])
    rows = page.rows()
    assert "playlist 2 videos" in rows["film-1"]
    assert "From the playlist Summer <3 ." in rows["film-2"]
    assert "The same video as Film-2 ." in rows["film-4"]
    assert set(page.rows(find="film-1")) == {"film-1", "film-2", "film-3"}


def test_the_ledger_sums_up(page: Page, engine: Engine) -> None:
    one, clips = ready_video(engine, frame_count=3000, cuts=(1500,))
    two, _ = ready_video(engine, "film-2")
    with transaction(engine) as session:
        ledger.record(
            session,
            one.id,
            {"a/source-x.mp4": StoredFacts(10**9), "a/gold_master.mkv": StoredFacts(4 * 10**9)},
        )
        ledger.record(session, two.id, {"b/source-x.mp4": StoredFacts(10**9)})
        session.execute(
            sa.update(Clip).where(Clip.id == clips[0].id).values(state="review_approved")
        )
    rows = page.rows()
    assert "5 GB Gold master 4 GB Source 1 GB 5 GB per approved minute (1.0)" in rows["film-1"]
    assert "Nothing of it is approved yet" in rows["film-2"]
    foot = text_of(page.client.get("/sources").get_data(as_text=True).split("<tfoot>")[1])
    assert foot.startswith("2 videos on this page · 1.0 minutes approved, 6 GB per approved minute")


def test_as_many_queries_for_many_rows_as_for_few(page: Page, engine: Engine, app: Flask) -> None:
    def queries() -> int:
        seen: list[object] = []
        served = app.extensions["heaters"].engine

        def note(*given: object) -> None:
            seen.append(given[2])

        event.listen(served, "before_cursor_execute", note)
        page.rows()
        event.remove(served, "before_cursor_execute", note)
        return len(seen)

    playlist = new_video(engine).id
    few = queries()
    for n in range(2, 30):
        ready_video(engine, f"film-{n}")
        put(engine, f"film-{n}", playlist_id=playlist, duplicate_of_id=playlist)
    assert queries() <= few + 2 < 22


def test_a_run_at_work_on_clips_shows_how_many_are_done(page: Page, engine: Engine) -> None:
    video, clips = ready_video(engine)
    assert "clips exported" not in page.rows()["film-1"]
    with transaction(engine) as session:
        versions = {clip.id: clip.version for clip in clips}
        reviews.decide_all(session, actor="ann", versions=versions, decision=APPROVE)
        clip_work.claim(session, video.id, EXPORT, 0)
        frames = clips[0].frames.as_json()
        file = ClipFile(clip_filepath="c", exported_frames=frames, is_virtual=False)
        clip_work.finish(session, clips[0].id, EXPORT, file)
    assert "1 of 3 clips exported" in page.rows()["film-1"]


# --- Finding ------------------------------------------------------------------------------------


def test_choices_and_their_counts(page: Page, engine: Engine) -> None:
    for n in range(1, 5):
        new_video(engine, f"film-{n}")
    put(engine, "film-2", state="preprocessing")
    put(engine, "film-3", state="download_failed", error="Gone.")
    put(engine, "film-4", state="downloaded")
    assert set(page.rows(show="waiting")) == {"film-1"}
    assert set(page.rows(show="at-work")) == {"film-2", "film-4"}
    assert set(page.rows(show="failed")) == {"film-3"}
    assert set(page.rows(show="nonsense")) == set(page.rows())
    shown = text_of(page.client.get("/sources").get_data(as_text=True))
    assert "All 4 Waiting 1 At work 2 Failed 1 Fell short" in shown


def test_titles_and_addresses_are_found_as_they_are_written(page: Page, engine: Engine) -> None:
    for n in range(1, 4):
        new_video(engine, f"film-{n}")
    put(engine, "film-1", title="100% wool")
    assert set(page.rows(find="100%")) == {"film-1"}
    assert set(page.rows(find="FILMS/FILM-2")) == {"film-2"}
    assert page.rows(find="nowhere") == {}


def test_a_login_in_an_address_is_neither_shown_nor_found(page: Page, engine: Engine) -> None:
    page.post(references="https://someone:sesame@films.example.org/a.mp4")
    page.post(references="https://someone:sesame@films.example.org")
    html = page.client.get("/sources").get_data(as_text=True)
    assert "https://films.example.org/a.mp4" in html
    assert "sesame" not in html and "someone" not in html
    assert page.rows(find="sesame") == {} == page.rows(find="someone")
    assert len(page.rows(find="https://films.example.org")) == 2
    answer = page.post(references="https://someone:sesame@[half.example")
    said = answer.get_data(as_text=True).partition('id="bad"')[2]
    assert "https://[half.example is no address" in said and "sesame" not in said


def test_pages_keep_what_was_chosen(page: Page, engine: Engine) -> None:
    page.post(references="\n".join(f"https://films.example.org/{n}.mp4" for n in range(60)))
    first = page.client.get("/sources/table?show=waiting&find=films").get_data(as_text=True)
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = page.client.get(unescape(older)).get_data(as_text=True)
    assert second.count('<tr id="video-') == 10


# --- Adding -------------------------------------------------------------------------------------


def test_many_are_added_at_once_and_told_in_one_sentence(page: Page, engine: Engine) -> None:
    lines = [f"https://films.example.org/watch?v={n}" for n in range(250)]
    answer = page.post(references="\r\n".join(lines), title="Not for so many")
    assert "250 added." in text_of(answer.get_data(as_text=True))
    answer = page.post(references="\n".join([*lines[:3], "https://films.example.org/new", "", " "]))
    assert "3 known already, new, 1 added." in text_of(answer.get_data(as_text=True))
    with transaction(engine) as session:
        assert source_list.counts(session)[Choice.WAITING] == 251
    assert set(page.rows(find="Not for so many")) == set()


def test_a_form_takes_as_much_as_ten_thousand_addresses_need(page: Page, engine: Engine) -> None:
    lines = [f"https://films.example.org/{n}?{'x' * 20_000}" for n in range(150)]
    assert page.post(references="\n".join(lines)).status_code == 200
    with transaction(engine) as session:
        assert source_list.counts(session)[Choice.ALL] == 150


def test_bad_lines_are_named_and_the_good_ones_added(
    page: Page, engine: Engine, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    bad = ["/films/a\0b.mp4", str(empty), "~nobody-of-that-name/film.mp4", "/" + "x" * 5000]
    bad += ["https://[half.example", "/films/typo.mp4", "not a url"]
    good = ["https://films.example.org/a.mp4", str(tmp_path / "b.mp4")]
    Path(good[1]).touch()
    answer = page.post(references="\n".join([good[0], *bad, good[1]]), title="A\0B")
    assert answer.status_code == 400
    html = answer.get_data(as_text=True)
    shown = text_of(html)
    assert "2 added." in shown
    assert "7 lines could not be added:" in shown
    for sentence in ("has no videos", "no such user", "File name too long.", "is no address"):
        assert sentence in shown
    assert "There is no file /films/typo.mp4: check the path." in shown
    assert (
        "not a url is neither an address, as in https://example.org/film.mp4, nor a file" in shown
    )
    kept = unescape(html.split("</textarea>")[0].split(">")[-1])
    assert good[0] not in kept
    assert str(empty) in kept
    assert len(page.rows()) == 2


def test_the_videos_in_a_folder_are_added(page: Page, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b.mp4", "a.MOV", "notes.txt", ".hidden.mp4", "more/c.mkv"):
        (tmp_path / name).write_text("x")
    page.post(references=str(tmp_path))
    with transaction(engine) as session:
        found = source_list.newest_first(session, Choice.ALL, "", 10, 0)
    assert [Path(each.url).name for each in found] == ["c.mkv", "b.mp4", "a.MOV"]


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "0.0.0.0", "trusted_hosts": ()},
        {"trusted_proxies": 1},
        {"trusted_hosts": ("clips.example", "localhost")},
        {"source_folders": ()},
    ],
)
def test_where_others_reach_the_page_it_adds_no_file_of_the_server(
    changes: dict[str, Any], app_settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    add_people(engine, ann=Role.ADMIN)  # without whom it serves no other machine
    app = create_app(app_settings.model_copy(update=changes))
    page = Page(app, token(engine, "ann"))
    (tmp_path / "a.mp4").touch()
    lines = [str(tmp_path / "a.mp4"), str(tmp_path), "/etc/passwd", "/etc/no-such-file", "~nobody"]
    shown = text_of(page.post(references="\n".join(lines)).get_data(as_text=True))
    for line in lines:
        assert (
            f"{line} is no file that may be added here: upload it, or add its folder to "
            "HEATERS_SOURCE_FOLDERS." in shown
        )
    page.post(references="https://films.example.org/a.mp4")
    assert len(page.rows()) == 1


def test_files_of_named_folders_are_added_and_no_link_leads_out(
    app_settings: Settings, tmp_path: Path
) -> None:
    films, other = tmp_path / "films", tmp_path / "films too"
    for folder in (films, other):
        folder.mkdir()
        (folder / "a.mp4").touch()
    (films / "link.mp4").symlink_to(other / "a.mp4")
    (films / "circle.mp4").symlink_to(films / "circle.mp4")
    (tmp_path / "way in").symlink_to(films)
    page = Page(create_app(app_settings.model_copy(update={"source_folders": (films,)})))
    answer = page.post(references=f"{films}\n{films}/../films too/a.mp4\n{films}/circle.mp4")
    shown = text_of(answer.get_data(as_text=True))
    assert "3 lines could not be added:" in shown
    assert f"{films}/link.mp4 is no file that may be added here" in shown
    assert [row for row in page.rows().values() if str(films / "a.mp4") in row]
    assert len(page.rows()) == 1
    assert page.post(references=f"{tmp_path}/way in/a.mp4").status_code == 200


def test_one_video_may_be_given_a_title(page: Page, engine: Engine) -> None:
    page.post(references="https://films.example.org/a", title=" Our \0 film ", already_cut="on")
    with transaction(engine) as session:
        (found,) = source_list.newest_first(session, Choice.ALL, "", 10, 0)
    assert (found.title, found.needs_splicing) == ("Our film", False)


def test_a_video_is_archived_after_the_page_has_said_what_that_means(
    app: Flask, engine: Engine
) -> None:
    video, _ = ready_video(engine)
    page = Page(app)
    assert "Archive…" in page.rows()["film-1"]
    asked = text_of(page._get("/sources/film-1/archive"))
    assert "No clip of it can be exported any more" in asked
    with video_lock(engine, "film-1"):
        assert page.post("/film-1/archive", to="away").status_code == 409
    assert page.post("/film-1/archive").status_code == 400, "nothing is deleted by mistake"
    assert "has no storage classes" in page.post("/film-1/archive", to="cold").text
    assert "Film-1 is archived" in text_of(page.post("/film-1/archive", to="away").text)
    row = page.rows()["film-1"]
    assert "archived source and gold master deleted" in row
    assert "Archive…" not in row and "Fetch again" not in row
    with transaction(engine) as session:
        assert source_videos.get(session, "film-1").archived == "away"
        assert clips.of_video(session, video.id)


def test_a_video_goes_to_the_cold_and_comes_back_from_the_page(
    app_settings: Settings, engine: Engine, s3_endpoint: str
) -> None:
    ready_video(engine)
    on_s3 = {"storage_url": "s3://films/library", "s3_endpoint_url": s3_endpoint}
    page = Page(create_app(app_settings.model_copy(update=on_s3)))
    asked = text_of(page._get("/sources/film-1/archive"))
    assert "exported until it is restored" in asked and "Nothing brings them back" in asked
    page.post("/film-1/archive", to="cold")
    row = page.rows()["film-1"]
    assert "moving to cold storage: 0 of 2 files" in row and "Bring back" in row
    with transaction(engine) as session:
        archiving.note_move(session, 1, moved=1, error="The storage refuses it.")
    row = page.rows()["film-1"]
    assert "1 of 2 files" in row and "The storage refuses it." in row
    page.post("/film-1/restore")
    row = page.rows()["film-1"]
    assert "on their way back: 0 of 2 files" in row and "Bring back" not in row
    with transaction(engine) as session:
        video = source_videos.get(session, "film-1")
        assert clips.of_video(session, video.id)
