"""Who may do what in the review app, over HTTP: every route as everybody, sessions, tokens, and
another's decisions."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.roles import LEAST, Role
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import invites
from heaters_pipeline.work import people as work
from review_app import create_app
from tests.people import PASSWORD, TESTER, Browser, add_people, csrf_token, signed_in, token
from tests.rows import ready_video
from tests.waiting import until

pytestmark = pytest.mark.long

ROLES = {"ann": Role.ADMIN, "olga": Role.OPERATOR, "ben": Role.REVIEWER}
SPECIAL = {"_asked": "jpg", "profile": "web", "file": "clips.edl", "digest": "0" * 64}
"""What parameters of addresses are; all others are the number of nothing."""


@pytest.fixture
def team(engine: Engine) -> None:
    add_people(engine, **ROLES)


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Route, method and address of everything that the app answers."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: SPECIAL.get(name, 999_999) for name in rule.arguments}
        methods = {"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"} & rule.methods
        for method in methods - ({"HEAD"} if "GET" in methods else set()):
            yield rule.endpoint, method, adapter.build(rule.endpoint, values, method)


class Outcome(NamedTuple):
    status: int
    location: str

    @property
    def is_let_in(self) -> bool:
        return self.status not in (401, 403) and not self.leads_to_login

    @property
    def leads_to_login(self) -> bool:
        return self.location.startswith("/login?next=")


def outcome(client: FlaskClient, method: str, address: str, headers: Mapping[str, str]) -> Outcome:
    with client.open(address, method=method, headers=headers) as answer:
        return Outcome(answer.status_code, answer.location or "")


def test_every_route_lets_in_whom_the_table_names(app: Flask, engine: Engine, team: None) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for name, role in {"nobody": None, **ROLES}.items():
        browser = Browser(app) if role is None else signed_in(app, name)
        bearer = token(engine, name) if role else {"Authorization": "Bearer heaters_wrong"}
        refusal = 403 if role else 401
        for route, method, address in addresses(app):
            may = LEAST[route] is None or (role is not None and role.reaches(LEAST[route]))
            if route == "login.sign_in":
                continue
            with_token = outcome(
                app.test_client(), method, address, bearer | {"Tus-Resumable": "1.0.0"}
            )
            assert with_token.is_let_in is may, (name, route, with_token)
            assert may or with_token.status == refusal, (name, route, with_token)
            if route == "login.sign_out":
                continue
            by_hand = outcome(browser.client, method, address, {"X-CSRFToken": browser.csrf})
            assert by_hand.is_let_in is may, (name, route, by_hand)
            is_page = method == "GET" and not address.startswith(("/api/v1/", "/media/"))
            if role is None and is_page:
                assert may or by_hand.leads_to_login, (name, route, by_hand)
            else:
                assert may or by_hand.status == refusal, (name, route, by_hand)
    with transaction(engine) as session:
        assert {person.name: person.role for person in people.listed(session)} == ROLES


def test_on_loopback_nobody_is_asked_until_there_is_somebody(app: Flask, engine: Engine) -> None:
    local = Browser(app)
    assert local.load("/sources").status_code == 200
    assert local.load("/people").status_code == 200
    assert local.load("/login").location == "/review"
    add_people(engine, ann=Role.ADMIN)
    until(lambda: local.load("/sources").location == "/login?next=/sources")
    assert local.post("/api/v1/undo", {}).status_code == 401
    assert local.client.get("/healthz").status_code == 200
    with transaction(engine) as session:
        work.remove(session, TESTER, people.named(session, "ann"))
    assert local.load("/sources").status_code == 200


def test_whoever_adds_the_first_person_signs_in_at_once(app: Flask, engine: Engine) -> None:
    """Others, within a second; that is what is remembered of the local user's other requests."""
    local = Browser(app)
    local.load("/people")
    local.load("/sources")
    by_page = {"name": "ann", "role": Role.ADMIN, "password": PASSWORD}
    assert local.send("POST", "/people", **by_page).status_code == 303
    assert local.load("/sources").location == "/login?next=/sources"
    with transaction(engine) as session:
        work.remove(session, TESTER, people.named(session, "ann"))
        secret = invites.invite(session, TESTER, None, Role.ADMIN, days=1)
    assert local.load("/sources").status_code == 200
    by_link = {"name": "ben", "new": PASSWORD, "again": PASSWORD}
    assert local.send("POST", f"/invites/{secret}", **by_link).status_code == 303
    assert Browser(app).load("/sources").location == "/login?next=/sources"


