"""Export profiles: what a file that leaves the house is like.

A profile is data: a row with a name and a spec. The hash of the spec names everything that changes
a file's bytes; it is part of the file's storage key.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.file_names import DEFAULT_NAME, check_template

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""What a name of a profile is made of: it stands in addresses and file names."""

HASH_LENGTH = 12

MAIN = "delivery"
"""The profile that every installation begins with."""


class Container(StrEnum):
    MP4 = "mp4"
    MOV = "mov"
    MKV = "mkv"


class Codec(StrEnum):
    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"
    PRORES = "prores"
    FFV1 = "ffv1"


class Picture(StrEnum):
    """Which pixels the encoder gets."""

    SOURCE = "source"
    """All lines and colours of the source, in the nearest pixel format that the codec has."""
    WEB = "web"
    """8 bits, 4:2:0, BT.709 in standard dynamic range, whole frames, square pixels."""


class Fit(StrEnum):
    """What `width` and `height` mean."""

    WITHIN = "within"
    """At most these, with the image's own shape; nothing is enlarged."""
    FILL = "fill"
    """Exactly these; what stands out on two sides is cut off."""
    PAD = "pad"
    """Exactly these, with black on two sides."""


class AudioCodec(StrEnum):
    AAC = "aac"
    FLAC = "flac"
    PCM = "pcm"


class Groups(StrEnum):
    """What a group of clips becomes."""

    PARTS = "parts"
    ONE = "one"
    BOTH = "both"


ALL_TRACKS: Literal["all"] = "all"

Tracks = tuple[int, ...] | Literal["all"]
"""Numbers of audio tracks, counted from 1; none of them is an empty tuple."""


@dataclass(frozen=True)
class Profile:
    """Fields that are left as they are here are left out of the spec, so that a new field changes
    no hash. Raises InputError (one sentence) for what can't be."""

    container: Container
    codec: Codec
    quality: int | None = None
    """CRF (lower is better), or ProRes' own profile from 0, proxy, to 5, 4444 XQ; None for FFV1,
    which loses nothing."""
    picture: Picture = Picture.SOURCE
    audio: Tracks = (1,)
    """Tracks that a source does not have are left out."""
    audio_codec: AudioCodec = AudioCodec.AAC
    crop: str | None = None
    """`W:H`: the largest part in the middle that has this shape."""
    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.WITHIN
    rate: str | None = None
    """Frames per second, as in `25` or `30000/1001`; None: the source's own times."""
    seconds: float | None = None
    """Length of every file: the middle of longer clips; shorter ones hold their last frame."""
    trimmed: bool = False
    """Without the frames of transitions at the clip's ends."""
    groups: Groups = Groups.PARTS
    name: str = DEFAULT_NAME
    """Template of the names that files get when they are handed over (`domain.file_names`)."""

    def __post_init__(self) -> None:
        self._check_streams()
        self._check_geometry()
        self._check_times()
        check_template(self.name)

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the defaults; JSON of the same spec is always the same."""
        given = asdict(self)
        usual = {each.name: each.default for each in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in sorted(given.items())
            if value != usual[name]
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> Profile:
        """Raises InputError where `spec` is not one of a profile."""
        known = [each.name for each in fields(cls)]
        if strange := sorted(spec.keys() - set(known)):
            raise InputError(f"A profile has no field {strange[0]}; it has {', '.join(known)}.")
        if missing := [name for name in ("container", "codec") if not spec.get(name)]:
            raise InputError(f"A profile needs a {missing[0]}.")
        return cls(**{name: _value(name, value) for name, value in spec.items()})

    @property
    def hash(self) -> str:
        """12 hexadecimal digits of what changes a file's bytes."""
        spec = {
            name: value for name, value in self.as_json().items() if name not in _OF_NAMES_ALONE
        }
        canonical = json.dumps(spec, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]

    @property
    def is_lossless(self) -> bool:
        """Every frame of a file has the very pixels that went into the encoder."""
        return self.codec is Codec.FFV1

    @property
    def frame_rate(self) -> Fraction | None:
        return Fraction(self.rate) if self.rate else None

    @property
    def frame_count(self) -> int | None:
        """Frames of every file, where all have the same length."""
        if self.frame_rate is None or self.seconds is None:
            return None
        return round(self.frame_rate * Fraction(str(self.seconds)))

    @property
    def shape(self) -> Fraction | None:
        """Width over height of what is kept."""
        return Fraction(self.crop.replace(":", "/")) if self.crop else None

    def _check_streams(self) -> None:
        if self.container not in _CONTAINERS[self.codec]:
            fitting = " or ".join(_CONTAINERS[self.codec])
            raise InputError(f"{self.codec} does not go into {self.container}: choose {fitting}.")
        lowest_to_highest = _QUALITIES.get(self.codec)
        if lowest_to_highest is None:
            if self.quality is not None:
                raise InputError(f"{self.codec} loses nothing: it takes no quality.")
        elif self.quality is None or self.quality not in lowest_to_highest:
            first, last = lowest_to_highest[0], lowest_to_highest[-1]
            raise InputError(
                f"The quality of {self.codec} is {self.quality}; it must be from {first} to {last}."
            )
        if self.picture is Picture.WEB and self.codec in (Codec.PRORES, Codec.FFV1):
            raise InputError(f"The picture `web` is not for {self.codec}: choose `source`.")
        if self.audio and self.container not in _AUDIO_CONTAINERS[self.audio_codec]:
            fitting = " or ".join(_AUDIO_CONTAINERS[self.audio_codec])
            raise InputError(
                f"{self.audio_codec} does not go into {self.container}: choose {fitting}, or "
                "another codec."
            )
        if self.audio != ALL_TRACKS and (
            any(track < 1 for track in self.audio) or len(set(self.audio)) < len(self.audio)
        ):
            raise InputError("Audio tracks are numbers from 1 on, each once.")

    def _check_geometry(self) -> None:
        if self.crop is not None and not re.fullmatch(r"[1-9]\d{0,3}:[1-9]\d{0,3}", self.crop):
            raise InputError(f"The crop is {self.crop!r}; it must be a shape such as 9:16.")
        for name, side in (("width", self.width), ("height", self.height)):
            if side is not None and (side % 2 or not 16 <= side <= 8192):
                raise InputError(f"The {name} is {side}; it must be even, from 16 to 8192.")
        if self.fit is not Fit.WITHIN and not (self.width and self.height):
            raise InputError(f"The fit `{self.fit}` needs a width and a height.")

    def _check_times(self) -> None:
        if self.rate is not None and not (
            re.fullmatch(r"\d+(/\d+)?", self.rate)
            and not self.rate.endswith("/0")
            and 0 < Fraction(self.rate) <= MOST_FRAMES_PER_SECOND
        ):
            raise InputError(f"The rate is {self.rate!r}; it must be as in 25 or 30000/1001.")
        if self.seconds is not None:
            if self.rate is None:
                raise InputError("A profile with a length needs a rate, too.")
            if not 0 < self.seconds <= MOST_SECONDS or not self.frame_count:
                raise InputError(
                    f"The length is {self.seconds:g} s; it must be one frame at least, and "
                    f"{MOST_SECONDS} s at most."
                )
            if self.groups is not Groups.PARTS:
                raise InputError(
                    "A profile with a length makes a file of each clip of a group: "
                    "its groups must be `parts`."
                )


