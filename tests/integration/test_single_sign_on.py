"""People who sign in elsewhere: named in a header by a proxy that may say so, and at a provider of
OpenID Connect, with which the app speaks by HTTP."""

from __future__ import annotations

import html
import re
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from starlette.requests import HTTPConnection
from werkzeug.test import TestResponse

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.platform.dagster_login import Login
from heaters_pipeline.settings import Settings
from review_app import create_app
from tests.browser.review_world import served
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OTHER_KEY, Provider, serving
from tests.people import Browser, add_people, signed_in

PROXY, STRANGER = "10.1.0.9", "10.2.0.9"


def at(browser: Browser, address: str) -> Browser:
    browser.client.environ_base["REMOTE_ADDR"] = address
    return browser


def by_proxy(app: Flask, name: str, address: str = PROXY) -> Browser:
    browser = at(Browser(app), address)
    browser.client.environ_base["HTTP_X_FORWARDED_USER"] = name
    return browser


def told(answer: TestResponse) -> str:
    found = re.search(r'(?:id="sentence"|role="alert")>([^<]+)<', answer.text)
    return html.unescape(found[1]) if found else ""


def roles(engine: Engine) -> dict[str, str]:
    with transaction(engine) as session:
        return {person.name: person.role for person in people.listed(session)}


@pytest.fixture
def behind_proxy(settings: Settings) -> Settings:
    networks = (ip_network("10.1.0.0/16"),)
    return settings.model_copy(
        update={"login_header": "X-Forwarded-User", "login_networks": networks}
    )


def test_a_proxy_names_who_sends_a_request(behind_proxy: Settings, engine: Engine) -> None:
    app = create_app(behind_proxy)  # it needs no admin to start
    assert Browser(app).load().location == "/login?next=/review"
    assert "Nobody here knows ben" in told(by_proxy(app, "ben").load())
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)
    ben = by_proxy(app, "ben")
    assert ben.load("/library").status_code == 200
    assert ben.load("/sources").status_code == 200
    assert ben.load("/people").status_code == 403
    assert ben.post("/api/v1/release", {}).status_code == 200
    assert ben.client.post("/api/v1/release", json={}).status_code == 400
    assert by_proxy(app, "Ann").load("/people").status_code == 200
    assert "several names" in told(by_proxy(app, "ann, ben").load())
    assert by_proxy(app, "a\u202e").load().status_code == 400


def test_the_header_is_ignored_from_any_other_address(
    behind_proxy: Settings, engine: Engine
) -> None:
    add_people(engine, ann=Role.ADMIN)
    app = create_app(behind_proxy)
    for address in (STRANGER, "127.0.0.1", "::1", "::ffff:10.2.0.9"):
        assert by_proxy(app, "ann", address).load().location == "/login?next=/review", address
    assert by_proxy(app, "ann", "::ffff:10.1.0.9").load().status_code == 200
    # Whoever holds the connection counts, not who X-Forwarded-For says it is.
    app = create_app(behind_proxy.model_copy(update={"trusted_proxies": 1}))
    forged = by_proxy(app, "ann", STRANGER)
    forged.client.environ_base["HTTP_X_FORWARDED_FOR"] = PROXY
    assert forged.load().location == "/login?next=/review"
    through = by_proxy(app, "ann")
    through.client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.5"
    assert through.load().status_code == 200
    # Without the setting nobody believes it.
    app = create_app(behind_proxy.model_copy(update={"login_header": None}))
    assert by_proxy(app, "ann").load().location == "/login?next=/review"


def test_no_other_spelling_and_no_second_header_passes(
    behind_proxy: Settings, engine: Engine
) -> None:
    """As they come over the wire: a proxy that replaces the header may pass on others like it."""
    add_people(engine, ann=Role.ADMIN)
    here = {"login_networks": (ip_network("127.0.0.0/8"),)}
    with served(create_app(behind_proxy.model_copy(update=here))) as url:
        for lines, status in (
            (["X-Forwarded-User: ann"], 200),
            (["X_Forwarded_User: ann"], 303),
            (["X-Forwarded_User: ann"], 303),
            (["X-Forwarded-User: ann", "X-Forwarded-User: ben"], 403),
            (["X-Forwarded-User: ben", "x-forwarded-user: ann"], 403),
            (["X-Forwarded-User : ann"], 400),
        ):
            sent = "\r\n".join(["GET /people HTTP/1.0", "Host: 127.0.0.1", *lines, "", ""])
            with socket.create_connection(("127.0.0.1", urlsplit(url).port)) as line:
                line.sendall(sent.encode())
                answer = line.makefile("rb").readline().split()
            assert int(answer[1]) == status, lines


