"""Which of the formats that a site lists are downloaded."""

from __future__ import annotations

import hashlib
import json

from heaters_pipeline.media.download.ytdlp import Info

PRIMARY_FORMAT = "bv*[ext=mp4]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b"
"""The best video and the best audio that fit into an MP4 unchanged; failing these, the best of any
kind. This and FALLBACK_FORMAT are the only choice: a limit of height, a preferred extension or a
fixed client anywhere else would quietly turn 4K into 360p."""

FALLBACK_FORMAT = "bestvideo[ext=mp4][vcodec^=avc1]+bestaudio[ext=m4a]/best[ext=mp4]/best"
"""H.264 and AAC, which sites have longest served and everything reads, for when PRIMARY_FORMAT
fails."""

_IDENTIFYING = ("format_id", "ext", "vcodec", "acodec", "width", "height", "fps", "tbr", "filesize")


def chosen_formats(info: Info) -> list[Info]:
    """One, or several to be merged."""
    return info.get("requested_formats") or [info]


def choice_of(info: Info) -> str:
    """A name for the formats chosen in `info`. When a site lists other formats tomorrow, the name
    differs, and the parts of today's download are not mixed with theirs."""
    facts = [[each.get(name) for name in _IDENTIFYING] for each in chosen_formats(info)]
    # The time is that of the upload or, of a plain file, its Last-Modified.
    told = json.dumps([facts, info.get("duration"), info.get("timestamp")])
    return hashlib.sha256(told.encode()).hexdigest()[:10]
