"""What an interrupted download left, and which parts of it a later one resumes from.

Each choice of formats has a folder of its own, `parts-<digest of the choice>`, so that nothing that
one attempt left ends up in another's file. In it, a later attempt uses only what came from the
server:

- the `.part` of a file that comes in one piece: its bytes are a prefix of the file;
- the fragments of a file that comes in many: each appears whole, by a rename; the file assembled
  from them, whose end a kill may have torn or doubled, is assembled anew;
- finished files, under a second name, `.raw`, that they get before any post-processing sees them.

Beside a finished result lies `result-<digest of the choice>.json`, a note for a caller that could
not store the result and retries.

The products of post-processing (merging, repairing) are deleted and made again. So a download that
was killed at any moment ends with the same bytes as one that was not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from heaters_pipeline.domain.quality import DownloadQuality
from heaters_pipeline.files.blocks import copy
from heaters_pipeline.media.download.formats import choice_of
from heaters_pipeline.media.download.ytdlp import Info

_SERVED = re.compile(r"\.(raw|part|part-Frag\d+(\.part)?)$")


class Result(NamedTuple):
    path: Path
    quality: DownloadQuality


def parts_folder(folder: Path, info: Info) -> Path:
    return folder / f"parts-{choice_of(info)}"


def clear(folder: Path, keep: Path | None = None) -> None:
    """Removes the parts that attempts left, but those in `keep`, and nothing else."""
    for parts in folder.glob("parts-*"):
        if parts != keep:
            shutil.rmtree(parts)


def note_result(result: Result, url: str, info: Info) -> None:
    """Notes that `result` is the whole video at `url` in the formats chosen in `info`."""
    path = result.path
    note = _note(path.parent, info)
    told = {"url": url, "file": path.name, "bytes": path.stat().st_size, "quality": result.quality}
    written = note.with_suffix(".partial")
    written.write_text(json.dumps(told))
    written.replace(note)


def noted_result(folder: Path, url: str, info: Info) -> Result | None:
    """The result that `note_result` noted, if its file is still there."""
    try:
        told = json.loads(_note(folder, info).read_text())
        path = folder / told["file"]
        same = told["url"] == url and path.stat().st_size == told["bytes"]
    except FileNotFoundError:
        return None
    return Result(path, told["quality"]) if same else None


def clear_results(folder: Path, name: str) -> None:
    """Removes results called `name`, and the notes on them."""
    for pattern in (f"{name}.*", "result-*"):
        for stale in folder.glob(pattern):
            stale.unlink()


def _note(folder: Path, info: Info) -> Path:
    return folder / f"result-{choice_of(info)}.json"


def take_up(parts: Path) -> None:
    """Prepares what an earlier attempt left for yt-dlp, which resumes from files that it finds."""
    parts.mkdir(exist_ok=True)
    for path in list(parts.iterdir()):
        if not _SERVED.search(path.name):
            path.unlink()
    for fragment in parts.glob("*.part-Frag*"):
        assembled = fragment.name[: fragment.name.rindex("-Frag")]
        (parts / assembled).unlink(missing_ok=True)
    for part in parts.glob("*.part"):
        # The part may be the whole file, and a server answers a request beyond the end with 416.
        os.truncate(part, max(0, part.stat().st_size - 1))
    for raw in parts.glob("*.raw"):
        _second_name(raw, raw.with_suffix(""))


def keep_as_served(path: Path) -> None:
    """Gives a file that yt-dlp has finished a second name, before post-processing changes it."""
    raw = path.with_name(f"{path.name}.raw")
    if not raw.exists():
        _second_name(path, raw)
    for fragment in path.parent.glob("*.part-Frag*"):
        if fragment.name.startswith(f"{path.name}.part-Frag"):
            fragment.unlink()


def _second_name(path: Path, name: Path) -> None:
    """A hard link, or a copy on a file system without hard links; whole or absent."""
    try:
        os.link(path, name)
    except OSError:
        whole = name.with_name(f"{name.name}.copy")
        copy(path, whole)
        whole.replace(name)
