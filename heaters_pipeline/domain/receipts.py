"""What a finished export was measured to be."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict


class Receipt(TypedDict):
    """Kept with the file that it describes."""

    profile: NotRequired[str]
    """Its name; older receipts, of the profile `delivery`, do not say it."""
    profile_hash: NotRequired[str]

    frame_count: int
    duration_seconds: float
    size: int
    """Bytes."""
    sha256: str
    lossless: NotRequired[bool]
    """Every frame was compared with the gold master's by checksum."""
    held_frames: NotRequired[int]
    """Frames at the end that hold the last one of a clip that is too short."""
    encode_seconds: NotRequired[float]
    """What decoding and encoding took, without the proof."""
    psnr_least: float
    """dB, against the gold master, of the frame that lost most; 100 where none lost anything."""
    psnr_mean: float
    audio_lag: float | None
    """Seconds that the audio is late, of the track that is late most; None where there is none, or
    silence."""
    audio_tracks: NotRequired[int]
    ffmpeg: str
    """The version that wrote and read the file."""
