"""`heaters timeline` and `heaters timecodes`."""

from __future__ import annotations

from pathlib import Path

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.wording import number_of


@click.command()
def timecodes() -> None:
    """Look for the timecode of the films in which nobody has looked: they are older than that. What
    needs it, as `timeline` does, looks by itself."""
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.timecodes import learn_timecodes

    known = settings()
    with database(known) as engine:
        click.echo(f"Looked at {number_of(learn_timecodes(open_pipeline(engine, known)), 'film')}.")


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("selection")
@click.option(
    "--media",
    type=click.Choice(["source", "exports"]),
    default="source",
    show_default=True,
    help="What the timeline plays: the films by their own timecode, or the exported files.",
)
@click.option("--handles", default=0, metavar="FRAMES", help="More of the film at either end.")
@click.option("--profile", help="Of the exported files; without it the main one.")
@click.option("--folder", default="", help="Where the exported files will lie.")
@click.option("--title", help="Of the timeline, in place of the file's name.")
def timeline(
    out: Path,
    selection: str,
    media: str,
    handles: int,
    profile: str | None,
    folder: str,
    title: str | None,
) -> None:
    """Write the clips of SELECTION, one after the other, as a timeline for an editor. The suffix of
    OUT says of which kind: .edl, .otio or .fcpxml. An EDL has one frame rate: films of several
    rates become several lists.

    SELECTION are ids of clips, as in 12,15, the address of a page of the library, or the name of a
    collection."""
    from heaters_pipeline.domain.handover import arguments_of
    from heaters_pipeline.domain.profiles import MAIN
    from heaters_pipeline.domain.timeline import Medium
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.timelines import write_timeline

    known = settings()
    with database(known) as engine:
        written = write_timeline(
            open_pipeline(engine, known),
            out,
            arguments_of(selection),
            medium=Medium(media),
            handles=handles,
            profile=profile or MAIN,
            folder=folder,
            title=title,
        )
    for path in written.paths:
        click.echo(path)
    if written.left_out:
        click.echo(written.left_out, err=True)
