"""People, tokens and the audit log on the command line."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from heaters_pipeline.cli import main
from heaters_pipeline.db import people, tokens
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import people as work
from heaters_pipeline.work.people import digest
from tests.people import PASSWORD, TESTER, add_people


def heaters(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=typed)


def add(name: str, role: str) -> Result:
    return heaters("users", "add", name, "--role", role, "--password-stdin", typed=PASSWORD)


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    return result.stderr


def test_people_from_the_first_admin_to_nobody(settings: Settings, engine: Engine) -> None:
    assert "first person is an admin" in refusal(add("ann", "reviewer"))
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    first = heaters("users", "add", "Ann Lee", "--role", "admin", typed=typed)
    assert first.exit_code == 0, first.output
    assert PASSWORD not in first.output
    with transaction(engine) as session:
        assert people.named(session, "ann lee").password_hash.startswith("$argon2id$")
    assert "already" in refusal(add("ann lee", "reviewer"))
    assert add("ben", "reviewer").exit_code == 0
    short = heaters("users", "add", "cem", "--password-stdin", typed="short")
    assert "12 to 1000 characters" in refusal(short)
    assert "There is no person dan" in refusal(heaters("users", "role", "dan", "admin"))

    for command in (("role", "Ann Lee", "operator"), ("remove", "Ann Lee")):
        assert "last admin" in refusal(heaters("users", *command))
    assert heaters("users", "role", "ben", "admin").exit_code == 0
    assert heaters("users", "remove", "ann lee").exit_code == 0
    assert heaters("users", "list").stdout.split() == [
        "ben",
        "admin",
        *["0", "sessions,", "0", "tokens"],
    ]
    assert heaters("users", "remove", "ben").exit_code == 0  # the last of all may go
    assert heaters("users", "list").stdout == ""


def test_a_password_is_never_an_argument(settings: Settings) -> None:
    assert heaters("users", "add", "ann", "--role", "admin", "--password", PASSWORD).exit_code == 2
    assert add("ann", "admin").exit_code == 0
    changed = heaters("users", "password", "ann", typed="another long one\nanother long one\n")
    assert changed.exit_code == 0
    assert "another" not in changed.output


def test_tokens_are_shown_once_and_never_kept(settings: Settings, engine: Engine) -> None:
    add("ann", "admin"), add("ben", "operator")
    secret = heaters("tokens", "add", "ben", "nightly", "--role", "reviewer").stdout.strip()
    assert secret.startswith("heaters_")
    assert "already" in refusal(heaters("tokens", "add", "ben", "nightly"))
    too_much = heaters("tokens", "add", "ben", "more", "--role", "admin")
    assert "ben is operator" in refusal(too_much)
    listed = heaters("tokens", "list").stdout
    assert "nightly" in listed and "never used" in listed and secret not in listed
    with transaction(engine) as session:
        stored = session.execute(sa.text("SELECT tokens::text FROM tokens")).scalar_one()
        assert secret not in stored
        assert tokens.use(session, digest(secret)) is not None
    assert "never used" not in heaters("tokens", "list").stdout
    assert heaters("tokens", "revoke", "ben", "nightly").exit_code == 0
    assert "has no token" in refusal(heaters("tokens", "revoke", "ben", "nightly"))
    with transaction(engine) as session:
        assert tokens.use(session, digest(secret)) is None


def test_an_expired_token_is_none(settings: Settings, engine: Engine) -> None:
    add("ann", "admin")
    secret = heaters("tokens", "add", "ann", "old", "--days", "1").stdout.strip()
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE tokens SET expires_at = now()"))
    with transaction(engine) as session:
        assert tokens.use(session, digest(secret)) is None


def test_the_audit_log_tells_who_did_what_and_only_grows(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "=root()")
    add("ann", "admin")
    heaters("tokens", "add", "ann", "nightly", "--role", "reviewer")
    assert "command line)  add token: ann · nightly, reviewer" in heaters("audit").stdout
    rows = list(csv.DictReader(StringIO(heaters("audit", "--csv").stdout)))
    assert [(row["actor"], row["action"], row["target"]) for row in rows] == [
        ("'=root()", "add person", "ann"),
        ("'=root()", "add token", "ann"),
    ]
    for change in (
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ):
        with pytest.raises(DBAPIError, match="append-only"), transaction(engine) as session:
            session.execute(sa.text(change.format("audit_log")))


def test_of_two_admins_who_demote_each_other_one_stays(settings: Settings, engine: Engine) -> None:
    add_people(engine, ann=Role.ADMIN, ben=Role.ADMIN)

    def demote(name: str) -> None:
        with transaction(engine) as session:
            work.set_role(session, TESTER, people.named(session, name), Role.REVIEWER)

    with ThreadPoolExecutor() as other:
        with transaction(engine) as session:
            work.set_role(session, TESTER, people.named(session, "ann"), Role.REVIEWER)
            second = other.submit(demote, "ben")
            while not second.done() and not waits_for_a_lock(engine):
                pass
        with pytest.raises(Conflict, match="ben is the last admin"):
            second.result()


def waits_for_a_lock(engine: Engine) -> bool:
    with transaction(engine) as session:
        return session.execute(
            sa.text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        ).scalar_one()
