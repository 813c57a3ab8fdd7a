"""`heaters repeats`: what older videos show again."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings


@click.command()
@click.option(
    "--most", default=50, show_default=True, type=click.IntRange(1), help="So many videos at most."
)
def repeats(most: int) -> None:
    """Seek what videos show again of others, where nobody has looked yet, or by an older method.
    The sensor missing_repeats does so by itself."""
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.repeats import seek_missing

    chosen = settings()
    with database(chosen) as engine:
        done = seek_missing(open_pipeline(engine, chosen), most)
    for key in done.done:
        click.echo(key)
    for key, why in done.failed.items():
        click.echo(f"{key}: {why}", err=True)
    click.echo(f"{len(done.done)} videos were looked through.")
