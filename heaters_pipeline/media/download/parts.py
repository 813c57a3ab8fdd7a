"""What an interrupted download left, and what of it may be taken up again.

Each choice of formats has a folder of its own, `parts-<digest of the choice>`, so that nothing that
one attempt left ends up in another's file. In it, only what came from the server is ever taken up
again:

- the `.part` of a file that comes in one piece: its bytes are a prefix of the file;
- the fragments of a file that comes in many, each of which appears whole, by a rename; the file
  assembled from them, whose end a kill may have torn or doubled, is assembled anew;
- finished files, under a second name, `.raw`, that they get before any post-processing sees them.

Beside a finished result lies `result-<digest of the choice>.json`: what was got, for whoever could
not store it and comes back.

What post-processing (merging, repairing) made is thrown away and made again. So a download that was
killed at any moment ends with the bytes of one that was not.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from heaters_pipeline.media.download.ytdlp import Info

_SERVED = re.compile(r"\.(raw|part|part-Frag\d+(\.part)?)$")
_CHOICE = ("format_id", "ext", "vcodec", "acodec", "width", "height", "fps", "tbr", "filesize")


def choice_of(info: Info) -> str:
    """A name for the formats chosen in `info`: if a site lists others tomorrow, what is left of
    today's download is not theirs."""
    facts = [[each.get(name) for name in _CHOICE] for each in chosen_formats(info)]
    # The time is that of the upload or, of a plain file, its Last-Modified.
    told = json.dumps([facts, info.get("duration"), info.get("timestamp")])
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def chosen_formats(info: Info) -> list[Info]:
    """One, or the several that are to be merged."""
    return info.get("requested_formats") or [info]


def parts_folder(folder: Path, info: Info) -> Path:
    return folder / f"parts-{choice_of(info)}"


def clear(folder: Path, keep: Path | None = None) -> None:
    """Removes what attempts left, and nothing that is somebody else's."""
    for parts in folder.glob("parts-*"):
        if parts != keep:
            shutil.rmtree(parts)


def note_result(path: Path, url: str, info: Info, quality: dict[str, Any]) -> None:
    """Notes that `path` is all of the formats chosen in `info` of the video at `url`."""
    note = _note(path.parent, info)
    told = {"url": url, "file": path.name, "bytes": path.stat().st_size, "quality": quality}
    written = note.with_suffix(".partial")
    written.write_text(json.dumps(told))
    written.replace(note)


def noted_result(folder: Path, url: str, info: Info) -> tuple[Path, dict[str, Any]] | None:
    """What `note_result` was told, if the file is there still."""
    try:
        told = json.loads(_note(folder, info).read_text())
        path = folder / told["file"]
        same = told["url"] == url and path.stat().st_size == told["bytes"]
    except FileNotFoundError:
        return None
    return (path, told["quality"]) if same else None


def clear_results(folder: Path, name: str) -> None:
    """Removes results called `name`, and notes of them."""
    for pattern in (f"{name}.*", "result-*"):
        for stale in folder.glob(pattern):
            stale.unlink()


def _note(folder: Path, info: Info) -> Path:
    return folder / f"result-{choice_of(info)}.json"


def take_up(parts: Path) -> None:
    """Readies what an earlier run left for yt-dlp, which goes on from files that it finds."""
    parts.mkdir(exist_ok=True)
    for path in list(parts.iterdir()):
        if not _SERVED.search(path.name):
            path.unlink()
    for fragment in parts.glob("*.part-Frag*"):
        assembled = fragment.name[: fragment.name.rindex("-Frag")]
        (parts / assembled).unlink(missing_ok=True)
    for part in parts.glob("*.part"):
        # It may be whole; a server that is asked for what comes after the end answers 416.
        os.truncate(part, max(0, part.stat().st_size - 1))
    for raw in parts.glob("*.raw"):
        _second_name(raw, raw.with_suffix(""))


def keep_as_served(path: Path) -> None:
    """To be called when yt-dlp has finished a file, before it post-processes any."""
    raw = path.with_name(f"{path.name}.raw")
    if not raw.exists():
        _second_name(path, raw)
    for fragment in path.parent.glob("*.part-Frag*"):
        if fragment.name.startswith(f"{path.name}.part-Frag"):
            fragment.unlink()


def _second_name(path: Path, name: Path) -> None:
    """Whole or not at all; a copy where the file system knows no hard links."""
    try:
        os.link(path, name)
    except OSError:
        copy = name.with_name(f"{name.name}.copy")
        shutil.copyfile(path, copy)
        copy.replace(name)
