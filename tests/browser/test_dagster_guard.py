"""Dagster's web server: what a foreign page can make of it, in Chromium and with the headers that a
browser can be brought to send; that its own pages and programs go on working; and that it takes an
operator where there are people."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import dagster as dg
import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.platform.dagster_config import POOL_LIMITS
from heaters_pipeline.platform.dagster_instance import UPGRADE, DagsterFiles
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import people as work
from tests.browser.chromium import FOREIGN_NAME
from tests.browser.review_world import served
from tests.people import PASSWORD, TESTER, add_people, token

SITE = "127.0.0.9"
ZERO = 'mutation {setConcurrencyLimit(concurrencyKey: "transcode", limit: 0)}'
"""Nothing would be transcoded any more."""
AS_JSON = {"Content-Type": "application/json"}
TO_A_WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}


@pytest.fixture
def review_port() -> int:
    """A free one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def dagster_port(settings: Settings, dagster_home: DagsterFiles, review_port: int) -> Iterator[int]:
    """Where Dagster's web server answers, as `up` starts it, with pool limits set. No code server
    runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    module = "heaters_pipeline.platform"
    subprocess.run([sys.executable, "-m", f"{module}.dagster_instance", UPGRADE], check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", f"{module}.dagster_ui", str(dagster_home.workspace)],
        env={
            **os.environ,
            "HEATERS_DAGSTER_PORT": str(port),
            "HEATERS_REVIEW_PORT": str(review_port),
            "HEATERS_TRUSTED_HOSTS": SITE,
        },
        stderr=(dagster_home.home / "said").open("wb"),
    )
    try:
        end = time.monotonic() + 120
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None, (dagster_home.home / "said").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def send(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return answer, text


def limits() -> dict[str, int]:
    with dg.DagsterInstance.get() as instance:
        return {each.name: each.limit for each in instance.event_log_storage.get_pool_limits()}


def test_foreign_pages_are_refused_and_our_own_go_on(
    dagster_port: int,
    review_port: int,
    browser: Browser,
    dagster_home: DagsterFiles,
    app: Flask,
    engine: Engine,
) -> None:
    """In one go, as each start costs much."""
    assert_requests_of_foreign_pages_are_refused(dagster_port)
    assert_a_foreign_page_in_chromium_changes_nothing(dagster_port, browser)
    leave_in_the_middle(dagster_port)
    assert limits() == POOL_LIMITS
    said = (dagster_home.home / "said").read_text()
    assert "Traceback" not in said
    assert "\nforged" not in said and r"\nforged" in said

    assert_programs_and_dagsters_pages_are_answered(dagster_port)
    assert limits() == {**POOL_LIMITS, "transcode": 0}
    assert_dagsters_pages_work_in_chromium(dagster_port, browser)

    add_people(engine, ann=Role.ADMIN, olga=Role.OPERATOR, ben=Role.REVIEWER)
    assert_programs_need_a_token_of_an_operator(dagster_port, engine)
    with served(app, review_port) as address:
        assert_people_sign_in_for_dagster(dagster_port, address, browser, engine)


def assert_requests_of_foreign_pages_are_refused(port: int) -> None:
    here = f"127.0.0.1:{port}"
    asked = json.dumps({"query": ZERO})
    by_address = f"/graphql?{urlencode({'query': ZERO})}"

    def status(method: str, path: str, headers: dict[str, str], body: str = "") -> int:
        return send(port, method, path, headers, body)[0].status

    # Browsers that say nothing of where a request comes from.
    assert status("GET", by_address, {}) == 405
    assert status("GET", by_address, {"Accept": "text/html"}) == 405
    assert status("HEAD", by_address, {}) == 405
    assert status("POST", by_address, {"Content-Type": "text/plain"}) == 415
    assert status("POST", "/graphql", {"Content-Type": "text/plain"}, asked) == 415
    assert status("POST", by_address, {"Content-Type": "text/plain; x=application/json"}) == 415
    assert status("POST", "/graphql", {"Content-Type": "application/graphql"}, ZERO) == 415
    # Another site's page, one of another port of this machine, and one in a sandbox.
    for origin in ("https://evil.example", f"http://127.0.0.1:{port + 1}", "null", "http://["):
        assert status("POST", "/graphql", {**AS_JSON, "Origin": origin}, asked) == 403
        assert status("POST", "/report_asset_materialization/a", {"Origin": origin}) == 403
        assert status("GET", "/graphql", {**TO_A_WEBSOCKET, "Origin": origin}) == 403
    for site in ("cross-site", "same-site"):
        foreign = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
        assert status("POST", "/graphql", {**AS_JSON, **foreign}, asked) == 403
        assert status("GET", "/server_info", foreign) == 403
        framed = {**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        assert status("GET", "/", framed) == 403
        opened = {**framed, "Sec-Fetch-Dest": "document"}
        assert status("GET", by_address, opened) == 403
        assert status("POST", "/runs", opened) == 403
    assert status("OPTIONS", "/graphql", {"Origin": "https://evil.example"}) == 403
    # A name that somebody else has made lead here.
    for host in ("evil.example", f"evil.example:{port}", f"evil.example, {here}", ""):
        assert status("POST", "/graphql", {**AS_JSON, "Host": host}, asked) == 400
        assert status("GET", "/", {"Host": host}) == 400
    assert status("GET", "/%0aforged", {"Host": "evil.example"}) == 400


def leave_in_the_middle(port: int) -> None:
    """As a page that is closed while it asks."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/graphql", '{"query":', {**AS_JSON, "Content-Length": "1000"})
    time.sleep(0.5)  # the server waits for the rest
    connection.close()
    assert send(port, "GET", "/server_info")[0].status == 200


