"""Invitations by link: from the page of an admin, or the command line, to a person who signs in."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from heaters_pipeline.cli import main
from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import invites
from heaters_pipeline.work import people as work
from review_app import create_app
from tests.decisions import decide
from tests.people import PASSWORD, TESTER, Browser, add_people, signed_in
from tests.rows import ready_video


@pytest.fixture
def ann(app: Flask, engine: Engine) -> Browser:
    add_people(engine, ann=Role.ADMIN)
    return signed_in(app, "ann")


def invite(admin: Browser, role: Role) -> str:
    """The path of the link, from the page."""
    assert admin.send("POST", "/people/invites", role=role).status_code == 303
    found = re.search(r'value="http://localhost(/invites/[^"]+)"', admin.load("/people").text)
    assert found
    return found[1]


def accept(browser: Browser, path: str, name: str, password: str = PASSWORD) -> TestResponse:
    browser.load("/login")
    return browser.send("POST", path, name=name, new=password, again=password)


def told(answer: TestResponse) -> str:
    found = re.search(r'(?:id="sentence"|role="alert")>([^<]+)<', answer.text)
    return html.unescape(found[1]) if found else ""


def test_whoever_has_the_link_comes_in_once(app: Flask, engine: Engine, ann: Browser) -> None:
    path = invite(ann, Role.OPERATOR)
    secret = path.rpartition("/")[2]
    assert secret not in ann.load("/people").text  # shown once
    with transaction(engine) as session:
        assert secret not in session.execute(sa.text("SELECT invites::text FROM invites")).scalar()
    ben = Browser(app)
    assert "You come in as operator." in ben.load(path).text
    assert ben.load(path).headers["Referrer-Policy"] == "same-origin"
    assert told(accept(ben, path, "ben", "short")).startswith("A password has 12")
    assert told(accept(ben, path, "Ann")).startswith("There is a person Ann already")
    assert told(ben.send("POST", path, name="ben", new=PASSWORD, again="x")) == (
        "The new password is not the same twice."
    )
    assert ben.client.post(path, data={"name": "ben"}).status_code == 400  # not from our page
    assert accept(ben, path, "ben").location == "/review"
    assert ben.load("/sources").status_code == 200
    assert ben.load("/people").status_code == 403
    assert signed_in(app, "ben").load().status_code == 200

    again = accept(Browser(app), path, "cem")
    assert (again.status_code, "used or withdrawn" in told(again)) == (404, True)
    log = ann.load("/people/audit.csv").text
    assert "ann,127.0.0.1,invite,,operator" in log
    assert "ben,127.0.0.1,add person,ben,operator" in log
    assert "nobody,127.0.0.1,fail to use an invitation" in log


def test_nobody_takes_over_the_decisions_of_a_name(
    app: Flask, engine: Engine, ann: Browser
) -> None:
    _, (clip, *_) = ready_video(engine)
    decide(engine, clip, APPROVE, "dan")
    path = invite(ann, Role.REVIEWER)
    dan = Browser(app)
    refused = accept(dan, path, "dan")
    assert refused.status_code == 409
    assert "Somebody decided as dan before: choose another name" in told(refused)
    assert accept(dan, path, "dana").location == "/review"


def test_of_two_at_once_one_comes_in(app: Flask, engine: Engine, ann: Browser) -> None:
    path = invite(ann, Role.REVIEWER)
    browsers = {name: Browser(app) for name in ("ben", "cem")}
    for browser in browsers.values():
        browser.load(path)
    fields = {"new": PASSWORD, "again": PASSWORD}
    with ThreadPoolExecutor(2) as both:
        answers = both.map(
            lambda name: browsers[name].send("POST", path, name=name, **fields), browsers
        )
        assert sorted(answer.status_code for answer in answers) == [303, 404]
    with transaction(engine) as session:
        assert len(people.listed(session)) == 2


@pytest.mark.parametrize("end", ["withdrawn", "expired", "demoted", "removed"])
def test_a_link_ends(app: Flask, engine: Engine, ann: Browser, end: str) -> None:
    """With its maker, too: a removed admin must not come back by a link of their own."""
    add_people(engine, olga=Role.ADMIN)
    olga = signed_in(app, "olga")
    path = invite(olga, Role.ADMIN)
    assert Browser(app).load(path).status_code == 200
    if end == "withdrawn":
        (withdraw,) = re.findall(
            r'action="(/people/invites/\d+/withdraw)"', ann.load("/people").text
        )
        assert ann.send("POST", withdraw).status_code == 303
        assert ann.send("POST", withdraw).status_code == 404
    else:
        with transaction(engine) as session:
            person = people.named(session, "olga")
            if end == "expired":
                session.execute(sa.text("UPDATE invites SET expires_at = now()"))
            elif end == "demoted":
                work.set_role(session, TESTER, person, Role.REVIEWER)
            else:
                work.remove(session, TESTER, person)
    assert accept(Browser(app), path, "cem").status_code == 404


def test_guessing_links_gets_slower(app: Flask, engine: Engine, ann: Browser) -> None:
    good = invite(ann, Role.REVIEWER)
    assert Browser(app).load("/invites/guess").status_code == 404
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE sign_in_delays SET failures = 30 WHERE key ^@ 'address'"))
    assert Browser(app).load("/invites/guess").status_code == 404
    for path in ("/invites/guess", good):
        early = Browser(app).load(path)
        assert (early.status_code, int(early.headers["Retry-After"]) > 0) == (429, True)
    ben = Browser(app)
    ben.load("/login")
    mistyped = ben.send("POST", good, name="ben", new="one password here", again="another one")
    assert (mistyped.status_code, int(mistyped.headers["Retry-After"]) > 0) == (429, True)
    elsewhere = Browser(app)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    assert elsewhere.load(good).status_code == 200


def test_a_command_invites_the_first_admin(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app then starts for others, whom the link alone lets in."""
    monkeypatch.setenv("HEATERS_REVIEW_PORT", "8080")
    made = CliRunner().invoke(main, ["users", "invite", "--role", "admin", "--days", "1"])
    assert made.exit_code == 0, made.output
    address, _, secret = made.stdout.strip().rpartition("/")
    assert address.endswith("/invites")
    app = create_app(settings.model_copy(update={"host": "0.0.0.0"}))
    visitor = Browser(app)
    assert visitor.load("/sources").location == "/login?next=/sources"
    assert accept(visitor, f"/invites/{secret}", "ann").status_code == 303
    assert visitor.load("/people").status_code == 200

    with transaction(engine) as session:
        work.remove(session, TESTER, people.named(session, "ann"))
        invites.invite(session, TESTER, None, Role.REVIEWER, days=1)
    with pytest.raises(InputError, match="there is no admin"):
        create_app(settings.model_copy(update={"host": "0.0.0.0"}))


def test_an_admin_adds_a_person(app: Flask, engine: Engine) -> None:
    """Also the local user, of whom there is none from then on."""
    local = Browser(app)
    local.load("/people")
    fields = {"name": "ann", "password": PASSWORD}
    refused = local.send("POST", "/people", role="reviewer", **fields)
    assert told(refused).startswith("The first person is an admin")
    assert local.send("POST", "/people", role="admin", **fields).status_code == 303
    assert local.load().location == "/login?next=/review"
    ann = signed_in(app, "ann")
    fields["name"] = "ben"
    ann.load("/people")
    assert ann.send("POST", "/people", role="king", **fields).status_code == 400
    assert ann.send("POST", "/people", role="reviewer", **fields).status_code == 303
    assert "ben may sign in as reviewer." in ann.load("/people").text
    assert signed_in(app, "ben").load("/people").status_code == 403
