"""The one form in which every benchmark reports, and the command line that they share."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click

from heaters_pipeline.domain.errors import HeatersError


@dataclass(frozen=True)
class Result:
    """One comparison; less is better."""

    name: str
    value: float
    """Ours, in `unit`."""
    unit: str
    peer: str
    peer_value: float

    @property
    def ratio(self) -> float | None:
        """1 where both are nothing; None where the peer alone is."""
        if self.peer_value == 0:
            return None if self.value else 1.0
        return self.value / self.peer_value

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": self.peer_value,
            "ratio": self.ratio,
        }


class Rate(Result):
    """One for which more is better, unlike the rest."""

    @property
    def ratio(self) -> float:
        return self.value / max(self.peer_value, 1e-3)


@dataclass(frozen=True)
class Report:
    name: str
    cores: int
    """That this process may use."""
    load: float
    """Runnable processes of the machine, averaged over the minute before the benchmark began."""
    results: tuple[Result, ...]

    def as_json(self) -> str:
        results = [result.as_dict() for result in self.results]
        return json.dumps(
            {"name": self.name, "cores": self.cores, "load": self.load, "results": results}
        )

    def as_table(self) -> str:
        head = ("result", "ours", "peer's", "unit", "ratio", "peer")
        rows = [
            (
                result.name,
                f"{result.value:.4g}",
                f"{result.peer_value:.4g}",
                result.unit,
                "-" if result.ratio is None else f"{result.ratio:.3f}",
                result.peer,
            )
            for result in self.results
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)
        ]
        return "\n".join([f"{self.name}: {self.cores} cores, load {self.load:.2f}", *lines])


def benchmark(name: str) -> Callable[[Callable[..., Iterable[Result]]], click.Command]:
    """Turns a function that measures into a command that prints its results. The function's
    docstring is the command's help; click's options and arguments may be added below this."""

    def command(measure: Callable[..., Iterable[Result]]) -> click.Command:
        @click.command(name)
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
        @functools.wraps(measure)
        def run(*, as_json: bool, **options: Any) -> None:
            cores, load = len(os.sched_getaffinity(0)), round(os.getloadavg()[0], 2)
            try:
                report = Report(name, cores, load, tuple(measure(**options)))
            except HeatersError as error:
                raise click.ClickException(str(error)) from error
            click.echo(report.as_json() if as_json else report.as_table())

        return run

    return command
