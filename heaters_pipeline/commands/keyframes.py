"""`heaters keyframes`: the rules that say which frames become the keyframes of clips."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings


@click.group()
def keyframes() -> None:
    """Set which frames become the keyframes of clips."""


_OF_SOURCE = click.option("--source", "source_key", metavar="KEY", help="Only of this video.")
_OF_LABEL = click.option("--label", help="Only of clips with this label, which goes first.")


@keyframes.command("set")
@click.argument("strategy", type=click.Choice(["percentages", "midpoint", "sharpest", "chosen"]))
@click.option("--percentages", default="25,50,75", show_default=True, help="Shares of the clip.")
@click.option("--webp", is_flag=True, help="WebP instead of JPEG.")
@_OF_SOURCE
@_OF_LABEL
def set_rule(
    strategy: str, percentages: str, webp: bool, source_key: str | None, label: str | None
) -> None:
    """Set the rule for all clips, or for some. Keyframes that it changes are taken anew, once."""
    from heaters_pipeline.db import keyframe_rules
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.scopes import scope
    from heaters_pipeline.domain.stills import KeyframeRule

    wanted = scope(source_key, label)
    rule = KeyframeRule.parse(strategy, percentages, "webp" if webp else "jpeg")
    with database(settings()) as engine, transaction(engine) as session:
        keyframe_rules.put(session, wanted, rule)
    click.echo(f"{wanted}: {rule}")


@keyframes.command("unset")
@_OF_SOURCE
@_OF_LABEL
def unset_rule(source_key: str | None, label: str | None) -> None:
    """Drop a rule: the next one that fits counts."""
    from heaters_pipeline.db import keyframe_rules
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.scopes import scope

    wanted = scope(source_key, label)
    with database(settings()) as engine, transaction(engine) as session:
        keyframe_rules.remove(session, wanted)
    click.echo(f"{wanted}: no rule of its own")


@keyframes.command("list")
def list_rules() -> None:
    """Show the rules."""
    from heaters_pipeline.db import keyframe_rules
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.db.scopes import Scope

    with database(settings()) as engine, transaction(engine) as session:
        of_all = keyframe_rules.load(session).of_all
        rules = keyframe_rules.listed(session)
    click.echo(f"all clips: {of_all}")
    for each, rule in rules:
        if each != Scope():
            click.echo(f"{each}: {rule}")
