"""Cut detection against PySceneDetect, on films whose transitions are known.

Ours reads stored thumbnails. PySceneDetect runs as its users run it: `scenedetect.detect` of its
library, on the review proxy at full size, with its defaults (which scale large frames down) and
with the settings that its own benchmark found best.

What is drawn here is held out: constants and weights of ours come from the seeds that
benchmarks.train_blends names, from the first half of shots_a.mp4 and from looking at the other real
footage. A seed that was reported once and looked into afterwards is no longer held out: it moves to
the tuning seeds, as 1000 to 1003 did, and HELD_OUT_SEEDS begins elsewhere.
"""

from __future__ import annotations

import gc
import json
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import click
from tqdm import tqdm

from benchmarks.footage import REAL_FILM, default_film
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.transitions import TransitionKind
from heaters_pipeline.media.cuts.transition_search import TransitionSearch
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import Product, Transcoded, transcode
from heaters_pipeline.settings import get_settings

HELD_OUT_SEEDS = range(2000, 2100)
"""Of drawn films that nothing was tuned on, nor their errors looked at."""

OURS = TransitionSearch.name
SCENEDETECT = "adaptive"
"""What `scenedetect` stands for where one of its detectors has to: the one it recommends."""

TOLERANCE = 1
"""Frames that a cut may be off. A gradual transition is met by anything within it."""


class Rate(Result):
    """A score between 0 and 1, for which more is better, unlike the rest."""

    @property
    def ratio(self) -> float:
        return self.value / max(self.peer_value, 1e-3)


@dataclass(frozen=True)
class Truth:
    kind: str
    start: int
    """Last clean frame before it."""
    end: int
    """First clean frame after it."""

    def met_by(self, frame: int) -> bool:
        if self.kind == TransitionKind.CUT:
            return abs(frame - self.end) <= TOLERANCE
        return self.start <= frame <= self.end


class Found(NamedTuple):
    cuts: list[int]
    """First frames of new scenes."""
    sudden: list[int]
    """Those that the detector calls cuts; all, where it has no other word."""
    seconds: float


class Score(NamedTuple):
    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false + self.missed)


@benchmark("cuts")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--films", default=6, show_default=True, type=click.IntRange(0), help="Drawn films beside."
)
@click.option("--shots", default=24, show_default=True, type=click.IntRange(2), help="Of each.")
def main(files: tuple[Path, ...], films: int, shots: int) -> Iterable[Result]:
    """Find the cuts of FILES: a film, its truth file, and so on; and of drawn films, which nothing
    was tuned on.

    FILES are shots_a.mp4 of the real footage and its truth by default, where they are. Half of
    that film was used for tuning.
    """
    if len(files) % 2:
        raise HeatersError("Each film needs its truth file: name them in pairs, FILM TRUTH.")
    results: list[Result] = []
    with work_folder() as folder:
        pairs = list(zip(files[::2], files[1::2], strict=True)) or real_pair(folder)
        for seed in tqdm(HELD_OUT_SEEDS[:films], unit="film drawn", disable=None):
            pairs.append(drawn_pair(seed, shots, folder))
        if not pairs:
            raise HeatersError("There is no film to measure: name one, or give --films.")
        for film, truth in tqdm(pairs, unit="film", disable=None):
            made = prepare(film, folder / f"{film.stem}.made")
            results += measure(film, read_truth(truth), made)
        results += costs(pairs[0][0], results, folder)
    return results


def real_pair(folder: Path) -> list[tuple[Path, Path]]:
    film = default_film(folder)
    truth = film.with_suffix(".json")
    return [(film, truth)] if film.name == REAL_FILM and truth.is_file() else []


def drawn_pair(seed: int, shots: int, folder: Path) -> tuple[Path, Path]:
    from tests.films import draw_film

    return draw_film(seed, shots).write(folder)


def prepare(film: Path, folder: Path, thumbnails: bool = True) -> Transcoded:
    folder.mkdir(exist_ok=True)
    wanted = {Product.REVIEW_PROXY, Product.FRAME_SCORES} if thumbnails else {Product.REVIEW_PROXY}
    return transcode(
        film, probe(film), folder, frozenset(wanted), stall_seconds=get_settings().stall_seconds
    )


def read_truth(path: Path) -> dict[str, Any]:
    told = json.loads(path.read_text())
    truths = [Truth(each["kind"], each["start"], each["end"]) for each in told["transitions"]]
    return {
        "transitions": truths,
        "flashes": told.get("flashes", []),
        "ignore": told.get("ignore", []),
    }


