"""From a video of the web, or a local file, to a file in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.quality import DownloadQuality
from heaters_pipeline.files.blocks import copy
from heaters_pipeline.media.download.attempt import Attempt
from heaters_pipeline.media.download.limits import check_length, check_size
from heaters_pipeline.media.download.look_up import WebVideo
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.download.parts import (
    Result,
    clear,
    clear_results,
    note_result,
    noted_result,
)
from heaters_pipeline.media.download.quality import seconds_of
from heaters_pipeline.media.download.watch import DownloadProgress
from heaters_pipeline.media.download.ytdlp import guarded_site


@dataclass(frozen=True)
class Downloaded:
    path: Path
    title: str
    quality: DownloadQuality


def download(
    video: WebVideo,
    folder: Path,
    options: DownloadOptions,
    on_progress: DownloadProgress | None = None,
) -> Downloaded:
    """Downloads the video into `folder`, resuming from what an earlier call left there, which may
    be all. Afterwards the folder has the result and a note on it, and nothing else of this call.

    Where a format fails, the fallback format replaces it; where the network fails, a later call
    resumes. Raises InputError where a retry is no use, and leaves nothing then; HeatersError
    otherwise, and leaves what has been fetched.
    """
    attempt = Attempt(video, folder, options, on_progress)
    result = noted_result(folder, video.url, video.info)
    if result is None:
        clear_results(folder, attempt.name)
        try:
            with guarded_site(video.url, options) as guard:
                got = attempt.fetch_or_fall_back(guard)
            check_length(video.url, seconds_of(got.path), options.max_seconds)
        except InputError:
            clear(folder)
            raise
        result = Result(got.path.replace(folder / got.path.name), got.quality)
        if result.quality["format"] == "primary":
            # After a fallback the next call tries again for the best.
            note_result(result, video.url, video.info)
    clear(folder)
    return Downloaded(result.path, video.title, result.quality)


def copy_file(path: Path, folder: Path, max_bytes: int | None = None) -> Path:
    """Copies a local file into `folder`, for the path of the copy. Raises InputError if the file
    can't be read or is too large."""
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path.")
    if not path.is_file():
        raise InputError(f"{path} is not a file: give the path of one video file.")
    size = path.stat().st_size
    if size == 0:  # the kernel's own files, too, which may have no end
        raise InputError(f"{path} is empty (0 bytes): copy or download it again.")
    check_size(str(path), size, max_bytes)
    kept = folder / path.name
    try:
        copy(path, kept)
    except PermissionError:
        raise InputError(
            f"{path} can't be read: permission denied, change the file's permissions."
        ) from None
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise HeatersError(f"Could not copy {path}: {error.strerror}.") from error
    return kept
