"""Near-duplicates: how many copies are found, how many clips are called copies wrongly, and how the
time for a new clip grows with the library."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import click
import numpy as np
import sqlalchemy as sa
from sqlalchemy import Engine
from tqdm import tqdm

from benchmarks.database import new_databases
from benchmarks.footage import films_with_truth
from benchmarks.hour import shots_of
from benchmarks.report import Rate, Result, benchmark
from benchmarks.scoring import FilmTruth
from benchmarks.scratch import work_folder
from heaters_pipeline.db import repeats, source_videos
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.models import Clip, SourceFacts
from heaters_pipeline.domain.alike import BORDER
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord, pack
from heaters_pipeline.media.clips.previews import preview
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from heaters_pipeline.media.products.thumbnails import FRAME_BYTES, HEIGHT, WIDTH, open_thumbnails
from heaters_pipeline.media.repeats.signatures import (
    BITS,
    as_text,
    grays,
    kept,
    shows_something,
)
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.repeats import seek_repeats
from tests.rows import make_ready, new_video

LOOKS: Mapping[str, str] = {
    "reencoded": "scale=320:-2",
    "resized": "scale=128:96",
    "cropped": "crop=iw*0.9:ih*0.9:iw*0.03:ih*0.07,scale=320:-2",
    "recoloured": "eq=brightness=0.08:contrast=1.25:gamma=0.8:saturation=0.4,hue=h=40,scale=320:-2",
    "watermarked": "drawbox=x=iw*0.75:y=ih*0.05:w=iw*0.2:h=ih*0.12:color=white:t=fill,"
    "drawbox=x=0:y=ih*0.92:w=iw*0.4:h=ih*0.08:color=yellow@0.8:t=fill,scale=320:-2",
    "mirrored": "hflip,scale=320:-2",
    "faster": "setpts=PTS/1.05,fps=25,scale=320:-2",
    "slower": "setpts=PTS/0.95,fps=25,scale=320:-2",
    "part": "scale=320:-2",
}
"""What ffmpeg does to a film, by the kind of copy. `part`: the middle half of each clip."""
SPEEDS = {"faster": 1.05, "slower": 0.95}
COPY_RATE = 25
TUNED_ON = ("edited_1", "shots_a")
"""Films on which the rules were tuned: no copies are made of them."""
LONGEST_SECONDS = 2.5
"""Longer shots are several clips."""
SHORTEST_FRAMES = 12
TILES = 8
"""In a row, and in a column: a clip that is no copy shows this part of a picture."""
TILE_RATE, TILE_FRAMES = 8, 8
FLIPPED = 0.1
"""Of the bits of the signatures of which the large library is made."""


@benchmark("duplicates")
@click.option("--pairs", default=200, show_default=True, help="Clips that are copied.")
@click.option("--others", default=20_000, show_default=True, help="Clips that are no copies.")
@click.option("--small", default=1_000, show_default=True, help="Clips of a small library.")
@click.option("--large", default=100_000, show_default=True, help="Clips of a large one.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(LOOKS)))
@click.option("--shots", default=24, show_default=True, help="Of each film that is drawn.")
def main(
    pairs: int, others: int, small: int, large: int, kinds: Sequence[str], shots: int
) -> Iterable[Result]:
    """Copies of clips of real footage are sought in a library that has the originals, and clips
    that are no copies: parts, 1/64 large, of the pictures of real films, else of drawn ones. Two
    clips of one shot count neither way."""
    with work_folder() as folder, new_databases(folder) as new_database:
        films = films_with_truth(folder, 100, shots)
        world = World.opened(new_database(), folder)
        originals = world.add_originals(films, pairs)
        world.add_others([film for film, _ in films], others)
        for kind in tqdm(kinds or list(LOOKS), unit="kind", disable=None):
            yield from world.copies(kind, originals)
        yield from grown(new_database, folder, originals, small, large)


@dataclass(frozen=True)
class Original:
    film: Path
    key: str
    thumbnails: Path
    rate: Fraction
    shots: Mapping[FrameRange, int]
    """The number of its shot, by clip."""


@dataclass
class World:
    pipeline: Pipeline
    folder: Path
    shots: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Which shot a clip of the library shows, by its id."""

    @classmethod
    def opened(cls, url: str, folder: Path) -> World:
        settings = Settings(
            home=folder / "home", database_url=url, storage_url=str(folder / "storage")
        )
        return cls(open_pipeline(open_engine(url), settings), folder)

    @property
    def engine(self) -> Engine:
        return self.pipeline.engine

    def add_originals(self, films: Sequence[tuple[Path, Path]], most: int) -> list[Original]:
        held_out = [pair for pair in films if pair[0].stem not in TUNED_ON]
        found, left = [], most
        for film, truth in held_out or films:
            if not left:
                break
            original = _original(film, FilmTruth.read(truth), self.folder, left)
            left -= len(original.shots)
            live = self.add(original.key, original.thumbnails, original.rate, list(original.shots))
            for clip in live:
                if clip.frames in original.shots:
                    self.shots[clip.id] = original.key, original.shots[clip.frames]
            found.append(original)
        return found

    def add(
        self, key: str, thumbnails: Path, rate: Fraction, wanted: Sequence[FrameRange]
    ) -> Sequence[Clip]:
        """A film with its clips and the signatures of its frames; its live clips."""
        count = thumbnails.stat().st_size // FRAME_BYTES
        live = laid(self.pipeline, key, thumbnails, count, rate, wanted)
        signed = [
            (at, as_text(bits[None])[0]) for at, bits in kept(open_thumbnails(thumbnails), rate)
        ]
        with self.pipeline.transaction() as session:
            repeats.save_signatures(session, live[0].source_video_id, signed)
        return live

    def add_others(self, films: Sequence[Path], count: int) -> None:
        made = 0
        for at, film in enumerate(tqdm(films, unit="film", disable=None)):
            if made >= count:
                return
            out = self.folder / f"tiles-{at}.rgb"
            number = _write_tiles(film, out, count - made)
            if not number:
                continue
            made += number
            ends = range(0, number * TILE_FRAMES, TILE_FRAMES)
            ranges = [FrameRange(start, start + TILE_FRAMES) for start in ends]
            self.add(f"tiles-{at}", out, Fraction(TILE_RATE), ranges)
            out.unlink()
        print(f"{made} clips are no copies.")

    def copies(self, kind: str, originals: Sequence[Original]) -> Iterator[Result]:
        right = wrong = asked = told = 0
        peer = PeerTally()
        seconds = 0.0
        for original in originals:
            thumbnails, rate, ranges = _copy(kind, original, self.folder)
            key = f"{original.key}-{kind}"
            count = thumbnails.stat().st_size // FRAME_BYTES
            live = laid(self.pipeline, key, thumbnails, count, rate, list(ranges))
            own = {clip.id for clip in live}
            shots = {
                clip.id: (original.key, ranges[clip.frames])
                for clip in live
                if clip.frames in ranges
            }
            with self.pipeline.transaction() as session:
                video = source_videos.get(session, key)
            begun = time.perf_counter()
            seek_repeats(self.pipeline, video)
            seconds += time.perf_counter() - begun
            told += len(live)
            with self.pipeline.transaction() as session:
                found = repeats.of_clips(session, list(shots), self.pipeline.settings.repeat_score)
                hits = set()
                for each in found:
                    if each.other_id in own:
                        continue  # of one shot, mostly: the frames between the clips, too
                    if self.shots.get(each.other_id) == shots[each.clip_id]:
                        hits.add(each.clip_id)
                    else:
                        wrong += 1
                repeats.forget(session, video.id)
            right += len(hits)
            asked += len(shots)
            peer.add(original, thumbnails, ranges)
            thumbnails.unlink()
        yield Rate(f"{kind}_recall", right / asked, f"of {asked}", "previews", peer.recall)
        precision = right / (right + wrong) if right + wrong else 1.0
        yield Rate(
            f"{kind}_precision", precision, f"of {right + wrong}", "previews", peer.precision
        )
        yield Result(f"{kind}_seconds", seconds / max(told, 1), "s a clip", "the goal", 1.0)


