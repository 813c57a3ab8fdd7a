"""`heaters export`."""

from __future__ import annotations

import functools
import getpass

import click

from heaters_pipeline.commands.opening import database, progress_bar, settings


@click.command()
@click.argument("selection")
@click.option(
    "--to",
    required=True,
    metavar="FOLDER|FILE.zip|s3://BUCKET/PREFIX",
    help="Where the files go. Run it again to add what is new or has changed.",
)
@click.option("--profile", help="Of the clips' files; without it the main one.")
@click.option("--by", metavar="NAME", help="Who takes them; without it, you by your login name.")
def export(selection: str, to: str, profile: str | None, by: str | None) -> None:
    """Copy the files of SELECTION out of Heaters, with a manifest, and note who took them.

    SELECTION are ids of clips, as in 12,15, the address of a page of the library (or its end, as in
    label=night), or the name of a collection."""
    from heaters_pipeline.domain.handover import arguments_of
    from heaters_pipeline.domain.profiles import MAIN
    from heaters_pipeline.work.handover import hand_over
    from heaters_pipeline.work.pipeline import open_pipeline

    known = settings()
    with database(known) as engine, progress_bar() as bar:
        copied = hand_over(
            open_pipeline(engine, known),
            arguments_of(selection),
            to,
            actor=by or getpass.getuser(),
            profile=profile or MAIN,
            on_progress=functools.partial(bar, "export"),
        )
    click.echo(
        f"{copied.place}: {copied.new} new or changed, {copied.unchanged} there already"
        f" ({copied.handover.bytes / 1e6:.1f} MB in all)"
    )
    if copied.sentence:
        click.echo(copied.sentence)
