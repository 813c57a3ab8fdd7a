"""Settings of FFV1, each against ffmpeg's defaults: what they cost to write, keep and read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import av
import click
from tqdm import tqdm

from benchmarks.costs import cost_of
from benchmarks.footage import default_film, options
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.media.ffmpeg.filters import lossless_format
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary

DEFAULTS = "ffmpeg's defaults"
CODERS, CONTEXTS, SLICES, THREADS = ("rice", "range_def"), (0, 1), (4, 6, 16, 24), (1, 2)
UNITS = {
    "encode_cpu": "s",
    "encode_wall": "s",
    "bytes": "MB",
    "decode_cpu": "s",
    "decode_wall": "s",
}
MEGABYTE = 1_000_000


class Trial(NamedTuple):
    """FFV1 level 3 with slice checksums and a key frame at every frame, as the gold master needs;
    or ffmpeg's defaults, which have one at every twelfth."""

    name: str
    settings: dict[str, Any]
    threads: int | None = None
    """For encoding and decoding; None leaves them to ffmpeg."""


@benchmark("ffv1")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--frames", default=1000, show_default=True, help="From FILE's start.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="Turns.")
def main(file: Path | None, frames: int, repeat: int) -> Iterator[Result]:
    """Encode FILE's first frames with each setting of FFV1, and decode them again; all against
    ffmpeg's defaults.

    Names read measure/coder/context/slices/threads. The frames are decoded beforehand: the source's
    own decoder costs nothing here. FILE is shots_a.mp4 of the real footage by default, or the demo
    film where there is none. Medians of --repeat turns.
    """
    with work_folder() as folder:
        source = (file or default_film(folder)).absolute()
        raw = folder / "raw.nut"
        pixels = lossless_format(probe(source).pixel_format)
        wanted = ["-map", "0:V:0", "-frames:v", str(frames), "-fps_mode", "passthrough"]
        _run("-i", source, *wanted, "-c:v", "rawvideo", "-pix_fmt", pixels, raw)
        trials = [Trial(DEFAULTS, {"c:v": "ffv1"}), *_trials()]
        found: dict[str, list[dict[str, float]]] = {}
        for _, trial in tqdm(list(product(range(repeat), trials)), unit="trial", disable=None):
            found.setdefault(trial.name, []).append(_measure(trial, raw, folder / "ffv1.mkv"))
        count = _packets(raw)[0]
        lossy = _packets(source, count)[1]
    measured = {
        name: {what: median(turn[what] for turn in turns) for what in UNITS}
        for name, turns in found.items()
    }
    peer = measured.pop(DEFAULTS)
    yield Result("defaults", peer["bytes"], "MB", f"source, {count} frames", lossy / MEGABYTE)
    for name, values in measured.items():
        for what, unit in UNITS.items():
            yield Result(f"{what}/{name}", values[what], unit, DEFAULTS, peer[what])


def _trials() -> Iterator[Trial]:
    for coder, context, slices, threads in product(CODERS, CONTEXTS, SLICES, THREADS):
        settings = {"coder": coder, "context": context, "slices": slices}
        yield Trial(
            "/".join(map(str, (coder, context, slices, threads))),
            {"c:v": "ffv1", "level": 3, "g": 1, "slicecrc": 1, **settings},
            threads,
        )


def _measure(trial: Trial, raw: Path, out: Path) -> dict[str, float]:
    threads = [] if trial.threads is None else ["-threads", str(trial.threads)]
    encode, _ = _run("-i", raw, *options(trial.settings), *threads, out)
    decode, said = _run(*threads, "-i", out, "-progress", "pipe:1", "-f", "null", "-")
    (count, size), (wanted, _) = _packets(out), _packets(raw)
    decoded = [line.partition("=")[2] for line in said.splitlines() if line.startswith("frame=")]
    if not count == int(decoded[-1]) == wanted:
        raise HeatersError(
            f"Not the same work: of {wanted} frames, {trial.name} wrote {count} and read "
            f"{decoded[-1]}."
        )
    out.unlink()
    return {
        "encode_cpu": encode.cpu,
        "encode_wall": encode.wall,
        "bytes": size / MEGABYTE,
        "decode_cpu": decode.cpu,
        "decode_wall": decode.wall,
    }


def _run(*arguments: str | Path) -> Any:
    return cost_of([ffmpeg_binary(), "-nostdin", "-loglevel", "error", *map(str, arguments)])


def _packets(video: Path, most: int | None = None) -> tuple[int, int]:
    """Number and bytes of the first `most` frames as they are stored."""
    with av.open(str(video)) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.size][:most]
    return len(sizes), sum(sizes)


if __name__ == "__main__":
    main()
