"""`heaters webhook`: addresses that are told what happens."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.errors import InputError


@click.group()
def webhook() -> None:
    """Tell addresses what happens: exported, ready, failed."""


@webhook.command("add")
@click.argument("url")
@click.option("--secret", help="Your own; else one is made.")
def add_webhook(url: str, secret: str | None) -> None:
    """Tell URL from now on. The secret, by which it knows the sender, is shown once."""
    from heaters_pipeline.db import webhooks
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work.webhooks import new_secret

    with database(settings()) as engine, transaction(engine) as session:
        made = webhooks.add(session, url, secret or new_secret())
    click.echo(f"{made.url}\n  secret {made.secret}")


@webhook.command("remove")
@click.argument("url")
def remove_webhook(url: str) -> None:
    """Tell URL nothing any more."""
    from heaters_pipeline.db import webhooks
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        webhooks.remove(session, url)


@webhook.command("list")
def list_webhooks() -> None:
    """Show the addresses, and how many deliveries are in each state."""
    from heaters_pipeline.db import webhooks
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.models import DeliveryState

    with database(settings()) as engine, transaction(engine) as session:
        counts = webhooks.counts(session)
        for each in webhooks.listed(session):
            told = ", ".join(
                f"{counts.get((each.id, state), 0)} {state.replace('_', ' ')}"
                for state in DeliveryState
            )
            click.echo(f"{each.url}  {told}")


@webhook.command("test")
@click.argument("url", required=False)
def test_webhook(url: str | None) -> None:
    """Send a test to URL, or to every address, here and now."""
    from heaters_pipeline.db import webhooks
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work.webhooks import send_test

    with database(settings()) as engine, transaction(engine) as session:
        found = [webhooks.get(session, url)] if url else list(webhooks.listed(session))
        told = [(each.url, each.secret) for each in found]
    if not told:
        raise InputError("There is no webhook: `heaters webhook add URL`.")
    for address, secret in told:
        send_test(address, secret)
        click.echo(f"{address} took the test.")
