"""What each export profile costs: bytes and time for a second of film, against `delivery`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from tqdm import tqdm

from benchmarks.footage import default_film
from benchmarks.report import Result, benchmark
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.schedule import middle
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.transcode import Product, transcode

STALL_SECONDS = 600.0


@benchmark("profiles")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--clips", default=4, show_default=True, type=click.IntRange(1), help="Of each file.")
@click.option("--seconds", default=4.0, show_default=True, help="Of each clip.")
def main(files: tuple[Path, ...], clips: int, seconds: float) -> Iterator[Result]:
    """Export clips of FILES, evenly spread over each, by every built-in profile, one after the
    other; each is read back and proven as always. Bytes and seconds are those of one second of
    film; the time is that of decoding and encoding, without the proof. FILES is shots_a.mp4 of the
    real footage by default, or the demo film where there is none."""
    receipts: dict[str, list[Receipt]] = {name: [] for name in BUILT_IN}
    with work_folder() as folder:
        for file in tqdm(files or (default_film(folder),), unit="film", disable=None):
            for clip in _clips(file, folder, clips, seconds):
                for name, profile in BUILT_IN.items():
                    out = folder / f"clip.{profile.container}"
                    held = middle(clip, profile)
                    receipts[name].append(
                        export_clip(held, out, stall_seconds=STALL_SECONDS, profile=profile)
                    )
    peer = _costs(receipts[MAIN])
    for name, measured in receipts.items():
        for what, value in _costs(measured).items():
            yield Result(f"{what}/{name}", value, UNITS[what], MAIN, peer[what])


UNITS = {"size": "MB/s", "time": "s/s", "psnr_least": "dB"}


def _costs(receipts: list[Receipt]) -> dict[str, float]:
    film = sum(each["duration_seconds"] for each in receipts)
    return {
        "size": sum(each["size"] for each in receipts) / film / 1e6,
        "time": sum(each["encode_seconds"] for each in receipts) / film,
        "psnr_least": min(each["psnr_least"] for each in receipts),
    }


def _clips(file: Path, folder: Path, count: int, seconds: float) -> Iterator[GoldRange]:
    source = file.absolute()
    facts = probe(source)
    made = transcode(
        source, facts, folder, frozenset({Product.GOLD_MASTER}), stall_seconds=STALL_SECONDS
    )
    if made.gold_master is None or made.frame_checksums is None:
        raise HeatersError(f"There is no gold master of {file}.")
    checksums = read_checksums(made.frame_checksums)
    length = min(round(seconds * facts.rate), made.frame_count // count)
    if length == 0:
        raise HeatersError(f"{file} is too short for {count} clips: choose fewer with --clips.")
    for number in range(count):
        start = made.frame_count * number // count
        yield GoldRange(
            made.gold_master,
            checksums,
            FrameRange(start, start + length),
            facts.rate,
            facts.orientation,
            facts.sample_aspect,
        )


if __name__ == "__main__":
    main()
