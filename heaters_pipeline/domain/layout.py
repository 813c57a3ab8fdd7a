"""Storage keys: where each object of a video or clip lies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum

PROXY_ID_LENGTH = 16
DIGEST_LENGTH = 10


class Kind(StrEnum):
    """What an object is. The ledger counts bytes by kind, and S3 can keep each kind in a storage
    class of its own."""

    SOURCE = "source"
    GOLD_MASTER = "gold_master"
    FRAME_CHECKSUMS = "frame_checksums"
    FRAME_SCORES = "frame_scores"
    CUT_EVIDENCE = "cut_evidence"
    REVIEW_PROXY = "review_proxy"
    PROXY_AUDIO = "proxy_audio"
    SPRITES = "sprites"
    CLIP = "clip"
    KEYFRAME = "keyframe"


_NAMES = {
    r"source[-.][^/]*": Kind.SOURCE,
    r"gold_master(-\w+)?\.mkv": Kind.GOLD_MASTER,
    r"frame_checksums(-\w+)?\.txt": Kind.FRAME_CHECKSUMS,
    r"frame_scores(-\w+)?\.rgb": Kind.FRAME_SCORES,
    r"cut_evidence-[\w-]+\.npz": Kind.CUT_EVIDENCE,
    r"proxy-[0-9a-f]+\.mp4": Kind.REVIEW_PROXY,
    r"proxy-[0-9a-f]+\.wav": Kind.PROXY_AUDIO,
    r"sprites-[0-9a-f]+\.mov": Kind.SPRITES,
    r"clip\.mp4": Kind.CLIP,
    r"clip-[a-z0-9-]+-[0-9a-f]{12}\.(mp4|mov|mkv)": Kind.CLIP,
    r"group-[a-z0-9-]+-[0-9a-f]+\.(mp4|mov|mkv)": Kind.CLIP,
    r"keyframe-\d+\.(jpg|webp)": Kind.KEYFRAME,
}


def kind(key: str) -> Kind | None:
    """What the object with this key is; None where it belongs to no video or clip."""
    name = key.rpartition("/")[2]
    return next((kind for pattern, kind in _NAMES.items() if re.fullmatch(pattern, name)), None)


def proxy_id(video_key: str, digests: Sequence[str]) -> str:
    """The name of a video's proxy, from the digests of its files: video, audio, sprite sheets. It
    also differs between two videos with equal files."""
    named = "/".join([video_key, *digests])
    return hashlib.sha256(named.encode()).hexdigest()[:PROXY_ID_LENGTH]


def name_of(sha256: str) -> str:
    """The part of a product's key that names the bytes of its source."""
    return sha256[:DIGEST_LENGTH]


def source(video_key: str, name: str, suffix: str) -> str:
    """`name` tells one download of the video from another (`name_of` its digest, or `upload`), so
    that a new one never overwrites an older one; `suffix` has its dot, as in `.mp4`."""
    return f"videos/{video_key}/source-{name}{suffix}"


def gold_master(video_key: str, name: str) -> str:
    """`name` is that of the source, here and below: the products of two sources lie side by side
    until the row switches from one to the other."""
    return f"videos/{video_key}/gold_master-{name}.mkv"


def frame_checksums(video_key: str, name: str) -> str:
    return f"videos/{video_key}/frame_checksums-{name}.txt"


def frame_scores(video_key: str, name: str) -> str:
    return f"videos/{video_key}/frame_scores-{name}.rgb"


def cut_evidence(video_key: str, thumbnails: str, evidence: str) -> str:
    """`thumbnails` is the name of their digest, `evidence` names what else it depends on."""
    return f"videos/{video_key}/cut_evidence-{thumbnails}-{evidence}.npz"


def review_proxy(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.mp4"


def proxy_audio(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.wav"


def sprites(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/sprites-{proxy_id}.mov"


def clip_file(clip_id: int) -> str:
    """The one file of clips that were exported before there were profiles."""
    return f"clips/{clip_id}/clip.mp4"


def clip_export(clip_id: int, profile: str, digest: str, container: str) -> str:
    """`profile` is its name, `digest` the hash of its spec."""
    return f"clips/{clip_id}/clip-{profile}-{digest}.{container}"


def group_export(first_clip_id: int, profile: str, basis: str, container: str) -> str:
    """`basis` names the clips with their frames, and the profile's spec."""
    return f"groups/{first_clip_id}/group-{profile}-{basis[:DIGEST_LENGTH]}.{container}"


def keyframe(clip_id: int, frame: int, suffix: str = ".jpg") -> str:
    """`frame` is its number in the source video."""
    return f"clips/{clip_id}/keyframe-{frame}{suffix}"
