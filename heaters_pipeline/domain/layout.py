"""Where each object lies in the storage: the keys of everything that is made of a video or clip."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

PROXY_ID_LENGTH = 16


def proxy_id(video_key: str, digests: Sequence[str]) -> str:
    """The name of a video's proxy: it differs where the picture or the sound (`digests` of both
    files) does, and between videos that show the same."""
    named = "/".join([video_key, *digests])
    return hashlib.sha256(named.encode()).hexdigest()[:PROXY_ID_LENGTH]


def source(video_key: str, suffix: str) -> str:
    """`suffix` with its dot, as in `.mp4`."""
    return f"videos/{video_key}/source{suffix}"


def gold_master(video_key: str) -> str:
    return f"videos/{video_key}/gold_master.mkv"


def frame_checksums(video_key: str) -> str:
    return f"videos/{video_key}/frame_checksums.txt"


def frame_scores(video_key: str) -> str:
    return f"videos/{video_key}/frame_scores.rgb"


def review_proxy(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.mp4"


def proxy_audio(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.wav"


def clip_file(clip_id: int) -> str:
    return f"clips/{clip_id}/clip.mp4"


def keyframe(clip_id: int, frame: int) -> str:
    """`frame` is its number in the source video."""
    return f"clips/{clip_id}/keyframe-{frame}.jpg"