@dataclass
class PeerTally:
    """Previews (`media.clips.previews`) up to `domain.alike.BORDER` apart; the originals alone."""

    right: int = 0
    wrong: int = 0
    asked: int = 0

    def add(self, original: Original, copy: Path, ranges: Mapping[FrameRange, int]) -> None:
        own = open_thumbnails(original.thumbnails)
        theirs = open_thumbnails(copy)
        known = np.stack([preview(own, frames) for frames in original.shots])
        numbers = np.array(list(original.shots.values()))
        for frames, number in ranges.items():
            near = 1 - known @ preview(theirs, frames) <= BORDER
            self.right += int((near & (numbers == number)).any())
            self.wrong += int((near & (numbers != number)).sum())
            self.asked += 1

    @property
    def recall(self) -> float:
        return self.right / max(self.asked, 1)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)


# --- Films ----------------------------------------------------------------------------------------


def laid(
    pipeline: Pipeline,
    key: str,
    thumbnails: Path,
    count: int,
    rate: Fraction,
    wanted: Sequence[FrameRange],
) -> Sequence[Clip]:
    path = f"videos/{key}/thumbnails.rgb"
    pipeline.storage.put(thumbnails, path)
    new_video(pipeline.engine, key)
    index = pack(
        FrameRecord(48 + at * 10, 10, round(at * TICKS_PER_SECOND / rate)) for at in range(count)
    )
    products: SourceFacts = {
        "rate_num": rate.numerator,
        "rate_den": rate.denominator,
        "frame_count": count,
        "source_filepath": "s",
        "gold_master_filepath": "g",
        "proxy_filepath": "p",
        "proxy_id": f"id-{key}",
        "keyframe_offsets": index,
        "frame_scores_filepath": path,
    }
    edges = {edge for frames in wanted for edge in (frames.start, frames.end)}
    _, live = make_ready(pipeline.engine, key, products, sorted(edges - {0, count}))
    return live


