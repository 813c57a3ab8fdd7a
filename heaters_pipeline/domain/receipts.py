"""What a finished export was measured to be."""

from __future__ import annotations

from typing_extensions import TypedDict


class Receipt(TypedDict):
    """Kept with the clip whose file it describes."""

    frame_count: int
    duration_seconds: float
    size: int
    """Bytes."""
    sha256: str
    psnr_least: float
    """dB, against the gold master, of the frame that lost most; 100 where none lost anything."""
    psnr_mean: float
    audio_lag: float | None
    """Seconds that the audio is late; None where there is none, or silence."""
    ffmpeg: str
    """The version that wrote and read the file."""
