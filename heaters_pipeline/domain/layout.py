"""Storage keys: where each object of a video or clip lies.

A key never names two contents: it has a digest of the bytes in it, or a name that is minted once.
So a deletion that comes late can't hit a newer file. Keys of older rows, which lack their own
digest, stay valid.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum

from heaters_pipeline.domain.keys import KEY_PATTERN

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
    r"gold_master(-\w+){0,2}\.mkv": Kind.GOLD_MASTER,
    r"frame_checksums(-\w+){0,2}\.txt": Kind.FRAME_CHECKSUMS,
    r"frame_scores(-\w+){0,2}\.rgb": Kind.FRAME_SCORES,
    r"cut_evidence-[\w-]+\.npz": Kind.CUT_EVIDENCE,
    r"proxy-[0-9a-f]+\.mp4": Kind.REVIEW_PROXY,
    r"proxy-[0-9a-f]+-\d+-[0-9a-f]+\.samples": Kind.REVIEW_PROXY,
    r"proxy-[0-9a-f]+\.wav": Kind.PROXY_AUDIO,
    r"sprites-[0-9a-f]+\.mov": Kind.SPRITES,
    r"clip\.mp4": Kind.CLIP,
    r"clip-[a-z0-9-]+-[0-9a-f]{12}(-[0-9a-f]{10})?\.(mp4|mov|mkv)": Kind.CLIP,
    r"group-[a-z0-9-]+-[0-9a-f]+\.(mp4|mov|mkv)": Kind.CLIP,
    r"keyframe-\d+(-[0-9a-f]{10})?\.(jpg|webp)": Kind.KEYFRAME,
}


_OWN_DIGEST = re.compile(
    r"(source|(gold_master|frame_checksums|frame_scores)-\w+|proxy-[0-9a-f]+-\d+|keyframe-\d+"
    r"|clip-[a-z0-9-]+-[0-9a-f]{12})"
    rf"-([0-9a-f]{{{DIGEST_LENGTH}}})(\.\w+)?"
)

_FOLDERS = rf"videos/{KEY_PATTERN.pattern}|(clips|groups)/\d+"


def kind(key: str) -> Kind | None:
    """What the object with this key is; None where it belongs to no video or clip."""
    name = key.rpartition("/")[2]
    return next((kind for pattern, kind in _NAMES.items() if re.fullmatch(pattern, name)), None)


def own_digest(key: str) -> str | None:
    """`name_of` the digest of the object's bytes; None where the key does not say it for sure."""
    found = _OWN_DIGEST.fullmatch(key.rpartition("/")[2])
    return found[3] if found else None


def is_ours(key: str) -> bool:
    """Whether the pipeline makes objects with such keys: others in the storage are somebody
    else's."""
    folder = key.rpartition("/")[0]
    return kind(key) is not None and bool(re.fullmatch(_FOLDERS, folder))


def proxy_id(video_key: str, digests: Sequence[str]) -> str:
    """The name of a video's proxy, from the digests of its files: video, audio, sprite sheets. It
    also differs between two videos with equal files. (A proxy that can be looked at before it is
    whole gets a name that nothing else has: `work.early_review`.)"""
    named = "/".join([video_key, *digests])
    return hashlib.sha256(named.encode()).hexdigest()[:PROXY_ID_LENGTH]


def name_of(sha256: str) -> str:
    """The part of a key that names bytes by their digest: the object's own (`own` below), or those
    that it was made from."""
    return sha256[:DIGEST_LENGTH]


def source(video_key: str, name: str, suffix: str) -> str:
    """`name` is `name_of` its digest, or `upload`, which a video's key has once; `suffix` has its
    dot, as in `.mp4`."""
    return f"videos/{video_key}/source-{name}{suffix}"


def gold_master(video_key: str, name: str, own: str) -> str:
    """`name` is that of the source, here and below: the products of two sources lie side by side
    until the row switches from one to the other."""
    return f"videos/{video_key}/gold_master-{name}-{own}.mkv"


def frame_checksums(video_key: str, name: str, own: str) -> str:
    return f"videos/{video_key}/frame_checksums-{name}-{own}.txt"


def frame_scores(video_key: str, name: str, own: str) -> str:
    return f"videos/{video_key}/frame_scores-{name}-{own}.rgb"


def cut_evidence(video_key: str, thumbnails: str, evidence: str, own: str) -> str:
    """`thumbnails` is the name of their digest, `evidence` names what else it depends on."""
    return f"videos/{video_key}/cut_evidence-{thumbnails}-{evidence}-{own}.npz"


def is_cut_evidence(path: str, video_key: str, thumbnails: str, evidence: str) -> bool:
    """Whether the object with the key `path` is this evidence, whatever its own digest."""
    base = f"videos/{video_key}/cut_evidence-{thumbnails}-{evidence}"
    return bool(re.fullmatch(rf"{re.escape(base)}(-[0-9a-f]{{{DIGEST_LENGTH}}})?\.npz", path))


def review_proxy(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.mp4"


def proxy_segment(video_key: str, proxy_id: str, number: int, own: str) -> str:
    """A part of a proxy that is still being made (`domain.segments`)."""
    return f"videos/{video_key}/proxy-{proxy_id}-{number}-{own}.samples"


def proxy_audio(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/proxy-{proxy_id}.wav"


def sprites(video_key: str, proxy_id: str) -> str:
    return f"videos/{video_key}/sprites-{proxy_id}.mov"


def clip_file(clip_id: int) -> str:
    """The one file of clips that were exported before there were profiles."""
    return f"clips/{clip_id}/clip.mp4"


def clip_export(clip_id: int, profile: str, digest: str, own: str, container: str) -> str:
    """`profile` is its name, `digest` the hash of its spec."""
    return f"clips/{clip_id}/clip-{profile}-{digest}-{own}.{container}"


def group_export(first_clip_id: int, profile: str, basis: str, own: str, container: str) -> str:
    """`basis` names the clips with their frames, and the profile's spec."""
    return f"groups/{first_clip_id}/group-{profile}-{name_of(basis)}-{own}.{container}"


def clip_sprites(clip_id: int, own: str) -> str:
    return f"clips/{clip_id}/sprites-{own}.mov"


def keyframe(clip_id: int, frame: int, own: str, suffix: str = ".jpg") -> str:
    """`frame` is its number in the source video."""
    return f"clips/{clip_id}/keyframe-{frame}-{own}{suffix}"
