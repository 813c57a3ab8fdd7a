"""`heaters dataset`."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from heaters_pipeline.commands.opening import database, progress_bar, settings
from heaters_pipeline.domain.wording import number_of


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("selection")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["webdataset", "huggingface", "parquet", "fiftyone"]),
    required=True,
)
@click.option("--profile", help="Of the clips' files; without it the main one.")
@click.option(
    "--splits",
    default="train=80,validation=10,test=10",
    show_default=True,
    help="The shares that are wanted.",
)
@click.option(
    "--split-by",
    type=click.Choice(["film", "likeness"]),
    default="film",
    show_default=True,
    help="What no split may divide: films and clips that look alike, or the latter alone.",
)
@click.option(
    "--near",
    type=click.FloatRange(0, 2),
    help="Greatest cosine distance of previews that count as alike.",
)
@click.option("--seed", default=0, help="Another number gives other splits.")
@click.option(
    "--shard-mb",
    default=1000,
    type=click.IntRange(min=1),
    show_default=True,
    help="Most media in one shard.",
)
@click.option("--title", help="On the card; without it the folder's name.")
def dataset(
    out: Path,
    selection: str,
    kind: str,
    profile: str | None,
    splits: str,
    split_by: str,
    near: float | None,
    seed: int,
    shard_mb: int,
    title: str | None,
) -> None:
    """Write the clips of SELECTION as a dataset into the new folder OUT: ids of clips as in 12,15,
    the address of a page of the library, or the name of a collection."""
    from heaters_pipeline.domain.alike import BORDER
    from heaters_pipeline.domain.handover import arguments_of
    from heaters_pipeline.domain.profiles import MAIN
    from heaters_pipeline.domain.splits import parse_shares
    from heaters_pipeline.work.datasets import Recipe, make_dataset
    from heaters_pipeline.work.pipeline import open_pipeline

    recipe = Recipe(
        kind=kind,
        profile=profile or MAIN,
        shares=parse_shares(splits),
        by_film=split_by == "film",
        nearer_than=BORDER if near is None else near,
        seed=seed,
        shard_bytes=shard_mb * 10**6,
        title=title,
    )
    known = settings()
    with database(known) as engine, progress_bar() as bar:
        made = make_dataset(
            open_pipeline(engine, known),
            out,
            arguments_of(selection),
            recipe,
            functools.partial(bar, "dataset"),
        )
    for name, clips in made.counts.clips.items():
        films = number_of(len(made.counts.films[name]), "film")
        click.echo(f"{name:<10} {number_of(clips, 'clip'):>13} of {films}")
    if made.handover.sentence:
        click.echo(made.handover.sentence)
