"""How soon the first clip of a long film can be reviewed, against the whole ingest of it; and what
that costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click
import sqlalchemy as sa
from sqlmodel import col

from benchmarks.costs import Cost, cost_of
from benchmarks.database import new_databases
from benchmarks.footage import default_film, make_repeated
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.steps import COMMAND, environment
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.media.products.transcode import GoldMaster

LOOK_SECONDS = 0.2
ONE_SEGMENT = 1e6
"""Minutes: no film is longer."""


class Ingest(NamedTuple):
    cost: Cost
    first: float
    """Seconds until a clip could be reviewed."""
    ready: float
    """Seconds until all could. What looks alike is sought after that, which takes long in a film
    that is one content over and over."""
    told: Mapping[str, int]


@benchmark("first_clip")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--minutes", default=60.0, show_default=True, help="Of the film.")
@click.option("--height", default=180, show_default=True, help="Of its frames.")
@click.option("--segment", default=3.0, show_default=True, help="Minutes of a segment.")
def main(file: Path | None, minutes: float, height: int, segment: float) -> Iterable[Result]:
    """Ingest a long film twice, once in segments and once in one piece.

    FILE, repeated, is the film; by default shots_a.mp4 of the real footage, or the demo film.
    """
    with work_folder() as folder, new_databases(folder) as new_database:
        content = (file or default_film(folder)).absolute()
        film = make_repeated(content, folder / "long.mp4", minutes, height)
        parts = _ingest(film, folder / "parts", new_database(), segment)
        whole = _ingest(film, folder / "whole", new_database(), ONE_SEGMENT)
    if parts.told["frames"] != whole.told["frames"] or parts.told["clips"] != whole.told["clips"]:
        raise HeatersError(f"The two ingests differ: {parts.told}, {whole.told}.")
    yield Result("first_clip", parts.first, "s", "all clips of the same ingest", parts.ready)
    yield Result("ready", parts.ready, "s", "in one segment", whole.ready)
    yield Result("cpu", parts.cost.cpu, "s", "in one segment", whole.cost.cpu)


def _ingest(film: Path, home: Path, database_url: str, segment: float) -> Ingest:
    settings = environment(home, database_url, GoldMaster.FFV1)
    settings = {**settings, "HEATERS_REVIEW_SEGMENT_MINUTES": str(segment)}
    engine = open_engine(database_url)
    signs = {
        "first": sa.exists().where(col(Clip.state) == ClipState.PENDING_REVIEW),
        "ready": sa.exists().where(col(SourceVideo.state) == SourceState.READY),
    }
    seen: dict[str, float] = {}
    with ThreadPoolExecutor(1) as pool:
        began = time.perf_counter()
        ingest = pool.submit(cost_of, [*COMMAND, "ingest", str(film)], settings)
        while not ingest.done():
            time.sleep(LOOK_SECONDS)
            with transaction(engine) as session:
                for name in signs.keys() - seen.keys():
                    if session.scalar(sa.select(signs[name])):
                        seen[name] = time.perf_counter() - began
        cost, said = ingest.result()
    engine.dispose()
    first, ready = (seen.get(name, cost.wall) for name in signs)
    return Ingest(cost, first, ready, json.loads(said))


if __name__ == "__main__":
    main()
