"""`heaters themes`: what there is in the library, by likeness."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings


@click.command()
@click.option("--anew", is_flag=True, help="Make them now, however little has changed.")
def themes(anew: bool) -> None:
    """The themes of the library: clips that are like one another."""
    from heaters_pipeline.db import themes as stored
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.themes import place_new, survey

    chosen = settings()
    with database(chosen) as engine:
        if anew:
            pipeline = open_pipeline(engine, chosen)
            survey(pipeline, anew=True)
            place_new(pipeline)
        with transaction(engine) as session:
            found = stored.listed(session)
            standing = stored.standing(session, chosen.embedding_model)
    for each in found:
        indent = "" if each.parent_id is None else "  "
        click.echo(f"{each.id:>6}  {each.clips:>7}  {indent}{each.name}")
    if not found:
        click.echo(standing.why_none(chosen.embedding_model))
