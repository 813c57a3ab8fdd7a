"""Profiles as people write and read them: `width=1080`, "H.264 in MP4, CRF 20"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.profiles import (
    ALL_TRACKS,
    AudioCodec,
    Codec,
    Fit,
    Groups,
    Picture,
    Profile,
)

NO_TRACKS = "none"

_CODECS: Mapping[Codec, str] = {
    Codec.H264: "H.264",
    Codec.HEVC: "HEVC",
    Codec.AV1: "AV1",
    Codec.PRORES: "ProRes",
    Codec.FFV1: "FFV1",
}
_AUDIO: Mapping[AudioCodec, str] = {
    AudioCodec.AAC: "AAC",
    AudioCodec.FLAC: "FLAC",
    AudioCodec.PCM: "PCM",
}
_PRORES = ("proxy", "LT", "standard", "HQ", "4444", "4444 XQ")


def changed(profile: Profile | None, texts: Mapping[str, str]) -> Profile:
    """`profile`, or a new one, with these fields; an empty text gives a field its usual value.
    Raises InputError (one sentence) for what is no field or no value of one."""
    usual = {each.name: each.default for each in fields(Profile)}
    spec = profile.as_json() if profile else {}
    for name, text in texts.items():
        given = text.strip()
        if name not in usual:
            raise InputError(f"A profile has no field {name}; it has {', '.join(usual)}.")
        if given:
            spec[name] = _value(name, given)
        else:
            spec.pop(name, None)
    return Profile.from_json(spec)


def texts(profile: Profile) -> dict[str, str]:
    """Every field as `changed` takes it."""
    return {each.name: _text(getattr(profile, each.name)) for each in fields(profile)}


def in_words(profile: Profile) -> list[str]:
    """What its files are like, most important first."""
    said = [
        f"{_CODECS[profile.codec]} in {profile.container.upper()}, {_quality(profile)}",
        *([_size(profile)] if _size(profile) else []),
        "8 bits, 4:2:0, BT.709, whole frames"
        if profile.picture is Picture.WEB
        else "the source's colours and fields",
    ]
    if profile.rate:
        said.append(f"{profile.rate} frames per second")
    if profile.seconds:
        said.append(f"the middle {profile.seconds:g} s")
    if profile.trimmed:
        said.append("without transitions")
    said.append(_tracks(profile))
    if profile.groups is not Groups.PARTS:
        parts = " and as its parts" if profile.groups is Groups.BOTH else ""
        said.append(f"a group as one file{parts}")
    return said


def _quality(profile: Profile) -> str:
    if profile.quality is None:
        return "lossless"
    if profile.codec is Codec.PRORES:
        return _PRORES[profile.quality]
    return f"CRF {profile.quality}"


def _size(profile: Profile) -> str:
    shape = f"cut to {profile.crop}" if profile.crop else ""
    width, height = profile.width, profile.height
    if profile.fit is not Fit.WITHIN:
        how = "cut to fit" if profile.fit is Fit.FILL else "with black around it"
        size = f"{width} x {height}, {how}"
    elif width and height:
        size = f"at most {width} x {height}"
    elif width or height:
        size = f"at most {width or height} {'wide' if width else 'high'}"
    else:
        size = ""
    return ", ".join(filter(None, (shape, size)))


def _tracks(profile: Profile) -> str:
    if not profile.audio:
        return "no audio"
    codec = _AUDIO[profile.audio_codec]
    if profile.audio == ALL_TRACKS:
        return f"all audio tracks as {codec}"
    if profile.audio == (1,):
        return f"the first audio track as {codec}"
    return f"audio tracks {', '.join(map(str, profile.audio))} as {codec}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or NO_TRACKS
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(name: str, given: str) -> Any:
    """As JSON has it; what can't be read stays a text, which the profile refuses."""
    if name in ("quality", "width", "height") and given.isdecimal():
        return int(given)
    if name == "seconds":
        try:
            return float(given)
        except ValueError:
            return given
    if name == "trimmed":
        return {"yes": True, "true": True, "no": False, "false": False}.get(given.lower(), given)
    if name == "audio":
        if given in (ALL_TRACKS, NO_TRACKS):
            return given if given == ALL_TRACKS else []
        parts = [part.strip() for part in given.split(",")]
        return [int(part) for part in parts] if all(map(str.isdecimal, parts)) else given
    return given