@contextmanager
def foreign_page(html: str) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{FOREIGN_NAME}:{server.server_port}/"
    server.shutdown()
    server.server_close()


def assert_a_foreign_page_in_chromium_changes_nothing(port: int, browser: Browser) -> None:
    dagster = f"http://127.0.0.1:{port}"
    address = f"{dagster}/graphql?{urlencode({'query': ZERO})}"
    attacks = f"""
        const address = {json.dumps(address)}, body = {json.dumps(json.dumps({"query": ZERO}))};
        const settled = (make) => new Promise((done) => make(done));
        const image = settled((done) => {{
            const made = new Image();
            made.onload = made.onerror = done;
            made.src = address;
        }});
        const post = (to, more) => fetch(to, {{method: "POST", body, ...more}}).catch(() => null);
        const socket = settled((done) => {{
            const made = new WebSocket("ws://127.0.0.1:{port}/graphql", "graphql-ws");
            made.onopen = () => done("open");
            made.onerror = () => done("refused");
        }});
        const framed = settled((done) => {{
            const made = document.createElement("iframe");
            made.onload = done;
            made.src = "{dagster}/";
            document.body.append(made);
        }});
        window.attacked = Promise.all([
            socket, image, framed,
            post(address, {{mode: "no-cors"}}),
            post("{dagster}/graphql", {{mode: "no-cors"}}),
            post("{dagster}/graphql", {{headers: {{"Content-Type": "application/json"}}}}),
        ]);
    """
    form = f'<form method=post enctype=text/plain action="{address}"><button>Win</button></form>'
    link = f'<a href="{dagster}/runs">Runs</a>'
    with foreign_page(f"<body>{form}{link}<script>{attacks}</script>") as url:
        page = browser.new_page()
        page.goto(url)
        assert page.evaluate("attacked.then((all) => all[0])") == "refused"
        assert "Dagster" not in page.frames[1].content()
        with page.expect_response(f"{dagster}/graphql*") as answer:
            page.get_by_role("button").click()
        assert answer.value.status == 403
        # A link that a person follows opens Dagster all the same.
        page.goto(url)
        page.get_by_role("link").click()
        expect(page.get_by_text("No runs found")).to_be_visible()
        page.close()


