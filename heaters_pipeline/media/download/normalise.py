"""Encoding a download again, the last resort for a broken merge.

Sites store audio and video apart, and sometimes the two do not fit: timestamps jump, one stream
begins or ends seconds away from the other. A lossless merge keeps such faults, and players, the
review proxy and cuts then disagree about times. Decoding and encoding again gives both streams one
clock. It costs quality and time, so only files that the merge check finds broken are encoded, and
the reason is recorded.
"""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from heaters_pipeline.media.ffmpeg.process import ProgressCallback, file_url, input_file, run


def normalise(
    path: Path,
    out: Path,
    *,
    audio: bool,
    end_seconds: float,
    stall_seconds: float,
    on_progress: ProgressCallback | None = None,
) -> None:
    """Writes the first video stream of `path`, and with `audio` the first audio stream, to the MP4
    `out`.

    The audio is moved, cut and padded with silence, so that it begins with the video and ends with
    it, `end_seconds` after the beginning of the file. Raises InputError if `path` can't be encoded,
    HeatersError if ffmpeg did not reach its end (a stall, a full disk, a kill). `out` appears only
    when it is whole: an ffmpeg that has to stop early leaves a shorter file that looks intact.
    """
    partial = out.with_name(f"{out.name}.partial")
    # The demuxer generates missing timestamps.
    source = input_file(path, fflags="+genpts")
    streams = [source["v:0"]]
    if audio:
        # Gaps and jumps of the audio's clock become silence and cuts. ffmpeg's own -shortest lets
        # padding run on for seconds where the video is encoded slowly.
        fitted = source["a:0"].filter("aresample", **{"async": 1, "first_pts": 0})
        fitted = fitted.filter("apad", whole_dur=end_seconds).filter("atrim", end=end_seconds)
        streams.append(fitted)
    written = ffmpeg.output(
        *streams,
        file_url(partial),
        format="mp4",
        vcodec="libx264",
        preset="fast",
        crf=23,
        movflags="+faststart",
        **({"acodec": "aac"} if audio else {}),
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