def measure(film: Path, truth: dict[str, Any], made: Transcoded) -> list[Result]:
    assert made.review_proxy and made.thumbnails
    rate = probe(film).rate
    found = {OURS: ours(made.thumbnails, rate)}
    for name, make in detectors().items():
        found[name] = theirs(made.review_proxy, make())
    truths: list[Truth] = truth["transitions"]
    kinds = sorted({each.kind for each in truths})
    scored: dict[str, dict[str, float]] = {}
    for name, each in found.items():
        whole = score(each.cuts, truths)
        scored[name] = {
            "f1": whole.f1,
            "precision": whole.precision,
            "recall": whole.recall,
            "f1_cut": cut_score(each, truths).f1,
        }
        for kind in kinds:
            alone = [one for one in truths if one.kind == kind]
            scored[name][f"recall_{kind}"] = score(each.cuts, alone).recall
    best = max(list(found)[1:], key=lambda name: scored[name]["f1"])
    results: list[Result] = []
    for name, each in found.items():
        peer = best if name == OURS else OURS
        for what, value in scored[name].items():
            label = f"{what}/{film.stem}/{name}"
            results.append(Rate(label, value, "1", peer, scored[peer][what]))
        taken = sum(
            any(abs(cut - flash) <= TOLERANCE + 1 for cut in each.cuts)
            for flash in truth["flashes"]
        )
        among = max(1, len(truth["flashes"]))
        results.append(
            Result(f"flashes/{film.stem}/{name}", taken, "taken for cuts", "flashes", among)
        )
        results.append(
            Result(f"seconds/{film.stem}/{name}", each.seconds, "s", peer, found[peer].seconds)
        )
    return results


def costs(film: Path, results: Sequence[Result], folder: Path) -> list[Result]:
    """What another threshold costs, and what the thumbnails add to the transcode."""
    seconds = {result.name: result.value for result in results}
    again = Result(
        "rethreshold",
        seconds[f"seconds/{film.stem}/{OURS}"],
        "s",
        f"scenedetect on the proxy ({SCENEDETECT})",
        seconds[f"seconds/{film.stem}/{SCENEDETECT}"],
    )
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
    return [again, Result("scores_overhead", added, "s", "transcode without thumbnails", without)]


def ours(thumbnails: Path, rate: Fraction) -> Found:
    """The least of three runs: it is short, and the machine may be busy."""
    detector = TransitionSearch()
    seconds = []
    for _ in range(3):
        gc.collect()
        began = time.perf_counter()
        detection = detector.detect(open_thumbnails(thumbnails), rate)
        seconds.append(time.perf_counter() - began)
    sudden = [each.last for each in detection.transitions if each.kind is TransitionKind.CUT]
    return Found(detection.cuts(), sudden, min(seconds))


def theirs(proxy: Path, detector: Any) -> Found:
    import scenedetect

    began = time.perf_counter()
    scenes = scenedetect.detect(str(proxy), detector)
    seconds = time.perf_counter() - began
    cuts = [start.frame_num for start, _ in scenes[1:]]
    return Found(cuts, cuts, seconds)


def detectors() -> dict[str, Callable[[], Any]]:
    """PySceneDetect's, with its defaults and with its published best settings; 0.6 s is what its
    default of 15 frames is at 25 frames per second."""
    import scenedetect as library

    return {
        "adaptive": lambda: library.AdaptiveDetector(),
        "adaptive-best": lambda: library.AdaptiveDetector(3.5, min_scene_len=0.6, window_width=3),
        "content": lambda: library.ContentDetector(),
        "content-best": lambda: library.ContentDetector(31, min_scene_len=0.6),
        "hash": lambda: library.HashDetector(),
        "hash-best": lambda: library.HashDetector(0.35, size=8, min_scene_len=0.6),
        "histogram": lambda: library.HistogramDetector(),
        "histogram-best": lambda: library.HistogramDetector(0.20, bins=128, min_scene_len=0.6),
    }


def score(cuts: Iterable[int], truths: Sequence[Truth]) -> Score:
    """Each truth is met once, by what is nearest to its middle; whatever is left over is false."""
    left = sorted(cuts)
    hits = 0
    for truth in truths:
        middle = truth.end if truth.kind == TransitionKind.CUT else (truth.start + truth.end) / 2
        meeting = [cut for cut in left if truth.met_by(cut)]
        if meeting:
            left.remove(min(meeting, key=lambda cut: abs(cut - middle)))
            hits += 1
    return Score(hits, len(left), len(truths) - hits)


def cut_score(found: Found, truths: Sequence[Truth]) -> Score:
    """Of the hard cuts alone; what lies within a gradual transition counts neither way."""
    gradual = [each for each in truths if each.kind != TransitionKind.CUT]
    sudden = [cut for cut in found.sudden if not any(each.met_by(cut) for each in gradual)]
    return score(sudden, [each for each in truths if each.kind == TransitionKind.CUT])


if __name__ == "__main__":
    main()