def _original(film: Path, truth: FilmTruth, folder: Path, most: int) -> Original:
    """Without clips that show next to nothing, as titles on black do."""
    rate = probe(film).rate
    out = folder / f"{film.stem}.rgb"
    _reduced(film, out)
    thumbnails = open_thumbnails(out)
    longest = round(LONGEST_SECONDS * rate)
    shots: dict[FrameRange, int] = {}
    for number, shot in enumerate(shots_of(truth)):
        parts = -(-shot.length // longest)
        edges = np.linspace(shot.start, min(shot.end, len(thumbnails)), parts + 1).astype(int)
        for start, end in zip(edges.tolist(), edges[1:].tolist(), strict=False):
            frames = FrameRange(start, end)
            if frames.length >= SHORTEST_FRAMES and len(shots) < most:
                shots[frames] = number
    return Original(film, film.stem.replace("_", "-"), out, rate, shots)


def _copy(
    kind: str, original: Original, folder: Path
) -> tuple[Path, Fraction, dict[FrameRange, int]]:
    """The thumbnails of a copy, its rate, and the shot of each clip."""
    encoded, out = folder / "copy.mp4", folder / "copy.rgb"
    encoding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "32")
    even = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
    passed = ("-fps_mode", "passthrough", "-vf", f"{LOOKS[kind]},{even}")
    _ffmpeg("-i", original.film, "-an", *passed, *encoding, encoded)
    _reduced(encoded, out)
    encoded.unlink()
    count = out.stat().st_size // FRAME_BYTES
    if kind not in SPEEDS:
        ranges = original.shots
        if kind == "part":
            ranges = {_middle(frames): number for frames, number in ranges.items()}
        return out, original.rate, {each: at for each, at in ranges.items() if each.end <= count}
    factor = COPY_RATE / float(original.rate) / SPEEDS[kind]
    moved = {
        FrameRange(int(np.ceil(frames.start * factor)), int(frames.end * factor)): number
        for frames, number in original.shots.items()
    }
    return out, Fraction(COPY_RATE), {each: at for each, at in moved.items() if each.end <= count}


def _middle(frames: FrameRange) -> FrameRange:
    quarter = frames.length // 4
    return FrameRange(frames.start + quarter, frames.end - quarter)


def _reduced(film: Path, out: Path) -> None:
    size = f"scale={WIDTH}:{HEIGHT}:flags=area"
    options = ("-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo")
    _ffmpeg("-i", film, "-an", "-vf", size, *options, out)


def _write_tiles(film: Path, out: Path, most: int) -> int:
    """Writes parts of the film's pictures as clips of TILE_FRAMES, one after the other; how many.
    Each is a place of the picture in a piece of the film; flat ones are left out."""
    wide, high = WIDTH * TILES, HEIGHT * TILES
    raw = out.with_suffix(".large")
    size = f"fps={TILE_RATE},scale={wide}:{high}:flags=area"
    _ffmpeg("-i", film, "-an", "-vf", size, "-pix_fmt", "rgb24", "-f", "rawvideo", raw)
    pictures = np.memmap(raw, np.uint8, "r").reshape(-1, high, wide, 3)
    made = 0
    with out.open("wb") as file:
        for start in range(0, len(pictures) - TILE_FRAMES + 1, TILE_FRAMES):
            piece = np.asarray(pictures[start : start + TILE_FRAMES])
            tiles = piece.reshape(TILE_FRAMES, TILES, HEIGHT, TILES, WIDTH, 3)
            for row in range(TILES):
                for column in range(TILES):
                    tile = np.ascontiguousarray(tiles[:, row, :, column])
                    if made < most and shows_something(grays(tile)).all():
                        file.write(tile.tobytes())
                        made += 1
    raw.unlink()
    return made


