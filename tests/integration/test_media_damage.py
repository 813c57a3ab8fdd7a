"""Damaged footage: all that decodes is kept, the damage is counted and marked, nothing is lost
without a word. Footage that can't be kept whole is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.damage import Damage
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.ffmpeg.checksums import read_checksums, verify_gold_master
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.transcode import GoldMaster, Product, transcode
from tests import footage
from tests.footage import STALL_SECONDS, make_numbered_film, remake, spoil
from tests.integration.test_media_footage import numbers, pictures

FRAMES = 120
GROUP = {"preset": "ultrafast", "g": "20", "bf": "0"}
"""Damage ends with the next key frame."""

FILMS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"options": GROUP},
    "h264.mkv": {"options": GROUP | {"bf": "2"}},
    "h264.ts": {"options": GROUP},
    "mpeg4.avi": {"codec": "mpeg4", "audio_codec": "mp2", "options": {"g": "20", "b": "2000000"}},
    "hevc.mkv": {
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "log-level=1:keyint=20"},
    },
    "vp9.webm": {
        **{"codec": "libvpx-vp9", "audio_codec": "libopus"},
        "options": {"deadline": "realtime", "cpu-used": "8", "b": "2000000", "g": "20"},
    },
}


@pytest.fixture(autouse=True)
def stripes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame is drawn like an earlier one, so that the decoder has something to lose."""
    monkeypatch.setattr(footage, "STEPS", FRAMES)


def spoilt(name: str, folder: Path) -> Path:
    """A film whose third sixth, or so, is damaged."""
    return spoil(make_numbered_film(folder / name, FRAMES, audio=True, **FILMS[name]), 0.4, 0.5)


@pytest.mark.parametrize("name", FILMS)
def test_what_decodes_is_kept_and_the_damage_is_marked(name: str, tmp_path: Path) -> None:
    film = spoilt(name, tmp_path)
    facts = probe(film)
    made = transcode(film, facts, tmp_path, frozenset(Product), stall_seconds=STALL_SECONDS)
    assert made.frame_count == sum(1 for _ in pictures(film))
    assert made.gold_master and made.review_proxy and made.frame_checksums
    damage = made.damage
    assert damage and damage.errors > 0 and damage.missing_seconds == 0
    assert all(0 <= start < end <= made.frame_count for start, end in damage.frames)
    shown = numbers(made.review_proxy)
    assert len(shown) == made.frame_count
    marked = {frame for start, end in damage.frames for frame in range(start, end)}
    assert damage.frame_count == len(marked) < FRAMES / 2
    right = set(range(FRAMES))
    for frame, number in enumerate(shown):
        if frame not in marked and name != "vp9.webm":  # most wrong bits are good VP9
            assert number in right, "an unmarked frame is whole"
            right.discard(number)
    assert shown[:30] == list(range(30))
    assert shown[-20:] == list(range(FRAMES - 20, FRAMES))
    assert (
        verify_gold_master(
            made.gold_master,
            read_checksums(made.frame_checksums),
            tmp_path,
            stall_seconds=STALL_SECONDS,
        )
        == []
    )


@pytest.mark.parametrize("name", ["h264.mp4", "h264.ts", "vp9.webm"])
def test_a_damaged_source_can_be_its_own_gold_master(name: str, tmp_path: Path) -> None:
    film = spoilt(name, tmp_path)
    facts = probe(film)
    made = transcode(
        film, facts, tmp_path, frozenset(Product), gold=GoldMaster.COPY, stall_seconds=STALL_SECONDS
    )
    assert made.damage and made.frame_checksums and made.review_proxy
    checksums, shown = read_checksums(made.frame_checksums), numbers(made.review_proxy)
    assert verify_gold_master(film, checksums, tmp_path, stall_seconds=STALL_SECONDS) == []
    middle = made.damage.frames[0][0] if made.damage.frames else made.frame_count // 2
    for start, end in (
        (10, 14),
        (middle - 2, middle + 3),
        (made.frame_count - 5, made.frame_count),
    ):
        out = tmp_path / "clip.mp4"
        clip = GoldRange(film, checksums, FrameRange(start, end), facts.rate, facts.orientation)
        export_clip(clip, out, stall_seconds=STALL_SECONDS)
        assert len(numbers(out)) == end - start
    assert numbers(out) == shown[-5:]


