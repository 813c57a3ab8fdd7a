"""Cut detection against PySceneDetect and TransNetV2, on films whose transitions are known.

Ours reads stored thumbnails, and so does TransNetV2, alone, at its own threshold and at the one
that is best for the films at hand. PySceneDetect runs as its users run it: `scenedetect.detect` of
its library, on the review proxy at full size, with its defaults (which scale large frames down) and
with the settings that its own benchmark found best.

What is drawn here is held out: constants and weights of ours come from the seeds that
benchmarks.train_blends names, from the first half of shots_a.mp4 and from looking at the other real
footage. A seed that was reported once and looked into afterwards is no longer held out: it moves to
the tuning seeds, as 1000 to 1003 did, and HELD_OUT_SEEDS begins elsewhere.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import click
from tqdm import tqdm

from benchmarks.finders import (
    FUSED,
    OURS,
    PYSCENEDETECT,
    TRANSITION,
    library_detectors,
    of_network,
    open_network,
    open_ours,
    ours,
    theirs,
)
from benchmarks.footage import REAL_FILM, default_film
from benchmarks.report import Rate, Result, benchmark
from benchmarks.scoring import FilmTruth, Found, Tally
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.transcode import Product, Transcoded, transcode
from heaters_pipeline.settings import get_settings

HELD_OUT_SEEDS = range(2000, 2100)
"""Of drawn films that nothing was tuned on, nor their errors looked at."""


class Searched(NamedTuple):
    """A film, and what each detector found in it."""

    name: str
    truth: FilmTruth
    rate: Fraction
    found: dict[str, Found]
    by_threshold: dict[float, Found]
    """TransNetV2's; empty where it is not installed."""


@benchmark("cuts")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--films", default=6, show_default=True, type=click.IntRange(0), help="Drawn films beside."
)
@click.option(
    "--edited", default=0, show_default=True, type=click.IntRange(0), help="More, as edited ones."
)
@click.option("--shots", default=24, show_default=True, type=click.IntRange(2), help="Of each.")
def main(files: tuple[Path, ...], films: int, edited: int, shots: int) -> Iterable[Result]:
    """Find the cuts of FILES: a film, its truth file, and so on; and of drawn films, which nothing
    was tuned on.

    FILES are shots_a.mp4 of the real footage and its truth by default, where they are. Half of
    that film was used for tuning.
    """
    if len(files) % 2:
        raise HeatersError("Each film needs its truth file: name them in pairs, FILM TRUTH.")
    with work_folder() as folder:
        given = list(zip(files[::2], files[1::2], strict=True)) or real_pair(folder)
        if len({film.stem for film, _ in given}) < len(given):
            raise HeatersError("Two films have one name: rename one of them.")
        drawn = list(drawn_pairs(films, edited, shots, folder))
        if not given and not drawn:
            raise HeatersError("There is no film to measure: name one, or give --films.")
        results: list[Result] = []
        first: Searched | None = None
        for pool, pairs in (("all", given), ("drawn", drawn)):
            told = tqdm(pairs, unit="film", disable=None)
            searched = [search(film, truth, folder) for film, truth in told]
            results += compare(pool, searched)
            first = first or next(iter(searched), None)
        assert first
        results += costs((given or drawn)[0][0], first.found, folder)
    return results


def real_pair(folder: Path) -> list[tuple[Path, Path]]:
    film = default_film(folder)
    truth = film.with_suffix(".json")
    return [(film, truth)] if film.name == REAL_FILM and truth.is_file() else []


def drawn_pairs(films: int, edited: int, shots: int, folder: Path) -> Iterator[tuple[Path, Path]]:
    from tests.films import draw_edited_film, draw_film

    todo = [(draw_film, seed) for seed in HELD_OUT_SEEDS[:films]]
    todo += [(draw_edited_film, seed) for seed in HELD_OUT_SEEDS[:edited]]
    for draw, seed in tqdm(todo, unit="film drawn", disable=None):
        yield draw(seed, shots).write(folder)