MOST_FRAMES_PER_SECOND = 240
MOST_SECONDS = 3600

_CONTAINERS: Mapping[Codec, Sequence[Container]] = {
    Codec.H264: tuple(Container),
    Codec.HEVC: tuple(Container),
    Codec.AV1: (Container.MP4, Container.MKV),
    Codec.PRORES: (Container.MOV, Container.MKV),
    Codec.FFV1: (Container.MKV,),
}

_AUDIO_CONTAINERS: Mapping[AudioCodec, Sequence[Container]] = {
    AudioCodec.AAC: tuple(Container),
    AudioCodec.FLAC: (Container.MP4, Container.MKV),
    AudioCodec.PCM: (Container.MOV, Container.MKV),
}

_QUALITIES: Mapping[Codec, range] = {
    Codec.H264: range(1, 52),
    Codec.HEVC: range(1, 52),
    Codec.AV1: range(1, 64),
    Codec.PRORES: range(6),
}

_OF_NAMES_ALONE = ("name", "groups")


_WORDS: Mapping[str, type[StrEnum]] = {
    "container": Container,
    "codec": Codec,
    "picture": Picture,
    "audio_codec": AudioCodec,
    "fit": Fit,
    "groups": Groups,
}


def _value(name: str, given: Any) -> Any:
    """The value of a field, from JSON. Raises InputError where it is of another kind."""
    if given is None:
        return None
    if name in _WORDS:
        kind = _WORDS[name]
        if given not in set(kind):
            raise InputError(f"The {name} is {given!r}; it must be one of {', '.join(kind)}.")
        return kind(given)
    if name in ("quality", "width", "height") and type(given) is not int:
        raise InputError(f"The {name} is {given!r}; it must be a whole number.")
    if name == "seconds":
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            raise InputError(f"The length is {given!r}; it must be a number of seconds.")
        return float(given)
    if name == "audio":
        return _tracks(given)
    if name == "trimmed" and not isinstance(given, bool):
        raise InputError(f"The field trimmed is {given!r}; it must be true or false.")
    if name in ("crop", "rate", "name") and not isinstance(given, str):
        raise InputError(f"The {name} is {given!r}; it must be a text.")
    return given


def _tracks(given: Any) -> Tracks:
    if given == ALL_TRACKS:
        return ALL_TRACKS
    if isinstance(given, (list, tuple)) and all(type(each) is int for each in given):
        return tuple(given)
    raise InputError(f"The audio is {given!r}; it must be a list of track numbers, or `all`.")


_MP4, _MOV, _MKV = Container.MP4, Container.MOV, Container.MKV

BUILT_IN: Mapping[str, Profile] = {
    MAIN: Profile(_MP4, Codec.H264, quality=16),
    "web": Profile(_MP4, Codec.H264, quality=20, picture=Picture.WEB, width=1920, height=1920),
    "archive": Profile(_MKV, Codec.FFV1, audio=ALL_TRACKS, audio_codec=AudioCodec.FLAC),
    "hevc": Profile(_MP4, Codec.HEVC, quality=20),
    "av1": Profile(_MP4, Codec.AV1, quality=28),
    "prores": Profile(_MOV, Codec.PRORES, quality=3, audio=ALL_TRACKS, audio_codec=AudioCodec.PCM),
    "dataset": Profile(
        _MP4,
        Codec.H264,
        quality=18,
        picture=Picture.WEB,
        audio=(),
        width=256,
        height=256,
        fit=Fit.FILL,
        rate="10",
        seconds=4.0,
    ),
}
"""The rows that an installation begins with."""