@pytest.mark.parametrize("name", ["film.mkv", "film.flv", "film.avi"])
def test_a_film_that_ends_too_early_says_so(name: str, tmp_path: Path) -> None:
    codec = {"codec": "mpeg4", "audio_codec": "mp2", "options": {"b": "2000000"}}
    film = make_numbered_film(
        tmp_path / name, FRAMES, **(codec if name == "film.avi" else {"options": GROUP})
    )
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    made = transcode(film, probe(film), tmp_path, frozenset(Product), stall_seconds=STALL_SECONDS)
    assert made.damage
    assert made.damage.missing_seconds == pytest.approx((FRAMES - made.frame_count) / 25, abs=0.3)
    assert 1 < made.damage.missing_seconds < 4


def test_what_is_no_damage_is_not_called_so(tmp_path: Path) -> None:
    """Audio that is longer than the video, an edit list, an undamaged film."""

    def damage(film: Path) -> Damage | None:
        return transcode(
            film,
            probe(film),
            tmp_path,
            frozenset({Product.FRAME_SCORES}),
            stall_seconds=STALL_SECONDS,
        ).damage

    whole = make_numbered_film(tmp_path / "whole.mp4", FRAMES, options=GROUP)
    assert damage(whole) is None
    for suffix in ("mp4", "mkv", "flv"):
        longer = remake(
            whole, tmp_path / f"longer.{suffix}", c="copy", **{"bsf:v": "noise=drop=gt(n\\,60)"}
        )
        assert damage(longer) is None
    assert damage(remake(whole, tmp_path / "edited.mp4", seek=1.3, c="copy")) is None


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ({"size": (640, 360)}, "its size from 320x180 to 640x360 at 0.96"),
        ({"pixel_format": "yuv422p"}, "its pixel format at 0.96"),
    ],
)
def test_a_picture_that_changes_in_mid_stream_is_refused(
    again: dict[str, Any], said: str, tmp_path: Path
) -> None:
    first = make_numbered_film(tmp_path / "first.ts", 24, audio=False)
    other = make_numbered_film(tmp_path / "other.ts", 24, audio=False, **again)
    film = tmp_path / "film.ts"
    film.write_bytes(first.read_bytes() + other.read_bytes())
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        transcode(film, probe(film), folder, frozenset(Product), stall_seconds=STALL_SECONDS)
    assert str(caught.value).startswith(f"film.ts changes {said}")
    assert str(caught.value).endswith("add the parts, or convert it to one format first.")
    assert list(folder.iterdir()) == []


def test_another_range_in_mid_stream_is_no_other_picture(tmp_path: Path) -> None:
    first = make_numbered_film(tmp_path / "first.ts", 24, audio=False)
    other = remake(
        make_numbered_film(tmp_path / "film.mp4", 24, audio=False), tmp_path / "other.ts",
        vcodec="libx264", color_range="pc",
    )  # fmt: skip
    film = tmp_path / "joined.ts"
    film.write_bytes(first.read_bytes() + other.read_bytes())
    made = transcode(film, probe(film), tmp_path, frozenset(Product), stall_seconds=STALL_SECONDS)
    assert made.review_proxy and numbers(made.review_proxy) == [*range(24), *range(24)]


def test_marks_are_ranges_that_json_can_hold() -> None:
    damage = Damage((FrameRange(3, 5), FrameRange(9, 10)), 4, 0.0)
    assert damage.frame_count == 3
    assert damage.as_json() == {"frames": ((3, 5), (9, 10)), "errors": 4, "missing_seconds": 0.0}