def search(film: Path, truth: Path, folder: Path) -> Searched:
    made = prepare(film, folder / f"{film.stem}.made")
    assert made.review_proxy and made.thumbnails
    rate = probe(film).rate
    found = {name: ours(detector, made.thumbnails, rate) for name, detector in open_ours().items()}
    for name, make in library_detectors().items():
        found[name] = theirs(made.review_proxy, make())
    network = open_network()
    by_threshold = of_network(network, made.thumbnails) if network else {}
    return Searched(film.stem, FilmTruth.read(truth), rate, found, by_threshold)


def prepare(film: Path, folder: Path) -> Transcoded:
    folder.mkdir(exist_ok=True)
    wanted = frozenset({Product.REVIEW_PROXY, Product.FRAME_SCORES})
    stall_seconds = get_settings().stall_seconds
    return transcode(film, probe(film), folder, wanted, stall_seconds=stall_seconds)


def compare(pool: str, searched: Sequence[Searched]) -> Iterator[Result]:
    """Film by film and, where there are several, of all together under the name of the pool."""
    best = best_threshold(searched)
    tallies: dict[str, dict[str, Tally]] = {}
    for film in searched:
        found = dict(film.found)
        if best is not None:
            found |= {"transnet": film.by_threshold[0.5], "transnet-best": film.by_threshold[best]}
        tallies[film.name] = {
            name: Tally.of(each, film.truth, film.rate) for name, each in found.items()
        }
    if len(searched) > 1:
        names = next(iter(tallies.values()))
        tallies[pool] = {
            name: sum((each[name] for each in tallies.values()), Tally()) for name in names
        }
    for name, each in tallies.items():
        yield from report(name, each)
    if best is not None:
        yield Result(f"threshold/{pool}/transnet-best", best, "1", "transnet", 0.5)


def best_threshold(searched: Sequence[Searched]) -> float | None:
    """TransNetV2's, by F1 over all films together."""
    thresholds = searched[0].by_threshold if searched else ()

    def f1(threshold: float) -> float:
        tallies = (
            Tally.of(film.by_threshold[threshold], film.truth, film.rate) for film in searched
        )
        return sum(tallies, Tally()).whole.f1

    return max(thresholds, key=f1, default=None)


def report(film: str, tallies: Mapping[str, Tally]) -> Iterator[Result]:
    """Each of ours beside the best of the others, and each other one beside ours."""
    rates = {name: dict(tally.rates()) for name, tally in tallies.items()}
    best = max((name for name in rates if name not in OURS), key=lambda name: rates[name]["f1"])
    for name, tally in tallies.items():
        peer = best if name in OURS else TRANSITION
        for what, value in rates[name].items():
            yield Rate(f"{what}/{film}/{name}", value, "1", peer, rates[peer][what])
        flashes = max(1, tally.flashes)
        yield Result(f"flashes/{film}/{name}", tally.taken, "taken for cuts", "flashes", flashes)
        yield Result(f"seconds/{film}/{name}", tally.seconds, "s", peer, tallies[peer].seconds)


def costs(film: Path, found: Mapping[str, Found], folder: Path) -> Iterator[Result]:
    """What another threshold costs, and what the thumbnails and the network add to the
    transcode."""
    peer = f"scenedetect on the proxy ({PYSCENEDETECT})"
    yield Result("rethreshold", found[TRANSITION].again, "s", peer, found[PYSCENEDETECT].seconds)
    spent: dict[bool, list[float]] = {False: [], True: []}
    # The least of three that take turns: what others do on the machine only adds.
    for turn in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wanted = {Product.GOLD_MASTER, Product.REVIEW_PROXY}
        if turn % 2:
            wanted.add(Product.FRAME_SCORES)
        made = folder / f"cost{turn}"
        made.mkdir()
        transcode(
            film, probe(film), made, frozenset(wanted), stall_seconds=get_settings().stall_seconds
        )
        for file in made.iterdir():
            file.unlink()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        spent[bool(turn % 2)].append(used)
    without = min(spent[False])
    added = max(0.0, min(spent[True]) - without)
    yield Result("scores_overhead", added, "s", "transcode without thumbnails", without)
    if FUSED in found:
        network = found[FUSED].cpu - found[TRANSITION].cpu
        yield Result("network_overhead", network, "s", "transcode", min(spent[True]))


if __name__ == "__main__":
    main()
