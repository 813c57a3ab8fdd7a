"""Signing in, in real Chromium: from the page that was asked for to decisions under one's own
name, and out again."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import people as work
from tests.browser.accessibility import violations
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.browser.test_widths import look_at
from tests.people import PASSWORD, TESTER, add_people, token


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    """People may sign in at a provider, too."""
    provider = {"oidc_issuer": "https://login.example.org/films", "oidc_client_id": "heaters"}
    return app_settings.model_copy(update=provider)


@pytest.fixture(autouse=True)
def team(engine: Engine) -> None:
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_whoever_signs_in_goes_on_where_they_wanted_to(page: Page, axe: str) -> None:
    page.goto("/library?state=approved")
    expect(page.get_by_label("Name")).to_be_focused()
    provider = page.get_by_role("link", name="Sign in at login.example.org")
    expect(provider).to_have_attribute("href", "/login/oidc?next=/library?state%3Dapproved")
    found = look_at("login", page, axe)
    sign_in(page, "ben", "not this one")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    found += look_at("login, refused", page, axe)
    assert not found, "\n".join(found)

    sign_in(page, "ben")
    expect(page).to_have_url(re.compile(r"/library\?state=approved$"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".menu-button").click()
    page.get_by_role("button", name="ben: your account").click()
    expect(page.get_by_text("You are signed in as reviewer.")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)
    page.get_by_role("link", name="Password").click()
    assert look_at("password", page, axe) == []
    page.get_by_role("button", name="ben: your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.goto("/library")
    expect(page).to_have_url(re.compile(r"/login\?next=/library$"))


def test_decisions_stand_under_the_name_and_stop_with_the_session(
    browser: Browser, address: str, engine: Engine, film: Film
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    tab = Tab(context.new_page(), address)
    sign_in(tab.page, "Ben")
    tab.page.wait_for_url("**/review")
    tab.shows_clip(0)
    tab.press("a")
    tab.is_saved()
    tab.press("u")
    tab.is_saved()
    tab.shows_clip(0)
    with transaction(engine) as session:
        by = sa.text("SELECT DISTINCT actor FROM review_events WHERE action IN ('approve', 'undo')")
        assert session.execute(by).scalars().all() == ["ben"]
        work.end_sessions(session, TESTER, people.named(session, "ben"))
    tab.press("a")
    tab.says("sign in again")
    tab.page.reload()
    expect(tab.page).to_have_url(re.compile("/login"))
    context.close()
    assert tab.complaints == []


def test_an_admin_changes_roles_and_ends_sessions(
    page: Page, browser: Browser, address: str, engine: Engine, axe: str
) -> None:
    token(engine, "ben")
    context = browser.new_context(base_url=address)
    bens = context.new_page()
    bens.goto("/sources")
    sign_in(bens, "ben")
    expect(bens.locator("#add")).to_be_hidden()
    for path in ("/labels", "/profiles", "/keyframes"):
        bens.goto(path)
        expect(bens.get_by_text("Operators change what is here.")).to_be_visible()
        expect(bens.locator("main .primary").last).to_be_disabled()
        assert violations(bens, axe) == []
    bens.goto("/sources")

    page.goto("/sources")
    sign_in(page, "ann")
    expect(page.locator("#add")).to_be_visible()
    page.get_by_role("button", name="ann: your account").click()
    page.get_by_role("link", name="People").click()
    found = assert_the_invited_come_in(page, browser, address, axe)
    found += look_at("people", page, axe)
    assert not found, "\n".join(found)
    page.get_by_role("button", name=re.compile("End the session of ben")).click()
    expect(page.get_by_role("status")).to_contain_text("ben is signed out there.")
    bens.reload()
    expect(bens).to_have_url(re.compile(r"/login\?next=/sources$"))

    page.get_by_role("combobox", name="Role of ben").select_option("operator")
    page.get_by_role("button", name="Save the role of ben").click()
    expect(page.get_by_role("status")).to_contain_text("ben is operator now")
    sign_in(bens, "ben")
    expect(bens.locator("#add")).to_be_visible()
    bens.goto("/labels")
    expect(bens.locator("main .primary")).to_be_enabled()
    page.get_by_role("button", name="Revoke the token a program of ben").click()
    expect(page.get_by_role("status")).to_contain_text("accepted no more")
    page.get_by_role("button", name="Remove ann").click()
    expect(page.locator("#sentence")).to_contain_text("ann is the last admin")
    context.close()


def assert_the_invited_come_in(page: Page, browser: Browser, address: str, axe: str) -> list[str]:
    """By a link that the page of people shows once. Gives what axe finds."""
    invitations = page.locator("section", has_text="Invitations")
    for role in ("operator", "reviewer"):
        invitations.get_by_label("Role").select_option(role)
        invitations.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Send this link").input_value()
    context = browser.new_context(base_url=address)
    dans = context.new_page()
    dans.goto(link)
    expect(dans.get_by_text("You come in as reviewer.")).to_be_visible()
    dans.get_by_label("Name").fill("ANN")
    for label in ("Password", "The password again"):
        dans.get_by_label(label, exact=True).fill(PASSWORD)
    dans.get_by_role("button", name="Come in").click()
    expect(dans.get_by_role("alert")).to_contain_text("There is a person ANN already")
    found = look_at("invite", dans, axe)
    dans.get_by_label("Name").fill("dan")
    for label in ("Password", "The password again"):
        dans.get_by_label(label, exact=True).fill(PASSWORD)
    dans.get_by_role("button", name="Come in").click()
    expect(dans.get_by_role("button", name="dan: your account")).to_be_visible()
    dans.goto(link)
    expect(dans.locator("#sentence")).to_contain_text("used or withdrawn")
    context.close()
    page.reload()
    page.get_by_role("button", name="Withdraw the invitation as operator").click()
    expect(page.get_by_role("status")).to_contain_text("lets nobody in any more")
    invitations.get_by_role("button", name="Make a link").click()
    return found