def test_what_opens_to_anybody_here_opens_under_no_other_name(settings: Settings) -> None:
    """A foreign page whose name leads to this machine would else be the local user."""
    client = create_app(settings.model_copy(update={"host": "127.0.0.2"})).test_client()
    assert client.get("/api/v1/mine", base_url="http://127.0.0.2:8765").status_code == 200
    assert client.get("/api/v1/mine", base_url="http://evil.example:8765").status_code == 400


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"host": "0.0.0.0"}, "HEATERS_HOST"),
        ({"trusted_proxies": 1, "trusted_hosts": ("localhost",)}, "HEATERS_TRUSTED_PROXIES"),
        ({"trusted_hosts": ("localhost", ".films.example")}, "HEATERS_TRUSTED_HOSTS"),
    ],
    ids=["address", "proxy", "name"],
)
def test_where_others_reach_it_it_needs_an_admin(
    settings: Settings, engine: Engine, changes: dict[str, object], setting: str
) -> None:
    open_to_all = settings.model_copy(update=changes)
    with pytest.raises(InputError, match=f"{setting}.* run `heaters users add NAME --role admin`"):
        create_app(open_to_all)
    add_people(engine, ann=Role.ADMIN)
    app = create_app(open_to_all)
    with transaction(engine) as session:
        work.remove(session, TESTER, people.named(session, "ann"))
    assert Browser(app).load().location == "/login?next=/review"


def test_names_of_this_machine_ask_for_nobody(settings: Settings) -> None:
    names = {"trusted_hosts": ("localhost", "127.0.0.2")}
    assert Browser(create_app(settings.model_copy(update=names))).load().status_code == 200


def test_whoever_signs_in_reaches_the_page_that_they_asked_for(app: Flask, team: None) -> None:
    asked = Browser(app).load("/library?state=approved&order=newest").location
    assert asked == "/login?next=/library?state%3Dapproved%26order%3Dnewest"
    assert Browser(app).sign_in("ANN ", onward="/library?state%3Dapproved").location == (
        "/library?state=approved"
    )
    for elsewhere in ("https://evil.example", "//evil.example", "/%5Cevil.example", "/%0D%0Ax"):
        assert Browser(app).sign_in("ann", onward=elsewhere).location == "/review", elsewhere


def test_the_form_leads_here_whatever_its_address_says(app: Flask, team: None) -> None:
    odd = "next=/library&endpoint=x&_method=PUT&_external=1&_scheme=javascript&_anchor=x"
    page = Browser(app).load(f"/login?{odd}")
    assert page.status_code == 200
    assert re.findall('action="([^"]+)"', page.text) == ["/login?next=/library"]


@pytest.mark.parametrize("name", ["ann", "nobody of this name", "", "a\0b"])
def test_a_wrong_name_and_a_wrong_password_look_alike(app: Flask, team: None, name: str) -> None:
    refused = Browser(app).sign_in(name, "a wrong password")
    assert refused.status_code == 403
    assert "The name or the password is wrong." in refused.text
    assert Browser(app).sign_in("ann", PASSWORD * 1000).status_code == 403


def cookie(browser: Browser) -> str:
    found = browser.client.get_cookie("heaters")
    assert found
    return found.value


