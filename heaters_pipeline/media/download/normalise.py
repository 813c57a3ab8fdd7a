"""Encoding a download again, the last resort for a merge that is broken.

Sites store sound and picture apart, and now and then the two do not fit: timestamps jump, one
stream begins or ends seconds away from the other. A lossless merge keeps such faults, and players,
the review proxy and cuts then disagree on what is when. Decoding and encoding again gives both
streams one clock. It costs quality and time, so it is done to no file that the merge check does not
find broken, and it is recorded with the reason.
"""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from heaters_pipeline.media.ffmpeg.process import ProgressCallback, file_url, input_file, run


def normalise(
    path: Path,
    out: Path,
    *,
    sound: bool,
    end_seconds: float,
    on_progress: ProgressCallback | None = None,
    stall_seconds: float,
) -> None:
    """Writes the first picture, and the first sound where asked for, of `path` to the MP4 `out`.

    Sound is moved, cut and padded with silence to begin with the picture and to end with it,
    `end_seconds` after the beginning of the file. Raises InputError if `path` can't be encoded,
    HeatersError if it could not be encoded to its end (a stall, a full disk, a kill). There is an
    `out` only when all is in it: an ffmpeg that is asked to end early leaves a shorter file that
    is sound in itself.
    """
    partial = out.with_name(f"{out.name}.partial")
    # Missing timestamps are made up on reading.
    source = input_file(path, fflags="+genpts")
    streams = [source["v:0"]]
    if sound:
        # Gaps and jumps of the sound's clock become silence and cuts. ffmpeg's own -shortest lets
        # padding run on for seconds where the picture is encoded slowly.
        heard = source["a:0"].filter("aresample", **{"async": 1, "first_pts": 0})
        heard = heard.filter("apad", whole_dur=end_seconds).filter("atrim", end=end_seconds)
        streams.append(heard)
    written = ffmpeg.output(
        *streams,
        file_url(partial),
        format="mp4",
        vcodec="libx264",
        preset="fast",
        crf=23,
        movflags="+faststart",
        **({"acodec": "aac"} if sound else {}),
    )
    try:
        run(
            written,
            what=f"encode {path.name} again",
            on_progress=on_progress,
            stall_seconds=stall_seconds,
        )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