def _ffmpeg(*arguments: str | Path) -> None:
    command = [ffmpeg_binary(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise HeatersError(f"Could not make a copy: {done.stderr.strip()}")


# --- How the time grows ---------------------------------------------------------------------------


def grown(
    new_database: Callable[[], str],
    folder: Path,
    originals: Sequence[Original],
    small: int,
    large: int,
) -> Iterator[Result]:
    """The time for a new clip, by the size of the library."""
    took = [_seconds(new_database(), folder, originals, number) for number in (small, large)]
    yield Result("seconds_per_new_clip", took[1], f"s, {large} clips", f"{small} clips", took[0])


def _seconds(url: str, folder: Path, originals: Sequence[Original], number: int) -> float:
    """The library is made of the signatures of real clips with FLIPPED of their bits turned."""
    world = World.opened(url, folder)
    shortest = min(originals, key=lambda each: each.thumbnails.stat().st_size)
    _fill(world, originals, number)
    key = "new"
    count = shortest.thumbnails.stat().st_size // FRAME_BYTES
    live = laid(
        world.pipeline, key, shortest.thumbnails, count, shortest.rate, list(shortest.shots)
    )
    with world.pipeline.transaction() as session:
        video = source_videos.get(session, key)
    begun = time.perf_counter()
    seek_repeats(world.pipeline, video)
    took = (time.perf_counter() - begun) / len(live)
    world.engine.dispose()
    return took


CLIPS_PER_FILM = 1000
CLIP_FRAMES = 100
SIGNED = (10, 40, 70)
"""Frames of a clip that have a signature."""


def _fill(world: World, originals: Sequence[Original], number: int) -> None:
    chance = np.random.default_rng(1)
    known = np.concatenate(
        [
            np.stack([bits for _, bits in kept(open_thumbnails(each.thumbnails), each.rate)])
            for each in originals
        ]
    )
    path = _put_long_film(world, originals[0], min(number, CLIPS_PER_FILM) * CLIP_FRAMES)
    with world.engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_frame_signatures_bits"))
    films = range(-(-number // CLIPS_PER_FILM))
    for at in tqdm(films, unit="film", disable=None):
        some = min(CLIPS_PER_FILM, number - at * CLIPS_PER_FILM)
        video_id = _large_film(world, f"large-{at}", path, some)
        picked = known[chance.integers(0, len(known), some)][:, None, :].repeat(len(SIGNED), 1)
        turned = picked ^ (chance.random(picked.shape) < FLIPPED)
        texts = as_text(turned.reshape(-1, BITS))
        places = [clip * CLIP_FRAMES + frame for clip in range(some) for frame in SIGNED]
        with world.pipeline.transaction() as session:
            repeats.save_signatures(session, video_id, zip(places, texts, strict=True))
    with world.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL maintenance_work_mem = '512MB'"))
        connection.execute(
            sa.text(
                "CREATE INDEX ix_frame_signatures_bits ON frame_signatures "
                "USING hnsw (bits bit_hamming_ops)"
            )
        )
        connection.execute(sa.text("ANALYZE"))


def _put_long_film(world: World, source: Original, frames: int) -> str:
    """The thumbnails that all films of a large library share: those of a real one, again and
    again."""
    path, out = f"videos/large/{frames}.rgb", world.folder / f"{frames}.rgb"
    content = source.thumbnails.read_bytes()
    with out.open("wb") as file:
        for _ in range(-(-frames * FRAME_BYTES // len(content))):
            file.write(content)
    world.pipeline.storage.put(out, path)
    return path


def _large_film(world: World, key: str, path: str, some: int) -> int:
    """A film of `some` clips."""
    video = new_video(world.engine, key)
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE source_videos SET rate_num = 25, rate_den = 1, frame_count = :count, "
                "frame_scores_filepath = :path WHERE id = :id"
            ),
            {"count": some * CLIP_FRAMES, "path": path, "id": video.id},
        )
        connection.execute(
            sa.text(
                "INSERT INTO clips (source_video_id, made_by, cut_points) "
                "SELECT :id, 'replan', jsonb_build_object('start_frame', at * :long, "
                "'end_frame', (at + 1) * :long, 'start_time_seconds', at * 4, "
                "'end_time_seconds', at * 4 + 4) FROM generate_series(0, :some - 1) AS at"
            ),
            {"id": video.id, "long": CLIP_FRAMES, "some": some},
        )
    return video.id


if __name__ == "__main__":
    main()