def assert_programs_and_dagsters_pages_are_answered(port: int) -> None:
    answer, _ = send(port, "GET", "/server_info")
    assert answer.status == 200
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", SITE):
        ours = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        asked = json.dumps({"query": "{version}"})
        answer, text = send(port, "POST", "/graphql", {**AS_JSON, **ours}, asked)
        assert (answer.status, "version" in json.loads(text)["data"]) == (200, True)
        assert send(port, "GET", "/graphql", {**TO_A_WEBSOCKET, **ours})[0].status == 101
    assert send(port, "GET", "/graphql", {"Accept": "text/html"})[0].status == 200
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert send(port, "GET", "/", typed)[0].status == 200
    answer, _ = send(port, "POST", "/graphql", AS_JSON, json.dumps({"query": ZERO}))
    assert answer.status == 200


def assert_dagsters_pages_work_in_chromium(port: int, browser: Browser) -> None:
    """Its scripts load, and what they ask is answered: the limit of a pool shows on the page."""
    page = browser.new_page()
    refused: list[str] = []
    page.on("response", lambda got: refused.append(got.url) if got.status in (400, 403) else None)
    sockets: list[str] = []
    page.on("websocket", lambda made: sockets.append(made.url))
    page.goto(f"http://localhost:{port}/deployment/concurrency")
    expect(page.get_by_text("transcode")).to_be_visible()
    assert refused == []
    assert all(each.startswith("ws://localhost") for each in sockets)
    page.close()


def assert_programs_need_a_token_of_an_operator(port: int, engine: Engine) -> None:
    asked = json.dumps({"query": "{version}"})
    here = f"127.0.0.1:{port}"
    ours = {"Host": here, "Origin": f"http://{here}", "Sec-Fetch-Site": "same-origin"}
    statuses = {
        name: send(port, "POST", "/graphql", AS_JSON | header, asked)[0].status
        for name, header in {
            "nobody": {},
            "a wrong token": {"Authorization": "Bearer heaters_wrong"},
            "ben": token(engine, "ben"),
            "olga": token(engine, "olga"),
            "olga as reviewer": token(engine, "olga", Role.REVIEWER, "less"),
        }.items()
    }
    assert statuses == {
        "nobody": 401,
        "a wrong token": 401,
        "ben": 403,
        "olga": 200,
        "olga as reviewer": 403,
    }
    assert send(port, "GET", "/graphql", TO_A_WEBSOCKET | ours)[0].status == 403
    assert send(port, "GET", "/server_info")[0].status == 200


def assert_people_sign_in_for_dagster(
    port: int, review: str, browser: Browser, engine: Engine
) -> None:
    """With the cookie of the review app, which browsers send to every port of a name."""
    context = browser.new_context()
    page = context.new_page()
    pools = f"http://127.0.0.1:{port}/deployment/concurrency"

    def sign_in(name: str) -> None:
        context.clear_cookies()
        page.goto(f"{review}/login")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Password").press("Enter")
        page.wait_for_url(f"{review}/review")

    page.goto(pools)
    assert page.url == f"{review}/login"
    sign_in("ben")
    answer = page.goto(pools)
    assert (answer.status, "Your role is reviewer" in page.content()) == (403, True)
    sign_in("olga")
    page.goto(pools)
    expect(page.get_by_text("transcode")).to_be_visible()
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in context.cookies())
    host = f"127.0.0.1:{port}"
    ours = {"Host": host, "Origin": f"http://{host}", "Cookie": cookies}
    assert send(port, "GET", "/graphql", TO_A_WEBSOCKET | ours)[0].status == 101
    with transaction(engine) as session:
        work.end_sessions(session, TESTER, people.named(session, "olga"))
    assert send(port, "GET", "/graphql", TO_A_WEBSOCKET | ours)[0].status == 403
    page.goto(pools)
    assert page.url == f"{review}/login"
    context.close()
