"""People who sign in to the review app, and programs with their tokens."""

from __future__ import annotations

import re
from functools import cache

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from heaters_pipeline.db import people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.work import people as work

PASSWORD = "correct horse battery"
TESTER = Who("a test", "command line")

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""In all tests, which sign in often: with as little work as argon2 can do."""


def add_people(engine: Engine, **roles: Role) -> None:
    """The first one must be an admin."""
    with transaction(engine) as session:
        for name, role in roles.items():
            people.add(session, name, role, _password_hash())


@cache
def _password_hash() -> str:
    return QUICK_HASHER.hash(PASSWORD)


def token(
    engine: Engine, name: str, role: Role | None = None, title: str = "a program"
) -> dict[str, str]:
    """The header of a program that acts for somebody."""
    with transaction(engine) as session:
        person = people.named(session, name)
        secret = work.add_token(session, TESTER, person, title, role, days=1)
    return {"Authorization": f"Bearer {secret}"}


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrf" content="([^"]+)"', page)
    assert found
    return found[1]


class Browser:
    """One browser: cookies, and what its page sends with each write."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.csrf = ""

    def load(self, path: str = "/review") -> TestResponse:
        """Follows no redirect."""
        answer = self.client.get(path)
        if answer.mimetype == "text/html" and answer.status_code < 300:
            self.csrf = csrf_token(answer.text)
        return answer

    def send(self, method: str, path: str, **fields: str) -> TestResponse:
        return self.client.open(
            path, method=method, data=fields or None, headers={"X-CSRFToken": self.csrf}
        )

    def post(self, path: str, body: dict[str, object]) -> TestResponse:
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.csrf})

    def sign_in(self, name: str, password: str = PASSWORD, onward: str = "") -> TestResponse:
        self.load("/login")
        path = f"/login?next={onward}" if onward else "/login"
        answer = self.send("POST", path, name=name, password=password)
        if answer.status_code == 303:
            assert self.load().status_code == 200
        return answer


def signed_in(app: Flask, name: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(name).status_code == 303
    return browser
