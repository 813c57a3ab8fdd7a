"""Sprite sheets: JPEGs back to back in a QuickTime file. Its sample table tells where each lies and
when its first tile is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.sprites import (
    COLUMNS,
    ROWS,
    TILES_A_SHEET,
    SpriteIndex,
    frames_apart,
    tile_count,
)
from heaters_pipeline.media.ffmpeg.filters import tile_size
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options
from heaters_pipeline.media.products.sample_table import NoSampleTable, read_sample_table

SPRITES_VIDEO: Options = {
    "c:v": "mjpeg",
    "q:v": 5,
    "threads:v": 1,
    "video_track_timescale": TICKS_PER_SECOND,
    "use_editlist": 0,
}
"""One thread: each further one would hold a sheet of its own, and there is one in 20 seconds."""


def sheets_of(shown: Any, facts: VideoFacts) -> Any:
    """The sheets of a proxy's frames in JPEG's colours: BT.601 in full range."""
    width, height = tile_size(facts)
    return (
        shown.filter("select", f"not(mod(n,{frames_apart(facts.rate)}))")
        .filter("scale", width, height, flags="area", out_color_matrix="bt601", out_range="pc")
        .filter("setsar", 1)
        .filter("format", "yuv420p", color_ranges="pc")
        .filter("tile", f"{COLUMNS}x{ROWS}")
    )


def read_sprites(file: Path, facts: VideoFacts, ticks: npt.NDArray[np.integer[Any]]) -> SpriteIndex:
    """The index of the sheets of a proxy whose frames are shown at `ticks`.

    Raises HeatersError unless there is a sheet for every hundred tiles, and each is shown when the
    frame of its first tile is.
    """
    apart = frames_apart(facts.rate)
    try:
        table = read_sample_table(file)
    except NoSampleTable as error:
        raise HeatersError(f"{file.name} can't be read ({error}): make it again.") from error
    first_tiles = ticks[:: apart * TILES_A_SHEET] - ticks[0]
    if not np.array_equal(table.times, first_tiles):
        raise HeatersError(
            f"{file.name} has {len(table.times)} sheets, which are not the {len(first_tiles)} of "
            f"{len(ticks)} frames, {apart} from tile to tile: make it again."
        )
    ends = table.offsets + table.sizes
    if not np.array_equal(table.offsets[1:], ends[:-1]):
        raise HeatersError(f"The sheets of {file.name} do not lie back to back: make it again.")
    width, height = tile_size(facts)
    return SpriteIndex(
        every=apart,
        width=width,
        height=height,
        count=tile_count(len(ticks), apart),
        offsets=[*table.offsets.tolist(), int(ends[-1])],
    )
