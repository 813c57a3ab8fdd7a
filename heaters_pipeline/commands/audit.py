"""`heaters audit`: who did what, from where, and when."""

from __future__ import annotations

import csv
import sys

import click

from heaters_pipeline.commands.opening import database, settings

LATEST = 100


@click.command()
@click.option("--csv", "as_csv", is_flag=True, help="Everything, oldest first, as CSV.")
def audit(as_csv: bool) -> None:
    """Show who did what, from where, and when: the latest hundred lines of the audit log."""
    from heaters_pipeline.db import audit as log
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine:
        if as_csv:
            csv.writer(sys.stdout).writerows(log.table(engine))
            return
        with transaction(engine) as session:
            latest = log.latest(session, LATEST)
        for entry in reversed(latest):
            about = " · ".join(filter(None, (entry.target, entry.detail)))
            done = f"{entry.action}: {about}" if about else entry.action
            when = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"
            click.echo(f"{when}  {entry.actor} ({entry.address})  {done}")