def test_a_session_begins_anew_at_sign_in_and_ends_at_sign_out(app: Flask, team: None) -> None:
    """Session fixation: who has put a cookie into the browser before knows nothing of it after."""
    browser = Browser(app)
    browser.load("/login")
    planted, planted_csrf = cookie(browser), browser.csrf
    browser.sign_in("ben")
    first = cookie(browser)
    stranger = Browser(app)
    stranger.client.set_cookie("heaters", planted)
    assert stranger.load().location == "/login?next=/review"
    refused = browser.client.post("/api/v1/undo", json={}, headers={"X-CSRFToken": planted_csrf})
    assert "from an earlier session" in refused.get_json()["detail"]

    browser.sign_in("ann")  # in the same browser, on top
    stranger.client.set_cookie("heaters", first)
    assert stranger.load().location == "/login?next=/review"
    second = cookie(browser)
    assert browser.send("POST", "/logout").location == "/login"
    assert browser.load().location == "/login?next=/review"
    stranger.client.set_cookie("heaters", second)  # a copy of the cookie is worth nothing, too
    assert stranger.load().location == "/login?next=/review"


def test_cookies_are_kept_from_scripts_and_other_sites(app: Flask, team: None) -> None:
    for scheme, is_secure in (("http", False), ("https", True)):
        base = f"{scheme}://localhost"
        client = app.test_client()
        csrf = csrf_token(client.get("/login", base_url=base).text)
        form = {"name": "ben", "password": PASSWORD, "csrf_token": csrf}
        sent = {"base_url": base, "headers": {"Referer": f"{base}/login"}}
        answer = client.post("/login", data=form, **sent)
        assert answer.status_code == 303
        parts = answer.headers["Set-Cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Lax"} <= {*parts}
        assert ("Secure" in parts) is is_secure


def change(engine: Engine, act: Callable[..., object], *values: object) -> None:
    with transaction(engine) as session:
        act(session, TESTER, people.named(session, "ben"), *values)


@pytest.mark.parametrize(
    ("act", "values"),
    [
        (work.set_role, (Role.OPERATOR,)),
        (work.set_password, ("another long password",)),
        (work.end_sessions, ()),
        (work.remove, ()),
    ],
    ids=["role", "password", "sign-out", "remove"],
)
def test_sessions_end_with_what_they_were_given_for(
    app: Flask, engine: Engine, team: None, act: Callable[..., object], values: tuple[object, ...]
) -> None:
    ben, other, ann = signed_in(app, "ben"), signed_in(app, "ben"), signed_in(app, "ann")
    change(engine, act, *values)
    for browser in (ben, other):
        assert browser.load().location == "/login?next=/review"
        assert browser.post("/api/v1/undo", {}).status_code == 401
    assert ann.load().status_code == 200


