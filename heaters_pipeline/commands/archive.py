"""`heaters archive`: a source that nobody cuts from any more."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings


@click.command()
@click.argument("key")
@click.option("--away", is_flag=True, help="Delete source and gold master.")
@click.option("--restore", is_flag=True, help="Bring them back from the cold.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def archive(key: str, away: bool, restore: bool, yes: bool) -> None:
    """Move source and gold master of the video KEY to a cold storage class, or delete them. The
    proxy stays, and with it what was decided."""
    from heaters_pipeline.db import archiving
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain.archive import Archived, told
    from heaters_pipeline.work.archive import archive_source, goes_on, restore_source
    from heaters_pipeline.work.pipeline import open_pipeline

    if away and restore:
        raise click.UsageError("--away deletes, --restore brings back: give one of them.")
    chosen = settings()
    archived = Archived.AWAY if away else Archived.COLD
    with database(chosen) as engine:
        pipeline = open_pipeline(engine, chosen)
        if restore:
            click.echo(f"{restore_source(pipeline, key)} is back.")
            return
        if not goes_on(pipeline, key, archived):
            with transaction(engine) as session:
                stake = archiving.stake(session, key)
            click.echo("\n".join([stake.title, *(f"  {each}" for each in told(stake, archived))]))
            if not yes:
                click.confirm("Archive it?", abort=True)
        click.echo(f"{archive_source(pipeline, key, archived)} is archived.")