def test_newcomers_of_a_proxy_get_the_role_of_the_setting(
    behind_proxy: Settings, engine: Engine
) -> None:
    app = create_app(behind_proxy.model_copy(update={"login_role": Role.REVIEWER}))
    assert "The first person is an admin" in told(by_proxy(app, "ben").load())
    add_people(engine, ann=Role.ADMIN)
    ben = by_proxy(app, "ben")
    assert ben.load().status_code == 200
    assert roles(engine) == {"ann": "admin", "ben": "reviewer"}
    assert Browser(app).sign_in("ben", "a password of nobody").status_code == 403
    # The proxy says who it is, whatever cookie the browser still has.
    ann = at(signed_in(app, "ann"), PROXY)
    ann.client.environ_base["HTTP_X_FORWARDED_USER"] = "ben"
    assert ann.load("/people").status_code == 403


def test_a_page_of_one_person_is_not_used_by_the_next_whom_the_proxy_names(
    behind_proxy: Settings, engine: Engine
) -> None:
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)
    app = create_app(behind_proxy)

    def name(browser: Browser, given: str) -> Browser:
        browser.client.environ_base["HTTP_X_FORWARDED_USER"] = given
        return browser

    def send(browser: Browser) -> int:
        return browser.post("/api/v1/release", {}).status_code

    shared = by_proxy(app, "ann")
    shared.load()
    assert [send(shared), send(name(shared, "Ann"))] == [200, 200]
    assert [send(name(shared, "ben")), send(shared)] == [400, 400]
    assert "load it again" in shared.post("/api/v1/release", {}).get_json()["detail"]
    shared.load()
    assert [send(shared), send(name(shared, "ann"))] == [200, 400]
    by_password = at(signed_in(app, "ann"), PROXY)
    assert send(name(by_password, "ben")) == 400


def test_dagster_knows_people_as_the_review_app_does(
    behind_proxy: Settings, engine: Engine
) -> None:
    def role(settings: Settings, address: str, **headers: str) -> Role | None:
        sent = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        scope = {"type": "http", "headers": sent, "client": (address, 1)}
        return Login(engine, settings).role_of(HTTPConnection(scope))

    alone = behind_proxy.model_copy(update={"login_header": None})
    assert role(alone, "127.0.0.1") == Role.ADMIN
    assert role(behind_proxy, PROXY) is None
    add_people(engine, ann=Role.ADMIN)
    assert role(alone, "127.0.0.1") is None
    assert role(behind_proxy, PROXY, x_forwarded_user="ann") == Role.ADMIN
    of_proxy = {"x_forwarded_user": "ann", "authorization": "Bearer of-the-proxy"}
    assert role(behind_proxy, PROXY, **of_proxy) == Role.ADMIN
    assert (
        role(behind_proxy, PROXY, x_forwarded_user="ann", authorization="Bearer heaters_x") is None
    )
    assert role(behind_proxy, STRANGER, x_forwarded_user="ann") is None
    forged = {"x_forwarded_user": "ann", "x_forwarded_for": PROXY}
    assert role(behind_proxy, STRANGER, **forged) is None
    assert role(alone, PROXY, x_forwarded_user="ann") is None
    ann = signed_in(create_app(behind_proxy), "ann").client.get_cookie("heaters").value
    assert role(behind_proxy, STRANGER, cookie=f"heaters={ann}") == Role.ADMIN
    for wrong in (f"heaters={ann}x", "heaters=eyJ9.x.y", "heaters=", "heaters"):
        assert role(behind_proxy, STRANGER, cookie=wrong) is None, wrong
    assert role(behind_proxy, PROXY, x_forwarded_user="ben", cookie=f"heaters={ann}") is None


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    fresh = Provider(url=running.url, person={"sub": "17", "preferred_username": "ben"})
    vars(running).update(vars(fresh))
    return running