def test_a_password_that_changes_meanwhile_lets_nobody_in(
    app: Flask, engine: Engine, team: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(password_hash: str, password: str) -> bool:
        change(engine, work.set_password, "another long password")
        return True

    monkeypatch.setattr(work, "_is_right", slowly)
    assert Browser(app).sign_in("ben").status_code == 403


def test_people_change_their_own_password(app: Flask, engine: Engine, team: None) -> None:
    ben, elsewhere = signed_in(app, "ben"), signed_in(app, "ben")
    new = "another long password"

    def asked(old: str, first: str, second: str) -> tuple[int, str]:
        answer = ben.send("POST", "/password", password=old, new=first, again=second)
        return answer.status_code, answer.text

    for old, first, second, status, sentence in (
        (PASSWORD, new, "something else", 400, "not the same twice"),
        (PASSWORD, "short", "short", 400, "12 to 1000 characters"),
        ("a wrong password", new, new, 403, "The present password is wrong."),
    ):
        found, page = asked(old, first, second)
        assert (found, sentence in page) == (status, True), sentence
    before = cookie(ben)
    assert asked(PASSWORD, new, new)[0] == 303
    assert "Your password is changed" in ben.load("/password").text
    assert elsewhere.load().location == "/login?next=/review"
    elsewhere.client.set_cookie("heaters", before)
    assert elsewhere.load().location == "/login?next=/review"
    assert Browser(app).sign_in("ben").status_code == 403
    assert Browser(app).sign_in("ben", new).status_code == 303
    program = token(engine, "ben")
    assert app.test_client().post("/password", headers=program).status_code == 404

    assert asked("a guess", new, new)[0] == 403
    after_failures(engine, "name ben", 12)
    assert [asked("a guess", new, new)[0] for _ in range(2)] == [403, 429]


def test_the_local_user_has_no_password(app: Flask) -> None:
    assert Browser(app).load("/password").status_code == 404


def test_a_session_that_is_not_used_ends(app: Flask, engine: Engine, team: None) -> None:
    ben = signed_in(app, "ben")
    for days, is_in in ((29, True), (31, False)):
        with transaction(engine) as session:
            session.execute(
                sa.text("UPDATE sessions SET seen_at = now() - make_interval(days => :days)"),
                {"days": days},
            )
        assert (ben.load().status_code == 200) is is_in


def test_an_admin_sees_sessions_and_tokens_and_ends_them(
    app: Flask, engine: Engine, team: None
) -> None:
    ann, ben = signed_in(app, "ann"), signed_in(app, "ben")
    program = token(engine, "ben")
    assert app.test_client().get("/api/v1/mine", headers=program).status_code == 200
    page = ann.load("/people").text
    with transaction(engine) as session:
        session_id, token_id = session.execute(
            sa.text(
                "SELECT max(sessions.id), max(tokens.id) FROM sessions, tokens, people"
                " WHERE people.name = 'ben' AND sessions.person_id = people.id"
            )
        ).one()
    for path in (f"/people/sessions/{session_id}/end", f"/people/tokens/{token_id}/revoke"):
        assert path in page
        assert ann.send("POST", path).status_code == 303
        assert ann.send("POST", path).status_code == 404
    assert ben.load().location == "/login?next=/review"
    assert app.test_client().get("/api/v1/mine", headers=program).status_code == 401
    lines = csv.DictReader(StringIO(ann.load("/people/audit.csv").text))
    done = [(line["actor"], line["address"], line["action"], line["target"]) for line in lines]
    assert ("ann", "127.0.0.1", "end session", "ben") in done
    assert ("ann", "127.0.0.1", "revoke token", "ben") in done
    assert ("ben", "127.0.0.1", "sign in", "") in done


def test_what_takes_an_operator_stands_in_the_audit_log(
    app: Flask, engine: Engine, team: None
) -> None:
    olga, ann = signed_in(app, "olga"), signed_in(app, "ann")
    olga.send("POST", "/sources/film/remove")
    assert signed_in(app, "ben").send("POST", "/sources/film/cancel").status_code == 403
    assert olga.client.post("/sources/film/refetch").status_code == 400  # not from a page of ours
    foreign = {"Sec-Fetch-Site": "cross-site", "X-CSRFToken": olga.csrf}
    assert olga.client.post("/sources/film/retry", headers=foreign).status_code == 403
    olga.send("POST", "/sources/a%0Aforged line/retry")
    log = ann.load("/people/audit.csv").text
    assert "olga,127.0.0.1,sources.remove,/sources/film/remove" in log
    assert "/sources/a%0Aforged%20line/retry" in log
    assert not any(f"/film/{each}" in log for each in ("cancel", "refetch", "retry"))


def test_a_token_needs_no_csrf_and_takes_no_cookie(app: Flask, engine: Engine, team: None) -> None:
    ann = signed_in(app, "ann")
    assert ann.client.post("/api/v1/undo", json={}).status_code == 400  # its page sends a token
    program = token(engine, "ann", Role.REVIEWER)
    alone = app.test_client().post("/api/v1/undo", json={}, headers=program)
    assert (alone.status_code, alone.get_json()["detail"]) == (
        400,
        "You have no decision left to undo.",
    )
    assert "Set-Cookie" not in alone.headers
    # The cookie of an admin lends nothing to a token of a reviewer, nor to one that is none.
    assert ann.client.post("/sources/retry", headers=program).status_code == 403
    wrong = {"Authorization": "Bearer heaters_wrong"}
    assert ann.client.post("/api/v1/undo", json={}, headers=wrong).status_code == 401
    # What is meant for a proxy in front is no token of ours: the page's own token counts.
    proxys = {"Authorization": "Bearer eyJhbGciOi"}
    assert ann.client.post("/api/v1/undo", json={}, headers=proxys).status_code == 400
    assert ann.client.get("/review", headers=proxys).status_code == 200


def test_a_token_may_never_more_than_its_person(app: Flask, engine: Engine, team: None) -> None:
    program = token(engine, "olga", Role.OPERATOR)
    client = app.test_client()
    assert client.post("/sources/none/cancel", headers=program).status_code == 404
    with transaction(engine) as session:
        work.set_role(session, TESTER, people.named(session, "olga"), Role.REVIEWER)
    assert client.post("/sources/none/cancel", headers=program).status_code == 403
    with transaction(engine) as session:
        work.remove(session, TESTER, people.named(session, "olga"))
    assert client.get("/api/v1/mine", headers=program).status_code == 401


def test_a_foreign_page_can_do_nothing_with_a_signed_in_cookie(app: Flask, team: None) -> None:
    ann = signed_in(app, "ann")
    for path in ("/people/1/remove", "/sources/retry", "/logout", "/api/v1/undo"):
        assert ann.client.post(path).status_code == 400, path
        foreign = {"Sec-Fetch-Site": "cross-site", "X-CSRFToken": ann.csrf}
        assert ann.client.post(path, headers=foreign).status_code == 403, path
    assert ann.load().status_code == 200


@pytest.fixture
def clip(engine: Engine) -> Clip:
    _, (clip, *_) = ready_video(engine)
    return clip


def decide(browser: Browser, clip: Clip, action: str, version: int) -> dict[str, object]:
    path = f"/api/v1/clips/{clip.id}/decisions"
    answer = browser.post(path, {"action": action, "version": version})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_only_an_admin_undoes_what_another_decided_and_says_why(
    app: Flask, engine: Engine, team: None, clip: Clip
) -> None:
    ann, olga, ben = (signed_in(app, name) for name in ROLES)
    event = decide(ben, clip, "approve", 1)["event_id"]
    page = f"/clips/{clip.id}"
    for browser in (olga, ann):
        assert browser.post("/api/v1/undo", {"event_id": event}).status_code == 403
        assert browser.send("POST", f"{page}/undo", event_id=str(event)).status_code == 403
    why = {"event_id": event, "reason": "  "}
    assert ann.post("/api/v1/undo", why).status_code == 403
    refused = olga.post("/api/v1/undo", {"event_id": event, "reason": "I want to"})
    assert (refused.status_code, "ben decided that" in refused.get_json()["detail"]) == (403, True)
    assert f"{page}/undo" not in olga.load(page).text
    assert 'name="reason"' not in ben.load(page).text
    assert 'name="reason"' in ann.load(page).text
    undone = ann.send("POST", f"{page}/undo", event_id=str(event), reason="the wrong person")
    assert undone.status_code == 303
    log = ann.load("/people/audit.csv").text
    assert f"ann,127.0.0.1,undo,decision {event},the wrong person" in log

    mine = decide(ben, clip, "skip", 3)["event_id"]
    assert ben.post("/api/v1/undo", {"event_id": mine}).status_code == 200
    with transaction(engine) as session:
        actors = session.execute(sa.text("SELECT actor FROM review_events ORDER BY id")).scalars()
        assert [*actors][-4:] == ["ben", "ann", "ben", "ben"]


def test_the_local_user_undoes_anything(app: Flask, clip: Clip) -> None:
    ann, ben = Browser(app), Browser(app)
    for browser, name in ((ann, "ann"), (ben, "ben")):
        browser.load()
        assert browser.post("/api/v1/reviewer", {"name": name}).status_code == 200
    event = decide(ann, clip, "approve", 1)["event_id"]
    assert ben.post("/api/v1/undo", {"event_id": event}).status_code == 200


def test_nobody_takes_the_name_of_another(app: Flask, team: None, clip: Clip) -> None:
    ben = signed_in(app, "ben")
    assert ben.post("/api/v1/reviewer", {"name": "ann"}).status_code == 403
    decide(ben, clip, "approve", 1)
    assert [each["clip_ids"] for each in ben.load("/api/v1/mine").get_json()["recent"]]
    assert signed_in(app, "ann").load("/api/v1/mine").get_json()["recent"] == []


def after_failures(engine: Engine, counter: str, failures: int) -> None:
    """As if so many sign-ins had failed, and their pause were over."""
    with transaction(engine) as session:
        session.execute(
            sa.text(
                "UPDATE sign_in_delays SET failures = :failures, free_at = now()"
                " WHERE key ^@ :counter"
            ),
            {"counter": counter, "failures": failures},
        )


def pause(engine: Engine, counter: str) -> float:
    """Seconds after the last sign-in that failed."""
    with transaction(engine) as session:
        found = session.execute(
            sa.text(
                "SELECT extract(epoch FROM free_at - tried_at)::float FROM sign_in_delays"
                " WHERE key ^@ :counter"
            ),
            {"counter": counter},
        )
        return found.scalar_one()


def test_failed_sign_ins_wait_longer_and_longer_in_every_process(
    app_settings: Settings, engine: Engine, team: None
) -> None:
    """Two apps on one database are two processes of one site."""
    one, other = create_app(app_settings), create_app(app_settings)
    pauses = []
    for app in (one, other, one, other, one, other, one):
        assert Browser(app).sign_in("Ben", "a wrong password").status_code == 403
        pauses.append(pause(engine, "name ben"))
        after_failures(engine, "name ben", len(pauses))
    assert pauses == [0, 0, 0, 0, 0, 1, 2]
    after_failures(engine, "name ben", 10)
    assert Browser(one).sign_in("ben", "a wrong password").status_code == 403
    # The right password, too: else whoever guesses would learn it all the same.
    early = Browser(other).sign_in("ben")
    assert early.status_code == 429
    assert 0 < int(early.headers["Retry-After"]) <= 32
    assert f"try again in {early.headers['Retry-After']} s" in early.text
    assert Browser(other).sign_in("ann").status_code == 303

    after_failures(engine, "name ben", 10)
    assert Browser(other).sign_in("ben").status_code == 303
    assert Browser(one).sign_in("ben", "a wrong password").status_code == 403
    assert Browser(one).sign_in("ben").status_code == 303


def test_of_many_guesses_at_once_no_more_are_tried(app: Flask, engine: Engine, team: None) -> None:
    assert Browser(app).sign_in("ben", "a guess").status_code == 403
    after_failures(engine, "name ben", 12)
    with ThreadPoolExecutor(8) as crowd:
        answers = crowd.map(lambda _: Browser(app).sign_in("ben", "a guess"), range(8))
        statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [403] + [429] * 7


def test_an_address_waits_whatever_names_it_tries(app: Flask, engine: Engine, team: None) -> None:
    assert Browser(app).sign_in("somebody", "a guess").status_code == 403
    after_failures(engine, "address", 30)
    assert Browser(app).sign_in("ann").status_code == 303  # who is right pays nothing, ...
    assert Browser(app).sign_in("somebody else", "a guess").status_code == 403
    assert Browser(app).sign_in("ann").status_code == 429  # ... and others' failures stay counted
    from_elsewhere = Browser(app)
    from_elsewhere.client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    assert from_elsewhere.sign_in("ann").status_code == 303
