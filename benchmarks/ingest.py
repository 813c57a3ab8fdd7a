"""Ingest against a plain chain of commands, and against the least that ffmpeg alone needs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import av
import click
from tqdm import tqdm

from benchmarks.costs import Cost, cost_of
from benchmarks.database import new_databases
from benchmarks.footage import default_film, options, proxy_options
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from benchmarks.steps import COMMAND, environment
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.filters import proxy_size
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.media.products.transcode import GOLD_MASTER_VIDEO, GoldMaster


class Outcome(NamedTuple):
    costs: dict[str, Cost]
    """By the name of what was run."""
    frames: dict[str, int]
    """By the name of what has them."""


@dataclass(frozen=True)
class Turn:
    """What a run gets."""

    source: Path
    facts: VideoFacts
    folder: Path
    """Empty; gone after the run."""
    database_url: str
    """A database with the newest schema and no rows."""


Run = Callable[[Turn], Outcome]


@benchmark("ingest")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--repeat", default=3, show_default=True, type=click.IntRange(1), help="Runs of each."
)
@click.option(
    "--gold",
    default="both",
    show_default=True,
    type=click.Choice([*(each.value for each in GoldMaster), "both"]),
    help="Which kind of gold master is made.",
)
def main(file: Path | None, repeat: int, gold: str) -> Iterable[Result]:
    """Ingest FILE, from source to virtual clips, and do the same by hand.

    Medians of --repeat runs, which take turns. FILE is shots_a.mp4 of the real footage by default,
    or the demo film where there is none.
    """
    golds = list(GoldMaster) if gold == "both" else [GoldMaster(gold)]
    with work_folder() as folder, new_databases(folder) as new_database:
        source = (file or default_film(folder)).absolute()
        costs = _take_turns(source, folder, new_database, repeat, golds)
    cpu = {name: median(cost.cpu for cost in each) for name, each in costs.items()}
    wall = {name: median(cost.wall for cost in each) for name, each in costs.items()}
    if GoldMaster.FFV1 in golds:
        plain, bare = "plain chain", "one bare ffmpeg command, same encoders"
        yield Result("cpu", cpu["ours"], "s", plain, cpu["plain"])
        yield Result("wall", wall["ours"], "s", plain, wall["plain"])
        yield Result("floor", cpu["ours"], "s", bare, cpu["floor"])
        yield Result("verify", cpu["verify"], "s", "our ingest", cpu["ours"])
    if GoldMaster.COPY in golds:
        plain = "plain chain with a remux for FFV1"
        yield Result("copy_cpu", cpu["ours, copy"], "s", plain, cpu["plain, copy"])
        yield Result("copy_wall", wall["ours, copy"], "s", plain, wall["plain, copy"])


def _take_turns(
    source: Path,
    folder: Path,
    new_database: Callable[[], str],
    repeat: int,
    golds: Sequence[GoldMaster],
) -> dict[str, list[Cost]]:
    """Every run's cost by name."""
    facts = probe(source)
    runs: dict[str, Run] = {}
    if GoldMaster.FFV1 in golds:
        runs |= {"ours": ours, "plain": plain_chain, "floor": floor}
    if GoldMaster.COPY in golds:
        runs |= {"ours, copy": ours_with_copy, "plain, copy": plain_chain_with_copy}
    costs: dict[str, list[Cost]] = {}
    frames: dict[str, int] = {}
    for turn in tqdm(range(repeat * len(runs)), unit="run", disable=None):
        # Each goes first as often as the others.
        which = list(runs)[(turn + turn // len(runs)) % len(runs)]
        run = Turn(source, facts, folder / which, new_database())
        outcome = _in_folder(run, runs[which])
        frames |= outcome.frames
        _check_frames(source, frames)
        for name, cost in outcome.costs.items():
            costs.setdefault(name, []).append(cost)
    return costs


def ours(turn: Turn) -> Outcome:
    """Our ingest, and the check of the gold master that follows it."""
    settings = environment(turn.folder, turn.database_url, GoldMaster.FFV1)
    ingest, said = cost_of([*COMMAND, "ingest", str(turn.source)], settings)
    told = json.loads(said)
    verify, verdict = cost_of([*COMMAND, "verify", told["key"]], settings)
    if not json.loads(verdict)["passed"]:
        raise HeatersError(f"The gold master of {turn.source.name} differs from its source.")
    return Outcome({"ours": ingest, "verify": verify}, {"ours": told["frames"]})


def ours_with_copy(turn: Turn) -> Outcome:
    """Our ingest where the source itself is the gold master."""
    settings = environment(turn.folder, turn.database_url, GoldMaster.COPY)
    cost, said = cost_of([*COMMAND, "ingest", str(turn.source)], settings)
    return Outcome({"ours, copy": cost}, {"ours with copy": json.loads(said)["frames"]})


def plain_chain(turn: Turn) -> Outcome:
    """One command after the other, as one would type them: FFV1 with ffmpeg's defaults, a proxy
    with our settings, a scan of its packets, and PySceneDetect's adaptive detector on it."""
    gold = turn.folder / "gold.mkv"
    encode = _ffmpeg("-i", turn.source, "-c:v", "ffv1", "-c:a", "copy", gold)
    cost, proxy_frames = _chain(turn, encode)
    return Outcome(
        {"plain": cost},
        {"plain chain's FFV1": _frames(gold), "plain chain's proxy": proxy_frames},
    )


def plain_chain_with_copy(turn: Turn) -> Outcome:
    """The same with the source's own streams in a new container. Its packets are not counted: it
    has those, too, that the source's edit list hides."""
    remux = _ffmpeg(
        "-i", turn.source, "-map", "0:V:0", "-map", "0:a?", "-c", "copy", turn.folder / "gold.mkv"
    )
    cost, proxy_frames = _chain(turn, remux)
    return Outcome({"plain, copy": cost}, {"proxy beside the remux": proxy_frames})


def _chain(turn: Turn, make_gold: list[str]) -> tuple[Cost, int]:
    """The cost of all commands, and the number of the proxy's frames."""
    proxy = turn.folder / "proxy.mp4"
    width, height = proxy_size(turn.facts)
    commands = [
        make_gold,
        _ffmpeg(
            *("-i", turn.source, "-an", "-vf", f"scale={width}:{height},setsar=1"),
            *proxy_options(),
            proxy,
        ),
        _packet_scan(proxy),
        [
            *(sys.executable, "-m", "scenedetect", "--quiet"),
            *("--input", str(proxy), "--output", str(turn.folder)),
            *("detect-adaptive", "list-scenes"),
        ],
    ]
    total = Cost(0, 0)
    for command in commands:
        total = total.plus(cost_of(command)[0])
    return total, _frames(proxy)


def floor(turn: Turn) -> Outcome:
    """One decode, our two encoders, nothing else."""
    gold, proxy = turn.folder / "gold.mkv", turn.folder / "proxy.mp4"
    width, height = proxy_size(turn.facts)
    if turn.facts.orientation.swaps_sides:
        width, height = height, width
    passed = ["-fps_mode", "passthrough"]
    command = [
        *_ffmpeg("-noautorotate", "-i", turn.source),
        *("-map", "0:V:0", *passed, *options(GOLD_MASTER_VIDEO), str(gold)),
        *("-map", "0:V:0", *passed, "-vf", f"scale={width}:{height}:flags=bicubic"),
        *(*proxy_options(), str(proxy)),
    ]
    cost, _ = cost_of(command)
    return Outcome({"floor": cost}, {"bare FFV1": _frames(gold), "bare proxy": _frames(proxy)})


def _ffmpeg(*arguments: str | Path) -> list[str]:
    return [ffmpeg_binary(), "-nostdin", "-loglevel", "error", *map(str, arguments)]


def _packet_scan(video: Path) -> list[str]:
    ffprobe = shutil.which("ffprobe")
    if ffprobe:
        return [ffprobe, "-loglevel", "error", "-select_streams", "v", "-show_packets", str(video)]
    return [*COMMAND, "scan-packets", str(video)]


def _in_folder(turn: Turn, run: Run) -> Outcome:
    """A new folder for each run, gone after it: nothing is overwritten while it is measured."""
    turn.folder.mkdir()
    try:
        return run(turn)
    finally:
        shutil.rmtree(turn.folder)


def _check_frames(source: Path, frames: dict[str, int]) -> None:
    """Raises HeatersError unless everybody has written the same number of frames."""
    if len(set(frames.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in frames.items())
        raise HeatersError(f"Not the same work: of {source.name}'s frames, {said}.")


def _frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(packet.size > 0 for packet in container.demux(video=0))


if __name__ == "__main__":
    main()
