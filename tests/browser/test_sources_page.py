"""The page of source videos in real Chromium: uploads through what befalls them, and its list."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import ledger, source_list, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import served
from tests.rows import new_video, ready_video

MIB = 1 << 20
SECONDS = 30
SLOW = 6 * MIB
"""Bytes per second: an upload can be watched at it."""
SLOWEST = MIB // 8
"""An upload does not end while others look at something else."""


class Wire:
    """The browser's network, as bad as a test wants it."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Network.enable")

    def set(self, bytes_per_second: int = -1, *, offline: bool = False) -> None:
        conditions = {
            "offline": offline,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": bytes_per_second,
        }
        self.session.send("Network.emulateNetworkConditions", conditions)


@pytest.fixture
def sources(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{address}/sources")
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Summer film.mp4"
    path.write_bytes(os.urandom(40 * MIB))
    return path


def upload_of(page: Page, file: Path) -> Locator:
    return page.locator("#uploads li", has_text=file.name)


def row_of(page: Page, key: str) -> Locator:
    return page.locator(f"#video-{key}")


def begin(page: Page, file: Path) -> Locator:
    """Chooses the file, and waits until a part of it has arrived at the server."""
    page.set_input_files("#files", str(file))
    upload = upload_of(page, file)
    expect(upload.locator(".told")).to_contain_text("left")
    return upload


def uploaded(settings: Settings, engine: Engine, file: Path) -> SourceVideo:
    with transaction(engine) as session:
        (video,) = [
            each
            for each in source_list.newest_first(session, Choice.ALL, "", 10, 0)
            if each.url == file.name
        ]
    storage = LocalStorage(settings.home / "storage")
    assert b"".join(storage.stream(str(video.source_filepath))) == file.read_bytes()
    return video


def test_an_upload_goes_on_by_itself_when_the_network_is_back(
    sources: Page, file: Path, settings: Settings, engine: Engine
) -> None:
    wire = Wire(sources)
    wire.set(SLOW)
    upload = begin(sources, file)
    wire.set(offline=True)
    expect(upload).to_have_attribute("data-state", "retrying")
    expect(upload.locator(".told")).to_contain_text("No connection to the server.")
    wire.set()
    expect(sources.locator("#table")).to_contain_text("Summer film")
    video = uploaded(settings, engine, file)
    expect(row_of(sources, video.key)).to_contain_text("uploaded as Summer film.mp4")
    expect(upload).to_have_count(0)  # it has told that it is done


def test_an_upload_goes_on_when_the_server_was_away(
    browser: Browser, app: Flask, file: Path, settings: Settings, engine: Engine
) -> None:
    with served(app) as address:
        page = browser.new_context().new_page()
        page.goto(f"{address}/sources")
        wire = Wire(page)
        wire.set(SLOW)
        upload = begin(page, file)
    expect(upload).to_have_attribute("data-state", "retrying")
    wire.set()
    with served(app, port=int(address.rpartition(":")[2])):
        upload.get_by_role("button", name="Retry now").click()
        expect(page.locator("#table")).to_contain_text("Summer film")
        uploaded(settings, engine, file)
        page.context.close()


def test_after_a_reload_the_same_file_goes_on_where_it_was(
    sources: Page, file: Path, settings: Settings, engine: Engine
) -> None:
    wire = Wire(sources)
    wire.set(SLOW)
    upload = begin(sources, file)
    (folder,) = (settings.home / "uploads").iterdir()
    while not (folder / "data").exists():
        sources.wait_for_timeout(20)
    sources.reload()
    expect(upload).to_have_attribute("data-state", "interrupted")
    expect(upload.locator(".told")).to_contain_text("choose or drop the same file to resume")
    arrived = (folder / "data").stat().st_size
    assert 0 < arrived < file.stat().st_size
    sources.set_input_files("#files", str(file))
    expect(sources.locator("#table")).to_contain_text("Summer film")
    uploaded(settings, engine, file)
    assert [each.name for each in (settings.home / "uploads").iterdir()] == [folder.name]


def test_pause_resume_and_cancel(sources: Page, file: Path, settings: Settings) -> None:
    Wire(sources).set(SLOW)
    upload = begin(sources, file)
    upload.get_by_role("button", name="Pause").click()
    expect(upload.locator(".told")).to_contain_text("paused")
    upload.get_by_role("button", name="Resume").click()
    expect(upload.locator(".told")).to_contain_text("left")
    upload.get_by_role("button", name="Cancel").click()
    expect(upload).to_have_count(0)
    while list((settings.home / "uploads").iterdir()):
        sources.wait_for_timeout(20)


def test_what_is_refused_says_why(sources: Page, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    sources.set_input_files("#files", str(empty))
    upload = upload_of(sources, empty)
    expect(upload.locator(".told")).to_have_text("empty.mp4 is empty: it has no video.")
    upload.get_by_role("button", name="Dismiss").click()
    expect(upload).to_have_count(0)


def test_the_list_is_used_without_interrupting_an_upload(
    sources: Page, file: Path, engine: Engine, settings: Settings
) -> None:
    for n in (1, 2):
        new_video(engine, f"film-{n}")
    wire = Wire(sources)
    wire.set(SLOW)
    upload = begin(sources, file)
    wire.set(SLOWEST)
    row_of(sources, "film-1").get_by_role("button", name="Cancel").click()
    expect(sources.locator("#messages")).to_contain_text("Film-1 is cancelled.")
    expect(row_of(sources, "film-1").locator(".badge")).to_have_text("cancelled")
    sources.get_by_role("link", name="Failed").click()
    expect(row_of(sources, "film-2")).to_have_count(0)
    expect(sources).to_have_url(re.compile(r"show=failed$"))
    row_of(sources, "film-1").get_by_role("button", name="Try again").click()
    expect(row_of(sources, "film-1")).to_have_count(0)
    sources.go_back()
    expect(row_of(sources, "film-1").locator(".badge")).to_have_text("waiting")
    sources.get_by_label("Addresses").fill("https://films.example.org/a\n~nobody-at-all/b")
    sources.get_by_role("button", name="Add").click()
    expect(sources.locator("#bad")).to_contain_text("1 line could not be added:")
    expect(sources.get_by_label("Addresses")).to_have_value("~nobody-at-all/b\n")
    expect(sources.locator("#table")).to_contain_text("films.example.org/a")
    expect(upload).to_have_attribute("data-state", "sending")
    wire.set()
    expect(sources.locator("#table")).to_contain_text("Summer film")
    uploaded(settings, engine, file)


def test_the_list_keeps_itself_up_to_date_and_open_what_is_open(
    sources: Page, engine: Engine
) -> None:
    video, _ = ready_video(engine)
    with transaction(engine) as session:
        ledger.record(session, video.id, {"a/source-x.mp4": StoredFacts(10**9)})
    row = row_of(sources, "film-1")
    row.locator("summary", has_text="1 GB").click()
    expect(row.locator("dl")).to_be_visible()
    with transaction(engine) as session:
        ledger.record(session, video.id, {"a/gold_master.mkv": StoredFacts(3 * 10**9)})
        damage = {"frames": [[3, 7]], "errors": 4, "missing_seconds": 0}
        session.execute(sa.update(SourceVideo).values(damage=damage))
    expect(row.locator("dl")).to_contain_text("Gold master3 GB")
    expect(row.locator("dl")).to_be_visible()
    row.locator("summary", has_text="4 frames").click()
    expect(row.locator("dl")).not_to_be_visible()
    expect(row).to_contain_text("Look at frames 3 to 6")
    with transaction(engine) as session:
        source_videos.set_progress(session, "film-1", 0.4)
    expect(row).to_contain_text("40 %")


def test_a_video_is_deleted_after_it_was_said_what_goes_with_it(
    sources: Page, engine: Engine
) -> None:
    video, _ = ready_video(engine, "film-1")
    ready_video(engine, "film-2")
    with transaction(engine) as session:
        ledger.record(
            session,
            video.id,
            {"a/source-x.mp4": StoredFacts(10**9), "a/gold_master.mkv": StoredFacts(10**9)},
        )
    sources.reload()
    dialog = sources.get_by_role("dialog", name="Delete \N{LEFT DOUBLE QUOTATION MARK}Film-1")
    button = row_of(sources, "film-1").get_by_role("button", name="Delete Film-1")
    button.click()
    expect(dialog).to_contain_text("This also deletes 3 clips and 2 files of 2 GB in all.")
    sources.keyboard.press("Enter")  # the answer in focus is the harmless one
    expect(dialog).not_to_be_visible()
    button.focus()
    sources.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    sources.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    button.click()
    dialog.get_by_role("button", name="Delete it").click()
    expect(sources.locator("#messages")).to_contain_text("Film-1 is removed.")
    expect(row_of(sources, "film-1")).to_have_count(0)
    expect(row_of(sources, "film-2")).to_be_visible()
    expect(dialog).not_to_be_visible()
    with transaction(engine) as session:
        assert ledger.numbers(session, [video.id]) == {}
