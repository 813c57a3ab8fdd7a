"""`heaters story`: all that is known of one source video, in the order in which it happened."""

from __future__ import annotations

import json

import click

from heaters_pipeline.commands.opening import dagster_database, database, settings


@click.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def story(key: str, as_json: bool) -> None:
    """Tell what happened to the video KEY: runs, files, decisions, exports, handovers, and how it
    stands."""
    from heaters_pipeline.db import source_videos
    from heaters_pipeline.db import story as past
    from heaters_pipeline.db.engine import transaction

    chosen = settings()
    with database(chosen) as engine, dagster_database(chosen) as dagster:
        with transaction(engine) as session:
            moments = list(past.of_rows(session, source_videos.get(session, key)))
        moments += past.of_runs(dagster, key)
    for moment in sorted(moments, key=lambda moment: moment.at):
        if as_json:
            click.echo(json.dumps({"at": moment.at.isoformat(), "what": moment.what}))
        else:
            click.echo(f"{moment.at.astimezone():%Y-%m-%d %H:%M:%S}  {moment.what}")
