"""Sprite sheets: JPEGs back to back in a QuickTime file. Its sample table tells where each lies and
when its first tile is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND
from heaters_pipeline.domain.sprites import (
    TILES_A_SHEET,
    Grid,
    SpriteIndex,
    frames_apart,
    grid_for,
    tile_count,
)
from heaters_pipeline.media.ffmpeg.filters import tile_size
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.ffmpeg.process import Options
from heaters_pipeline.media.products.sample_table import (
    NoSampleTable,
    SampleTable,
    read_sample_table,
)

SPRITES_VIDEO: Options = {
    "c:v": "mjpeg",
    "q:v": 5,
    "threads:v": 1,
    "video_track_timescale": TICKS_PER_SECOND,
    "use_editlist": 0,
}
"""One thread: each further one would hold a sheet of its own, and there is one in 20 seconds."""


WHOLE = Grid()


def sheets_of(shown: Any, facts: VideoFacts, grid: Grid = WHOLE) -> Any:
    """The sheets of a proxy's or a clip's frames in JPEG's colours: BT.601 in full range."""
    width, height = tile_size(facts)
    return (
        shown.filter("select", f"not(mod(n,{frames_apart(facts.rate)}))")
        .filter("scale", width, height, flags="area", out_color_matrix="bt601", out_range="pc")
        .filter("setsar", 1)
        .filter("format", "yuv420p", color_ranges="pc")
        .filter("tile", f"{grid.columns}x{grid.rows}")
    )


def read_sprites(file: Path, facts: VideoFacts, ticks: npt.NDArray[np.integer[Any]]) -> SpriteIndex:
    """The index of the sheets of a proxy whose frames are shown at `ticks`.

    Raises HeatersError unless there is a sheet for every hundred tiles, and each is shown when the
    frame of its first tile is.
    """
    apart = frames_apart(facts.rate)
    table = _table(file)
    first_tiles = ticks[:: apart * TILES_A_SHEET] - ticks[0]
    if not np.array_equal(table.times, first_tiles):
        raise HeatersError(
            f"{file.name} has {len(table.times)} sheets, which are not the {len(first_tiles)} of "
            f"{len(ticks)} frames, {apart} from tile to tile: make it again."
        )
    width, height = tile_size(facts)
    return SpriteIndex(
        every=apart,
        width=width,
        height=height,
        count=tile_count(len(ticks), apart),
        offsets=_offsets(file, table),
    )


def read_clip_sprites(file: Path, facts: VideoFacts, frames: FrameRange) -> SpriteIndex:
    """The index of the sheets of a clip with these frames. Raises HeatersError where there are more
    sheets, or fewer."""
    apart = frames_apart(facts.rate)
    count = tile_count(frames.length, apart)
    columns, rows = grid_for(count)
    table = _table(file)
    sheets = -(-count // (columns * rows))
    if len(table.offsets) != sheets:
        raise HeatersError(
            f"{file.name} has {len(table.offsets)} sheets, not {sheets}: make it again."
        )
    width, height = tile_size(facts)
    return SpriteIndex(
        every=apart,
        width=width,
        height=height,
        count=count,
        offsets=_offsets(file, table),
        columns=columns,
        rows=rows,
        first=frames.start,
    )


def _table(file: Path) -> SampleTable:
    try:
        return read_sample_table(file)
    except NoSampleTable as error:
        raise HeatersError(f"{file.name} can't be read ({error}): make it again.") from error


def _offsets(file: Path, table: SampleTable) -> list[int]:
    ends = table.offsets + table.sizes
    if not np.array_equal(table.offsets[1:], ends[:-1]):
        raise HeatersError(f"The sheets of {file.name} do not lie back to back: make it again.")
    return [*table.offsets.tolist(), int(ends[-1])]
