"""`heaters embeddings`: the models that clips have vectors of."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.errors import Conflict, NotFound


@click.group()
def embeddings() -> None:
    """Show the models that clips have vectors of, and remove one."""


@embeddings.command("list")
def list_models() -> None:
    """Show models and strategies, and of how many clips there are vectors."""
    from heaters_pipeline.db import embeddings
    from heaters_pipeline.db.engine import transaction

    present = settings()
    with database(present) as engine, transaction(engine) as session:
        found = embeddings.kinds(session)
        lacking = embeddings.number_lacking(
            session, present.embedding_model, present.embedding_strategy
        )
        why = embeddings.why_missing(session, present.embedding_model)
    now = (present.embedding_model, present.embedding_strategy)
    for kind in found:
        mark = ", in use" if (kind.model, kind.strategy) == now else ""
        click.echo(
            f"{kind.model}  {kind.strategy}, {kind.dimensions} numbers, {kind.clips} clips{mark}"
        )
    if lacking:
        reason = f": {why}" if why else ""
        click.echo(f"{lacking} clips lack a vector by {now[0]}, {now[1]}{reason}.")


@embeddings.command("remove")
@click.argument("model")
@click.option("--strategy", help="Only the vectors of this one.")
def remove_model(model: str, strategy: str | None) -> None:
    """Delete the vectors of MODEL. Refused for those that the settings ask for."""
    from heaters_pipeline.db import embeddings
    from heaters_pipeline.db.engine import transaction

    present = settings()
    with database(present) as engine:
        with transaction(engine) as session:
            found = [
                kind
                for kind in embeddings.kinds(session)
                if kind.model == model and strategy in (None, kind.strategy)
            ]
        if not found:
            raise NotFound(f"No clip has such a vector by {model}: see `heaters embeddings list`.")
        for kind in found:
            if (kind.model, kind.strategy) == (
                present.embedding_model,
                present.embedding_strategy,
            ):
                raise Conflict(
                    f"{model} is in use: set HEATERS_EMBEDDING_MODEL to another model first, or "
                    "name another --strategy."
                )
        for kind in found:
            embeddings.remove(engine, kind)
            click.echo(f"{kind.model}  {kind.strategy}: vectors of {kind.clips} clips deleted.")
