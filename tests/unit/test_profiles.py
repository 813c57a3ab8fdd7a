"""Export profiles: specs, hashes, what people write and read, and where pixels go."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.geometry import Geometry, Size, geometry, shown_size
from heaters_pipeline.domain.profile_texts import changed, in_words, texts
from heaters_pipeline.domain.profiles import ALL_TRACKS, BUILT_IN, Codec, Container, Fit, Profile

WEB, DELIVERY = BUILT_IN["web"], BUILT_IN["delivery"]
SQUARE = Fraction(1)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_spec_survives_json_and_text(name: str) -> None:
    profile = BUILT_IN[name]
    assert Profile.from_json(json.loads(json.dumps(profile.as_json()))) == profile
    assert changed(None, texts(profile)) == profile


def test_the_hash_names_what_changes_the_bytes_and_nothing_else() -> None:
    assert replace(WEB, name="{clip}").hash == WEB.hash == changed(WEB, {"groups": "both"}).hash
    others = {replace(WEB, quality=21), replace(WEB, audio=()), replace(WEB, trimmed=True)}
    assert len({WEB.hash, *(each.hash for each in others)}) == 4


def test_new_fields_leave_old_hashes_alone() -> None:
    """Frozen: files of every installation are named by them."""
    assert DELIVERY.as_json() == {"codec": "h264", "container": "mp4", "quality": 16}
    assert DELIVERY.hash == "6d4c647a7294"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"codec": "ffv1", "quality": ""}, "ffv1 does not go into mp4: choose mkv."),
        ({"codec": "vp9"}, "The codec is 'vp9'; it must be one of h264"),
        ({"quality": "90"}, "it must be from 1 to 51"),
        ({"quality": "good"}, "The quality is 'good'; it must be a whole number."),
        ({"audio_codec": "pcm"}, "pcm does not go into mp4: choose mov or mkv"),
        ({"audio": "0"}, "Audio tracks are numbers from 1 on"),
        ({"audio": "left"}, "it must be a list of track numbers"),
        ({"crop": "wide"}, "The crop is 'wide'; it must be a shape such as 9:16."),
        ({"width": "31"}, "The width is 31; it must be even"),
        ({"fit": "fill", "height": ""}, "The fit `fill` needs a width and a height."),
        ({"rate": "25/0"}, "The rate is '25/0'"),
        ({"seconds": "2"}, "A profile with a length needs a rate, too."),
        ({"seconds": "0.01", "rate": "10"}, "The length is 0.01 s"),
        ({"seconds": "2", "rate": "10", "groups": "one"}, "its groups must be `parts`"),
        ({"trimmed": "perhaps"}, "it must be true or false"),
        ({"name": "{director}"}, "The name has no field {director}"),
        ({"name": "clip"}, "all files would be called alike"),
        ({"name": "{clip:>{title}}"}, "fields in braces, and no formats"),
        ({"name": "{clip"}, "can't be read"),
        ({"speed": "2"}, "A profile has no field speed"),
        ({"codec": ""}, "A profile needs a codec."),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(fields: dict[str, str], why: str) -> None:
    with pytest.raises(InputError) as refused:
        changed(WEB, fields)
    assert why in str(refused.value)


def test_profiles_in_words() -> None:
    assert in_words(BUILT_IN["dataset"]) == [
        "H.264 in MP4, CRF 18",
        "256 x 256, cut to fit",
        "8 bits, 4:2:0, BT.709, whole frames",
        "10 frames per second",
        "the middle 4 s",
        "no audio",
    ]
    fancy: dict[str, Any] = {"crop": "9:16", "height": 640, "audio": (1, 3), "trimmed": True}
    assert in_words(replace(WEB, width=None, **fancy))[1:] == [
        "cut to 9:16, at most 640 high",
        "8 bits, 4:2:0, BT.709, whole frames",
        "without transitions",
        "audio tracks 1, 3 as AAC",
    ]
    everything = Profile(Container.MOV, Codec.PRORES, 5, audio=ALL_TRACKS)
    assert in_words(everything)[0] == "ProRes in MOV, 4444 XQ"


@pytest.mark.parametrize(
    ("profile", "stored", "aspect", "turned", "expected"),
    [
        (DELIVERY, (641, 359), SQUARE, False, Geometry(None, None, None)),
        (WEB, (3840, 2160), SQUARE, False, Geometry(None, (1920, 1080), None)),
        (WEB, (1920, 1080), SQUARE, True, Geometry(None, (1920, 1080), None)),
        (WEB, (65, 37), SQUARE, False, Geometry(None, (64, 36), None)),
        (WEB, (720, 576), Fraction(64, 45), False, Geometry(None, (1024, 576), None)),
        (replace(DELIVERY, crop="9:16"), (1920, 1080), SQUARE, False,
         Geometry((608, 1080), None, None)),
        (replace(DELIVERY, crop="9:16"), (1080, 1920), SQUARE, True,
         Geometry((1080, 608), None, None)),
        (replace(WEB, width=256, height=256, fit=Fit.FILL), (640, 360), SQUARE, False,
         Geometry((360, 360), (256, 256), None)),
        (replace(WEB, width=256, height=256, fit=Fit.PAD), (640, 360), SQUARE, False,
         Geometry(None, (256, 144), (256, 256))),
        (replace(WEB, width=256, height=128, fit=Fit.PAD), (640, 360), SQUARE, True,
         Geometry(None, (128, 72), (256, 128))),
    ],
)  # fmt: skip
def test_where_pixels_go(
    profile: Profile,
    stored: tuple[int, int],
    aspect: Fraction,
    turned: bool,
    expected: Geometry,
) -> None:
    assert geometry(profile, stored, aspect, swaps_sides=turned) == expected


@pytest.mark.parametrize(
    ("profile", "stored", "aspect", "turned", "size"),
    [
        (DELIVERY, (720, 576), Fraction(64, 45), False, (1024, 576)),
        (WEB, (3840, 2160), SQUARE, True, (1080, 1920)),
        (replace(DELIVERY, crop="9:16"), (1920, 1080), SQUARE, False, (608, 1080)),
        (replace(WEB, width=256, height=128, fit=Fit.PAD), (640, 360), SQUARE, True, (256, 128)),
    ],
)
def test_an_editor_is_told_the_size_of_the_file(
    profile: Profile, stored: Size, aspect: Fraction, turned: bool, size: Size
) -> None:
    assert shown_size(profile, stored, aspect, swaps_sides=turned) == size
