"""Addresses of keyframes, which change whenever the file is made again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from flask import url_for

from heaters_pipeline.db.models import ClipArtifact

_EPOCH = datetime.fromtimestamp(0, UTC)


def version(keyframe: ClipArtifact) -> str:
    """Names the bytes of a keyframe: when its file was made, to the microsecond."""
    age = keyframe.created_at - _EPOCH
    return f"{(age.days * 86_400 + age.seconds) * 1_000_000 + age.microseconds:x}"


def suffix(keyframe: ClipArtifact) -> str:
    return PurePosixPath(keyframe.filepath).suffix


def keyframe_url(keyframe: ClipArtifact) -> str:
    return url_for(
        "clip_files.keyframe",
        clip_id=keyframe.clip_id,
        frame=keyframe.frame,
        version=version(keyframe),
        _asked=suffix(keyframe).removeprefix("."),
    )
