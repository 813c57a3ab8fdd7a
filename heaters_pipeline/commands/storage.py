"""`heaters storage`: what lies in the storage."""

from __future__ import annotations

import json

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.storage_check import Finding, summary


@click.group()
def storage() -> None:
    """See to what lies in the storage."""


@storage.command()
@click.option("--fix", is_flag=True, help="Delete what nobody needs, have made again what is lost.")
@click.option("--deep", is_flag=True, help="Read every object, and compare its checksum.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def check(context: click.Context, fix: bool, deep: bool, as_json: bool) -> None:
    """Compare the storage with the database: objects without rows, rows without objects, sizes and
    checksums that differ, uploads that were broken off. A check that was interrupted goes on where
    it was. Ends with status 1 where something is lost that nothing makes again."""
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.storage_check import check_storage

    chosen = settings()
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        if as_json:
            found.append(finding)
        else:
            click.echo(finding.sentence)

    with database(chosen) as engine:
        checked = check_storage(open_pipeline(engine, chosen), tell, fix=fix, deep=deep)
    if as_json:
        result = {"findings": [each.as_json() for each in found], "tally": dict(+checked.tally)}
        click.echo(json.dumps(result | {"deleted": checked.deleted}, indent=2))
    else:
        click.echo(summary(checked.tally))
    if checked.alarms:
        context.exit(1)
