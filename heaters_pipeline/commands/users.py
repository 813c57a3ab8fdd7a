"""`heaters users`: who may sign in, and what they may do."""

from __future__ import annotations

import sys
from collections import Counter

import click

from heaters_pipeline.commands.opening import database, settings, whoever_types
from heaters_pipeline.domain.people import INVITE_DAYS
from heaters_pipeline.domain.roles import Role

role_choice = click.Choice([role.value for role in Role])

_from_stdin = click.option(
    "--password-stdin",
    "from_stdin",
    is_flag=True,
    help="Read the password from standard input, not from the terminal.",
)


@click.group()
def users() -> None:
    """People who may sign in to the review app. With none, it asks nobody to, and is for this
    machine alone."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=role_choice, default=Role.REVIEWER.value, show_default=True)
@_from_stdin
def add_user(name: str, role: str, from_stdin: bool) -> None:
    """Add a person; NAME stands on their decisions. The first one must be an admin."""
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine:
        password = _password(from_stdin)
        with transaction(engine) as session:
            person = work.add(session, whoever_types(), name, Role(role), password)
    click.echo(f"{person.name}  {person.role}")


@users.command("invite")
@click.option("--role", type=role_choice, default=Role.REVIEWER.value, show_default=True)
@click.option(
    "--days",
    type=click.FloatRange(min=0, max=365, min_open=True),
    default=INVITE_DAYS,
    show_default=True,
    help="Until it expires.",
)
def invite_user(role: str, days: float) -> None:
    """Make a link by which somebody comes in, once, and chooses their name and password."""
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work.invites import invite

    chosen = settings()
    with database(chosen) as engine, transaction(engine) as session:
        secret = invite(session, whoever_types(), None, Role(role), days)
    click.echo(f"{chosen.public_address}/invites/{secret}")


@users.command("list")
def list_users() -> None:
    """Everybody, with their role, open sessions and tokens."""
    from heaters_pipeline.db import people, sessions, tokens
    from heaters_pipeline.db.engine import transaction

    chosen = settings()
    with database(chosen) as engine, transaction(engine) as session:
        open_sessions = Counter(
            each.person_id for each in sessions.listed(session, chosen.session_days)
        )
        held = Counter(person.id for person, _ in tokens.listed(session))
        for person in people.listed(session):
            click.echo(
                f"{person.name:<20} {person.role:<9} {open_sessions[person.id]} sessions, "
                f"{held[person.id]} tokens"
            )


@users.command("role")
@click.argument("name")
@click.argument("role", type=role_choice)
def set_role(name: str, role: str) -> None:
    """Give a person another role. They have to sign in again."""
    from heaters_pipeline.db import people
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine, transaction(engine) as session:
        work.set_role(session, whoever_types(), people.named(session, name), Role(role))


@users.command("password")
@click.argument("name")
@_from_stdin
def set_password(name: str, from_stdin: bool) -> None:
    """Give a person another password. They have to sign in again; their tokens stay."""
    from heaters_pipeline.db import people
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine:
        with transaction(engine) as session:
            people.named(session, name)
        password = _password(from_stdin)
        with transaction(engine) as session:
            work.set_password(session, whoever_types(), people.named(session, name), password)


@users.command("remove")
@click.argument("name")
def remove_user(name: str) -> None:
    """Let a person in no more. Their sessions and tokens end, their decisions stay."""
    from heaters_pipeline.db import people
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine, transaction(engine) as session:
        work.remove(session, whoever_types(), people.named(session, name))


def _password(from_stdin: bool) -> str:
    """Never an argument: those stand in the shell's history, and every user can list them."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
