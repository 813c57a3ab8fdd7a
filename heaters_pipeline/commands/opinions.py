"""`heaters opinions`: on which clips two people decide."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings


@click.group()
def opinions() -> None:
    """Set on which clips two people decide, each without knowing what the other said."""


_OF_SOURCE = click.option("--source", "source_key", metavar="KEY", help="Only of this video.")
_OF_LABEL = click.option("--label", help="Only of clips with this label, which goes first.")


@opinions.command("set")
@click.argument("percent", type=click.IntRange(0, 100))
@_OF_SOURCE
@_OF_LABEL
def set_rule(percent: int, source_key: str | None, label: str | None) -> None:
    """Have two people decide on so many clips in a hundred: of all, or of some."""
    from heaters_pipeline.db import opinions
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.scopes import scope

    wanted = scope(source_key, label)
    with database(settings()) as engine, transaction(engine) as session:
        opinions.put(session, wanted, percent)
    click.echo(f"{wanted}: {percent} %")


@opinions.command("unset")
@_OF_SOURCE
@_OF_LABEL
def unset_rule(source_key: str | None, label: str | None) -> None:
    """Drop a rule: the next one that fits counts."""
    from heaters_pipeline.db import opinions
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.scopes import scope

    wanted = scope(source_key, label)
    with database(settings()) as engine, transaction(engine) as session:
        opinions.drop(session, wanted)
    click.echo(f"{wanted}: no rule of its own")


@opinions.command("list")
def list_rules() -> None:
    """Show the rules, and how many clips wait for somebody."""
    from heaters_pipeline.db import opinions
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        rules, still_open = opinions.listed(session), opinions.still_open(session)
    for each, share in rules:
        click.echo(f"{each}: {share} %")
    click.echo(f"wait for a second opinion: {still_open.once}, for a third: {still_open.differ}")
