"""Footage that is stored turned or mirrored stands upright everywhere. ffmpeg's autorotation, which
the product never uses, is the judge."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import pytest

from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.media.clips.keyframes import take_stills
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import file_url, run
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from tests.footage import STALL_SECONDS, Picture, as_stored, make_numbered_film, remake
from tests.integration.test_media_footage import UPRIGHT, ingest, pictures, stored_pixels
from tests.sprites import read_tiles

FRAMES = 4
EIGHT = [Orientation(turn, flip) for turn in (0, 90, 180, 270) for flip in (False, True)]

NOTES: list[dict[str, Any]] = [
    {**turn, **flips}
    for turn in ({}, *({"display_rotation": degrees} for degrees in (90, 180, 270)))
    for flips in ({}, {"display_hflip": None}, {"display_vflip": None})
]
"""What ffmpeg can note beside the frames of a file: each of the eight orientations, four of them in
two ways."""


def noted(film: Path, out: Path, **note: Any) -> Path:
    copy = ffmpeg.input(file_url(film), **note).output(file_url(out), c="copy")
    run(copy, what=f"make {out.name}", stall_seconds=STALL_SECONDS)
    return out


def apart(ours: Picture, theirs: Picture) -> float:
    """Mean difference of two pictures, both made square and small."""
    import cv2

    small = [
        cv2.resize(np.ascontiguousarray(each), (48, 48), interpolation=cv2.INTER_AREA)
        for each in (ours, theirs)
    ]
    return float(np.abs(small[0].astype(int) - small[1]).mean())


def stands(ours: Picture, theirs: Picture) -> Orientation:
    """What would set `ours` upright, where `theirs` is."""
    return min(EIGHT, key=lambda each: apart(ours, as_stored(theirs, each)))


SUFFIXES = (".mp4", ".mkv")
NOTED = [
    pytest.param(note, suffix, marks=() if (at + other) % 2 == 0 else pytest.mark.whole)
    for at, note in enumerate(NOTES)
    for other, suffix in enumerate(SUFFIXES)
]
"""Every note in both containers, of which half is for the long run."""


@pytest.mark.parametrize(("note", "suffix"), NOTED, ids=str)
def test_everything_stands_as_ffmpeg_shows_it(
    note: dict[str, Any], suffix: str, tmp_path: Path
) -> None:
    stored = make_numbered_film(
        tmp_path / "stored.mp4", FRAMES, rate=Fraction(5), scenes=[2], audio=False
    )
    film = noted(stored, tmp_path / f"film{suffix}", **note)
    lossless = {"vcodec": "ffv1", "pix_fmt": "bgr0", "fps_mode": "passthrough"}
    judge = remake(film, tmp_path / "judge.mkv", **lossless)
    wanted = list(pictures(judge))
    assert len(wanted) == FRAMES

    done = ingest(film, tmp_path)
    made = done.made
    assert made.gold_master and made.review_proxy
    assert made.sprites and made.sprite_index and made.thumbnails
    assert list(stored_pixels(made.gold_master)) == list(stored_pixels(stored))
    shown = {
        "proxy": pictures(made.review_proxy),
        "tiles": read_tiles(made.sprites.read_bytes(), made.sprite_index),
        "thumbnails": open_thumbnails(made.thumbnails),
    }
    for gold in (made.gold_master, film):
        clip = done.export(0, FRAMES, tmp_path / f"clip-{gold.stem}.mp4", gold)
        assert probe(clip).orientation == UPRIGHT
        shown[clip.stem] = pictures(clip)
    stills = take_stills(
        done.range(0, FRAMES), range(FRAMES), tmp_path, stall_seconds=STALL_SECONDS
    )
    shown["keyframes"] = [next(pictures(still.path)) for still in stills]
    for name, ours in shown.items():
        for each, theirs in zip(ours, wanted, strict=True):
            assert (name, stands(each, theirs)) == (name, UPRIGHT)
            assert apart(each, theirs) < 10


def test_fields_stay_where_lines_stay_in_their_places(tmp_path: Path) -> None:
    """A mirrored line is still a line; turned ones are none."""
    film = make_numbered_film(tmp_path / "film.mp4", 8, rate=Fraction(50), audio=False)
    fields = remake(
        film, tmp_path / "fields.mp4", vf="tinterlace=interleave_top,setfield=tff",
        vcodec="libx264", flags="+ildct+ilme",
    )  # fmt: skip
    for note, kept in ({"display_hflip": None}, True), ({"display_vflip": None}, False):
        held = noted(fields, tmp_path / "held.mp4", **note)
        done = ingest(held, tmp_path)
        assert done.facts.interlaced
        clip = done.export(0, done.made.frame_count, tmp_path / "clip.mp4")
        assert probe(clip).interlaced == kept
