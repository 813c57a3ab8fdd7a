"""`heaters partitions`: partitions of videos at rest, which Dagster does not list any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.commands.remote import remote
from heaters_pipeline.domain.wording import number_of

if TYPE_CHECKING:
    from heaters_pipeline.client import Client


@click.group()
def partitions() -> None:
    """Partitions of videos at rest, which Dagster does not list any more."""


@partitions.command("list")
def list_retired() -> None:
    """Name the videos whose partitions are retired."""
    from heaters_pipeline.db import retired_partitions
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        for key in retired_partitions.keys(session):
            click.echo(key)


@partitions.command()
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "of_all", is_flag=True, help="All that are retired.")
@remote
def restore(keys: tuple[str, ...], of_all: bool, client: Client | None) -> None:
    """Put the partitions of the videos KEY into Dagster's list again, as for a backfill. They are
    retired again once nothing has changed for as long as before."""
    if of_all == bool(keys):
        raise click.UsageError("Name videos by their keys, or give --all.")
    if client is not None:
        if of_all:
            raise click.UsageError("--all is for the Heaters of this machine.")
        for key in keys:
            client.post(f"sources/{key}/partition")
        click.echo(f"{number_of(len(keys), 'partition')} will be in Dagster's list in a moment.")
        return
    click.echo(f"{number_of(_restore(keys), 'partition')} brought back.")


def _restore(keys: tuple[str, ...]) -> int:
    from heaters_pipeline.db import retired_partitions
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.orchestration.partitions import bring_back
    from heaters_pipeline.platform.dagster_instance import open_instance

    chosen = settings()
    with database(chosen) as engine:
        with transaction(engine) as session:
            for key in keys:
                retired_partitions.want(session, key)
            found = list(keys) or retired_partitions.keys(session)
        with open_instance(chosen) as instance:
            bring_back(instance, engine, found)
    return len(found)
