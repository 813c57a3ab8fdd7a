"""The memory of a long video's ingest against that of a short one's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.database import new_databases
from benchmarks.footage import default_film, make_film, make_longer
from benchmarks.footprint import Footprint, footprint_of
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.steps import COMMAND, environment
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.products.transcode import GoldMaster

MEGABYTE = 1_000_000


@benchmark("memory")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--minutes", default=2.0, show_default=True, help="Length of the short video.")
@click.option(
    "--times",
    default=10,
    show_default=True,
    type=click.IntRange(2),
    help="How often it is repeated in the long one.",
)
def main(file: Path | None, minutes: float, times: int) -> Iterator[Result]:
    """Ingest a long video and a short one of the same content, and compare the most memory that
    Python and ffmpeg together held at any moment.

    Both repeat FILE, at 640 x 360: shots_a.mp4 of the real footage by default, or the demo film
    where there is none. Below the result the same by program and by step; the gold master's check,
    last, is no part of the ingest.
    """
    with work_folder() as folder, new_databases(folder) as new_database:
        film = make_film(file or default_film(folder), folder / "short.mp4", minutes)
        short, short_check, frames = _ingest(film, folder / "short", new_database())
        long_film = make_longer(film, folder / "long.mp4", times)
        long, long_check, long_frames = _ingest(long_film, folder / "long", new_database())
    if long_frames != times * frames:
        raise HeatersError(f"Not {times} times the work: {long_frames} frames against {frames}.")
    length = f"a video of {minutes:g} minutes"
    yield _result("peak_rss", long.peak, short.peak, f"{length}; ours at: {long.peak_step}")
    for name, held in long.by_program.items():
        yield _result(f"{name} alone", held, short.by_program[name], length)
    for step, held in (long.by_step | long_check.by_step).items():
        peer = (short.by_step | short_check.by_step).get(step)
        if peer:
            yield _result(step, held, peer, length)


def _ingest(film: Path, home: Path, database_url: str) -> tuple[Footprint, Footprint, int]:
    """Of the ingest and of its gold master's check; the number of frames."""
    home.mkdir()
    settings = environment(home, database_url, GoldMaster.FFV1)
    made, said = footprint_of([*COMMAND, "ingest", str(film)], settings)
    told = json.loads(said)
    checked, verdict = footprint_of([*COMMAND, "verify", told["key"]], settings)
    if not json.loads(verdict)["passed"]:
        raise HeatersError(f"The gold master of {film.name} differs from its source.")
    return made, checked, told["frames"]


def _result(name: str, held: int, peer_held: int, peer: str) -> Result:
    return Result(name, held / MEGABYTE, "MB", peer, peer_held / MEGABYTE)


if __name__ == "__main__":
    main()
