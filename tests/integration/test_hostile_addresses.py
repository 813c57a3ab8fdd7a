"""What strangers may write into an address: no parameter leads out of its place, and no filter is
SQL or a part of the page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import Rule

from heaters_pipeline.domain.roles import Role
from heaters_pipeline.storage import LocalStorage
from review_app.api.document import operations
from tests.people import add_people, token
from tests.rows import ready_video

SQL = "'; DROP TABLE clips; --"
SCRIPT = '"><script>x()</script>'
SECRET = "the secret of a file that lies beside the storage"
OUTSIDE = (
    *("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "../../etc/passwd", "%2fetc%2fpasswd"),
    *("..%2fsecret.txt", "..%5c..%5csecret.txt", "%252e%252e%252fsecret.txt", "a%00.txt"),
    *(SQL, "%ff", "999999999999999999999999", "-1"),
)
SPECIAL = {"_asked": "jpg", "profile": "web", "file": "clips.edl", "key": "film-1"}
"""What parameters of addresses are; all others are 1."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REFUSED = {308, 400, 404, 405, 409, 410, 412, 415, 429}


class Noted(ImmutableMultiDict[str, str]):
    """Arguments of an address that remember who asks for them."""

    names: ClassVar[set[str]] = set()
    """That were asked for."""
    all_read: ClassVar[bool] = False

    def get(self, key: str, *rest: Any, **named: Any) -> Any:
        self.names.add(key)
        return super().get(key, *rest, **named)

    def __contains__(self, key: object) -> bool:
        self.names.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        Noted.all_read = True
        return super().__iter__()


class NotingRequest(Request):
    parameter_storage_class = Noted


@pytest.fixture
def client(app: Flask, engine: Engine, storage: LocalStorage) -> FlaskClient:
    """Of a program that may everything, on a film with clips."""
    (storage.root.parent / "secret.txt").write_text(SECRET)
    ready_video(engine, frame_count=100, cuts=[10, 50, 70])
    add_people(engine, ann=Role.ADMIN)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.request_class = NotingRequest
    client = app.test_client()
    bearer = token(engine, "ann")["Authorization"]
    client.environ_base["HTTP_AUTHORIZATION"] = bearer
    return client


def number_of_clips(engine: Engine) -> Any:
    with engine.begin() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM clips"))


def filled(rule: Rule, name: str, value: str) -> str:
    """The address with a value in place of that parameter; the others are 1."""
    before, _, behind = re.split(rf"<(\w+(?:\([^)]*\))?:)?{name}>", rule.rule)
    return re.sub("<[^>]*>", "1", f"{before}{value}{behind}")


def test_no_parameter_of_an_address_leads_out(
    app: Flask, client: FlaskClient, engine: Engine
) -> None:
    tried, wrong = 0, []
    for rule in app.url_map.iter_rules():
        headers = {"Tus-Resumable": "1.0.0"} if rule.endpoint.startswith("uploads.") else {}
        for name in rule.arguments:
            for value in OUTSIDE:
                for method in (rule.methods or set()) & {*METHODS}:
                    path = filled(rule, name, value)
                    with client.open(path, method=method, headers=headers) as answer:
                        shown = b"root:" in answer.data or SECRET.encode() in answer.data
                        moved = answer.status_code == 301 and "/library?" in answer.location
                        if not (answer.status_code in REFUSED or moved) or shown:
                            wrong.append((method, path, answer.status_code))
                    tried += 1
    assert wrong == [] and tried > 1000
    assert number_of_clips(engine) == 4


def test_no_filter_is_sql_or_a_part_of_the_page(
    app: Flask, client: FlaskClient, engine: Engine
) -> None:
    of_api = {
        rule.endpoint: argument_names(view)
        for rule, method, view in operations(app)
        if method == "get"
    }
    of_any = set().union(*of_api.values())
    filters: dict[str, set[str]] = defaultdict(set)
    wrong = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        values = {name: SPECIAL.get(name, 1) for name in rule.arguments}
        address = app.url_map.bind("localhost").build(rule.endpoint, values, "GET")
        Noted.names.clear()
        Noted.all_read = False
        client.get(address, query_string={"nobody-asks": "for this"}).close()
        asked = of_api.get(rule.endpoint) or Noted.names | (of_any if Noted.all_read else set())
        for name in asked:
            for value in (SQL + SCRIPT, "\0"):
                with client.get(address, query_string={name: value}) as answer:
                    is_page = answer.mimetype == "text/html"
                    if answer.status_code >= 500 or (is_page and b"<script>x()" in answer.data):
                        wrong.append((address, name, answer.status_code))
        filters[rule.endpoint] |= asked
    assert wrong == []
    assert {"words", "label", "order", "page"} <= filters["library.index"]
    assert {"find", "show"} <= filters["sources.index"]
    assert number_of_clips(engine) == 4


def argument_names(view: Any) -> set[str]:
    return {
        name
        for hint in view.arguments.values()
        for name in getattr(hint, "model_fields", None) or hint.__dataclass_fields__
    }
