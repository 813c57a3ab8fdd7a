"""What a year of work costs, once its history has been forgotten.

A film's run is made once by Dagster itself and then copied in its tables, day by day. Of the
library nothing is forgotten: it holds the films, clips and decisions of that year.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack

import click
import sqlalchemy as sa

from benchmarks.dagster_history import FIRST, World, by_turns, open_world
from benchmarks.database import new_databases
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.orchestration.retention import forget_runs
from heaters_pipeline.orchestration.sensors import approved_clips

TURNS = 40
TURNS_OF_RUNS = 7
CLIPS = 10
"""Of a film, each with a decision."""
RUNS_OF_A_FILM = 2
FILMS_OF_A_PAGE = 50

LIBRARY = """
INSERT INTO source_videos (key, title, url, origin, state, frame_count, rate_num, rate_den,
    source_filepath, gold_master_filepath, proxy_filepath, proxy_id, keyframe_offsets, created_at,
    updated_at)
SELECT 'film-' || n, 'Film ' || n, 'https://films.example/' || n, 'web', 'ready', 100, 25, 1, 's',
    'g', 'p', 'proxy-' || n, decode(repeat('00', 2000), 'hex'), added_at, added_at
FROM generate_series(1, :films) AS n,
    LATERAL (SELECT now() - n * CAST(:apart AS interval) AS added_at) AS time;
INSERT INTO clips (source_video_id, state, made_by, cut_points, decided_at, updated_at)
SELECT id, 'review_skipped', 'replan', jsonb_build_object('start_frame', c * 10, 'end_frame',
    c * 10 + 10, 'start_time_seconds', c * 0.4, 'end_time_seconds', c * 0.4 + 0.4), created_at,
    created_at
FROM source_videos, generate_series(0, :clips - 1) AS c;
INSERT INTO review_events (source_video_id, actor, action, clip_ids, before, after, created_at)
SELECT source_video_id, 'ann', 'skip', ARRAY[id], '[]', '[]', decided_at FROM clips
"""


@benchmark("retention")
@click.option("--days", default=365, show_default=True, help="Of work.")
@click.option("--runs-a-day", default=5, show_default=True)
@click.option("--kept-days", default=60, show_default=True, help="As HEATERS_RUN_DAYS.")
def main(days: int, runs_a_day: int, kept_days: int) -> Iterable[Result]:
    """What a tick, the page of films, a run and the list of runs take after so long, against the
    second day, with one run and as many films as the page shows. Medians of wall time, by turns.
    And the rows of events that are left of all that there were."""
    with ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        new = stack.enter_context(new_databases(folder))
        old, young = (
            stack.enter_context(open_world(folder / name, new)) for name in ("old", "young")
        )
        old.add_runs(runs_a_day * days, RUNS_OF_A_FILM, days)
        add_films(old, runs_a_day * days // RUNS_OF_A_FILM, CLIPS, days)
        young.materialize(FIRST)
        add_films(young, FILMS_OF_A_PAGE, CLIPS, 1)
        before = _events(old)
        forget_runs(old.instance, kept_days)
        for world in (old, young):
            world.vacuum()
        yield Result("events left", _events(old), "rows", "all that there were", before)
        for name, act in ACTS.items():
            turns = TURNS_OF_RUNS if act is _run else TURNS
            ours, peer = by_turns(act, old, young, turns)
            yield Result(name, ours, "ms", "the second day", peer)


def add_films(world: World, films: int, clips: int, days: int) -> None:
    """Films with so many clips each, all skipped, over the last days."""
    with world.engine.begin() as connection:
        values = {"films": films, "clips": clips, "apart": f"{days / films} days"}
        for statement in LIBRARY.split(";\n"):
            connection.execute(sa.text(statement), values)


def _events(world: World) -> int:
    with world.events.index_connection() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM event_logs")).scalar_one())


def _run(world: World) -> None:
    world.materialize("film-new")


def _list_runs(world: World) -> None:
    assert world.instance.get_run_records(limit=25)


ACTS: dict[str, Callable[[World], None]] = {
    "tick": lambda world: world.tick(approved_clips),
    "films": lambda world: world.get("/sources"),
    "run": _run,
    "runs": _list_runs,
}


if __name__ == "__main__":
    main()
