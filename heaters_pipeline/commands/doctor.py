"""`heaters doctor`: what this machine has, and whether a running Heaters works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.platform.signals import StopRequested, stop_on_signals

if TYPE_CHECKING:
    from heaters_pipeline.platform.doctor import Finding

SIGNS = {True: "✓", False: "✗", None: "·"}


@click.command()
@click.option(
    "--running",
    is_flag=True,
    help="Send a film of two seconds through a Heaters that runs, from upload to search, and take "
    "it away again.",
)
@click.option(
    "--server",
    envvar="HEATERS_SERVER",
    metavar="URL",
    help="With --running: its review app, if that is on another machine.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="With --running: how long a step may take.",
)
@click.pass_context
def doctor(context: click.Context, running: bool, server: str | None, patience: float) -> None:
    """Check that this machine has what Heaters needs, or that a Heaters that runs works."""
    if running:
        is_well = _check_running(server, patience)
    else:
        from heaters_pipeline.platform.doctor import examine

        findings = []
        for finding in examine(settings()):
            _show(finding)
            findings.append(finding.good)
        is_well = False not in findings
    context.exit(0 if is_well else 1)


def _check_running(server: str | None, patience: float) -> bool:
    from heaters_pipeline.files.home import private_files
    from heaters_pipeline.platform.running_check import check_running

    try:
        with private_files(), database(settings()) as engine, stop_on_signals():
            return check_running(engine, settings(), server, patience, _show)
    except StopRequested:
        raise HeatersError("stopped before the end; the film is taken away.") from None


def _show(finding: Finding) -> None:
    click.echo(f"{SIGNS[finding.good]} {finding.name:<12}{finding.text}")
