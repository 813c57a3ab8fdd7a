"""What encodes a profile's file: ffmpeg's encoders and their options."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from heaters_pipeline.domain.errors import Refused
from heaters_pipeline.domain.profiles import AudioCodec, Codec, Container, Picture, Profile
from heaters_pipeline.media.ffmpeg.process import Options, ffmpeg_binary

_ENCODERS: Mapping[Codec, Sequence[str]] = {
    Codec.H264: ("libx264",),
    Codec.HEVC: ("libx265",),
    Codec.AV1: ("libsvtav1", "libaom-av1", "librav1e"),
    Codec.PRORES: ("prores_ks",),
    Codec.FFV1: ("ffv1",),
}
"""The first that ffmpeg has is taken."""

_OPTIONS: Mapping[str, Options] = {
    "libx264": {"preset": "medium"},
    "libx265": {"preset": "medium", "x265-params": "log-level=error"},
    "libsvtav1": {"preset": 8, "svtav1-params": "lp=2"},
    "libaom-av1": {"cpu-used": 6, "row-mt": 1},
    "librav1e": {"speed": 8},
    "prores_ks": {"vendor": "apl0"},
    "ffv1": {"level": 3, "g": 1, "slicecrc": 1, "context": 1, "coder": "range_tab"},
}

_AUDIO: Mapping[AudioCodec, Options] = {
    AudioCodec.AAC: {"c:a": "aac", "b:a": "192k"},
    AudioCodec.FLAC: {"c:a": "flac"},
    AudioCodec.PCM: {"c:a": "pcm_s24le"},
}

_MUXERS: Mapping[Container, Options] = {
    Container.MP4: {"format": "mp4", "movflags": "+faststart"},
    Container.MOV: {"format": "mov", "movflags": "+faststart"},
    Container.MKV: {"format": "matroska"},
}


FLAC_BLOCK = 4608
"""Samples: the encoder's own choice at 44.1 and 48 kHz."""


def audio_frames(track: Any, profile: Profile) -> Any:
    """A track as the encoder takes it. FLAC's takes the length of the first frame for that of all,
    and refuses one of fewer than 16 samples, which the start of a range may leave."""
    if profile.audio_codec is not AudioCodec.FLAC:
        return track
    return track.filter("asetnsamples", FLAC_BLOCK, p=0)


def file_options(profile: Profile, *, has_audio: bool) -> Options:
    """Options of ffmpeg's output for a file of `profile`. Raises HeatersError where the ffmpeg here
    can't make one."""
    audio = _AUDIO[profile.audio_codec] if has_audio else {}
    return {**_MUXERS[profile.container], **_video(profile), **audio}


def _video(profile: Profile) -> Options:
    name = encoder(profile.codec)
    options: dict[str, Any] = {"c:v": name, **_OPTIONS[name]}
    match profile.codec:
        case Codec.PRORES:
            options["profile:v"] = profile.quality
        case Codec.FFV1:
            pass
        case Codec.AV1 if name == "librav1e":
            options["qp"] = round((profile.quality or 0) * 255 / 63)
        case Codec.AV1 if name == "libaom-av1":
            options |= {"crf": profile.quality, "b:v": 0}
        case _:
            options["crf"] = profile.quality
    if profile.codec is Codec.HEVC and profile.container is not Container.MKV:
        options["tag:v"] = "hvc1"
    if profile.codec is Codec.H264 and profile.picture is Picture.WEB:
        options["profile:v"] = "high"
    return options


def encoder(codec: Codec) -> str:
    """ffmpeg's encoder for `codec`. Raises Refused where it has none."""
    found = next((name for name in _ENCODERS[codec] if name in _available()), None)
    if found is None:
        raise Refused(
            f"The ffmpeg {ffmpeg_binary()} has no encoder for {codec} "
            f"({', '.join(_ENCODERS[codec])}): put one that has on the PATH, or retire the profile."
        )
    return found


@lru_cache(maxsize=1)
def _available() -> frozenset[str]:
    listed = subprocess.run(
        [ffmpeg_binary(), "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    return frozenset(re.findall(r"^ V[\w.]{5} (\S+)", listed, re.MULTILINE))