def with_provider(settings: Settings, provider: Provider, **changes: Any) -> Flask:
    update = {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        **changes,
    }
    return create_app(Settings.model_validate({**settings.model_dump(), **update}))


def leave(browser: Browser, path: str = "") -> str:
    """To the provider, by the button of the page; where the provider sends the browser back to."""
    page = browser.load(f"/login?next={path}" if path else "/login").text
    (button,) = re.findall(r'href="(/login/oidc[^"]*)"', page)
    away = browser.client.get(html.unescape(button))
    assert away.status_code == 302, away.text
    back = requests.get(away.location, allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    assert back.headers["Location"].startswith("http://localhost/login/oidc/return?")
    return back.headers["Location"]


def come(browser: Browser, path: str = "") -> TestResponse:
    return browser.client.get(leave(browser, path))


def test_people_sign_in_at_a_provider(
    settings: Settings, engine: Engine, provider: Provider
) -> None:
    app = with_provider(settings, provider)
    assert "Nobody here knows ben" in told(come(Browser(app)))
    assert roles(engine) == {}
    add_people(engine, ann=Role.ADMIN)
    app = with_provider(settings, provider, login_role=Role.REVIEWER)
    ben = Browser(app)
    ben.load("/login")
    before = ben.client.get_cookie("heaters")
    assert come(ben, "/library?state%3Dapproved").location == "/library?state=approved"
    assert ben.load().status_code == 200
    assert ben.load("/people").status_code == 403
    assert roles(engine) == {"ann": "admin", "ben": "reviewer"}
    assert len(provider.challenges[-1]) == 43  # PKCE: a SHA-256
    stranger = Browser(app)
    stranger.client.set_cookie("heaters", before.value)
    assert stranger.load().location == "/login?next=/review"

    # Names change, who they are does not; nobody comes by the name of somebody else.
    provider.person = {"sub": "17", "preferred_username": "benjamin"}
    assert come(Browser(app)).status_code == 303
    assert roles(engine) == {"ann": "admin", "ben": "reviewer"}
    provider.person = {"sub": "18", "preferred_username": "Ann"}
    refused = come(Browser(app))
    assert (refused.status_code, "There is a person Ann who" in told(refused)) == (403, True)
    for elsewhere in ("https://evil.example", "//evil.example"):
        provider.person = {"sub": "17"}
        assert come(Browser(app), elsewhere).location == "/review"

    with transaction(engine) as session:
        session.delete(people.named(session, "ben"))
    assert ben.load().location == "/login?next=/review"
    log = signed_in(app, "ann").load("/people/audit.csv").text
    assert "ben,127.0.0.1,add person,ben,reviewer" in log
    assert "ben,127.0.0.1,sign in" in log
    assert "nobody,127.0.0.1,fail to sign in" in log


def test_claims_give_roles_and_domains_let_in(
    settings: Settings, engine: Engine, provider: Provider
) -> None:
    app = with_provider(
        settings,
        provider,
        oidc_roles="staff=reviewer,heads=admin",
        oidc_domains="films.example",
    )
    mail = {"email": "ben@Films.example", "email_verified": True}
    for person, status in (
        ({"sub": "1", "groups": ["heads"]}, 403),
        ({"sub": "1", "groups": ["heads"], **mail, "email_verified": False}, 403),
        ({"sub": "1", "groups": ["heads"], "email": "x@evil.example", "email_verified": True}, 403),
        ({"sub": "1", "groups": ["guests"], **mail}, 403),
        ({"sub": "1", "groups": ["staff", "heads"], "name": "Cem", **mail}, 303),
        ({"sub": "2", "groups": "staff", **mail}, 303),
    ):
        provider.person = person
        assert come(Browser(app)).status_code == status, person
    assert roles(engine) == {"Cem": "admin", "ben@Films.example": "reviewer"}
    ben = Browser(app)
    come(ben)
    provider.person = {"sub": "2", "groups": ["heads"], **mail}
    again = Browser(app)
    come(again)
    assert again.load("/people").status_code == 200
    assert ben.load().location == "/login?next=/review"  # it was for another role


@pytest.mark.parametrize(
    "bend",
    [
        {"key": OTHER_KEY},
        {"issuer": "https://evil.example"},
        {"audience": "another app"},
        {"audience": "another app", "person": {"sub": "17", "azp": CLIENT_ID}},
        {"nonce": "of another sign-in"},
        {"nonce": ""},
        {"expires_in": -600},
        {"has_id_token": False},
    ],
    ids=lambda bend: "-".join(map(str, bend)),
)
def test_what_is_not_the_providers_or_not_for_us_is_refused_in_one_sentence(
    settings: Settings, engine: Engine, provider: Provider, bend: dict[str, Any]
) -> None:
    add_people(engine, ann=Role.ADMIN)
    app = with_provider(settings, provider, login_role=Role.REVIEWER)
    vars(provider).update(bend)
    browser = Browser(app)
    refused = come(browser)
    assert refused.status_code == 403
    assert told(refused).startswith(provider.url) and told(refused).count(". ") == 0
    assert browser.load().location == "/login?next=/review"
    assert roles(engine) == {"ann": "admin"}


def test_a_way_back_is_good_once_and_in_one_browser(
    settings: Settings, engine: Engine, provider: Provider
) -> None:
    """State: else a foreign page could sign a browser in as somebody else."""
    add_people(engine, ann=Role.ADMIN)
    app = with_provider(settings, provider, login_role=Role.REVIEWER)
    ben = Browser(app)
    back = leave(ben)
    assert Browser(app).client.get(back).status_code == 403
    other = leave(ben)
    state = parse_qs(urlsplit(other).query)["state"][0]
    code = parse_qs(urlsplit(back).query)["code"][0]
    # A code that was fetched for another verifier.
    mixed = f"/login/oidc/return?code={code}&state={state}"
    assert ben.client.get(mixed).status_code == 403
    assert ben.client.get(back).status_code == 303
    assert ben.client.get(back).status_code == 403
    refused = Browser(app).client.get("/login/oidc/return?error=access_denied")
    assert refused.status_code == 403
    assert Browser(app).client.get("/login/oidc/return").status_code == 403


def test_ways_back_that_fail_wait_longer_and_longer(
    settings: Settings, engine: Engine, provider: Provider
) -> None:
    """Each writes a line of the audit log. Ways out that lead nowhere do not fill the cookie."""
    add_people(engine, ann=Role.ADMIN)
    app = with_provider(settings, provider, login_role=Role.REVIEWER)
    ben = Browser(app)
    for _ in range(12):
        ben.client.get("/login/oidc")
    assert len(ben.client.get_cookie("heaters").value) < 3000
    assert come(ben).status_code == 303
    wrong = "/login/oidc/return?state=a&code=b"
    assert ben.client.get(wrong).status_code == 403
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE sign_in_delays SET failures = 30"))
    assert ben.client.get(wrong.replace("=a", "=c")).status_code == 403
    early = ben.client.get(wrong.replace("=a", "=d"))
    assert (early.status_code, int(early.headers["Retry-After"]) > 0) == (429, True)


def test_a_provider_that_does_not_answer_is_one_sentence(
    settings: Settings, provider: Provider
) -> None:
    silent = Provider(url="http://127.0.0.1:9")
    app = with_provider(settings, silent)
    answer = Browser(app).client.get("/login/oidc")
    assert (answer.status_code, "can't be used to sign in now" in told(answer)) == (502, True)
    without = create_app(settings)
    assert without.test_client().get("/login/oidc").status_code == 404
    assert "/login/oidc" not in Browser(without).load("/login").text


def test_secrets_do_not_show(settings: Settings, engine: Engine, provider: Provider) -> None:
    changed = Settings.model_validate({**settings.model_dump(), "oidc_client_secret": "hush"})
    assert "hush" not in repr(changed)
    with transaction(engine) as session:
        assert session.execute(sa.text("SELECT count(*) FROM people")).scalar_one() == 0
