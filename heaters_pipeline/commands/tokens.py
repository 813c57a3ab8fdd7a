"""`heaters tokens`: by which programs act for people."""

from __future__ import annotations

from datetime import datetime

import click

from heaters_pipeline.commands.opening import database, settings, whoever_types
from heaters_pipeline.commands.users import role_choice
from heaters_pipeline.domain.roles import Role


@click.group()
def tokens() -> None:
    """Tokens, by which programs act for people: Authorization: Bearer TOKEN."""


@tokens.command("add")
@click.argument("person")
@click.argument("name")
@click.option("--role", type=role_choice, help="What it may do at most; else what PERSON may.")
@click.option(
    "--days",
    type=click.FloatRange(min=0, max=3650, min_open=True),
    default=90,
    show_default=True,
    help="Until it expires.",
)
def add_token(person: str, name: str, role: str | None, days: float) -> None:
    """Make a token for PERSON under a NAME. It is shown once."""
    from heaters_pipeline.db import people
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine, transaction(engine) as session:
        found = people.named(session, person)
        secret = work.add_token(
            session, whoever_types(), found, name, Role(role) if role else None, days
        )
    click.echo(secret)


@tokens.command("list")
def list_tokens() -> None:
    """Everybody's tokens, with their role, when they were used last, and when they expire."""
    from heaters_pipeline.db import tokens as stored
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        for person, token in stored.listed(session):
            used = (
                f"used {token.seen_at.astimezone():%Y-%m-%d %H:%M}"
                if token.seen_at
                else "never used"
            )
            click.echo(
                f"{person.name:<20} {token.name:<20} {token.role:<9} {used}, "
                f"expires {_minute(token.expires_at)}"
            )


@tokens.command("revoke")
@click.argument("person")
@click.argument("name")
def revoke_token(person: str, name: str) -> None:
    """Accept a token no more, from now on."""
    from heaters_pipeline.db import people
    from heaters_pipeline.db import tokens as stored
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work import people as work

    with database(settings()) as engine, transaction(engine) as session:
        token = stored.named(session, people.named(session, person), name)
        work.revoke_token(session, whoever_types(), token.id)


def _minute(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}"
