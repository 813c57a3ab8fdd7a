"""What footage looks like in the proxy and in exports: dynamic range, colours, fields, alpha,
sizes; and how many audio streams are kept. Numbers are read back from pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.stills import ImageFormat
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.keyframes import take_stills
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.media.products.transcode import GoldMaster, Product, Transcoded, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, make_plain_film, remake
from tests.integration.test_media_footage import pictures, stored_pixels

BT709, BT2020, BT2020_PQ, BT2020_HLG = (1, 1, 1), (9, 14, 9), (9, 16, 9), (9, 18, 9)
SIZE = 64


def ycbcr(luma: int, blue: int = 512, red: int = 512) -> np.ndarray:
    """A plain image, 10 bits, 4:2:0."""
    planes = [
        np.full(SIZE * SIZE // part, code, np.uint16)
        for part, code in ((1, luma), (4, blue), (4, red))
    ]
    return np.concatenate(planes).reshape(SIZE * 3 // 2, SIZE)


def limited(light: float) -> int:
    """The 10-bit code of a signal between 0 and 1, in limited range (ITU-R BT.2100)."""
    return round(64 + 876 * light)


def pq(nits: float) -> float:
    """The signal for a light (SMPTE ST 2084)."""
    power = (nits / 10_000) ** (1305 / 8192)
    return float(((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))


def made_of(source: Path, folder: Path) -> tuple[VideoFacts, Transcoded]:
    facts = probe(source)
    return facts, transcode(source, facts, folder, frozenset(Product), stall_seconds=STALL_SECONDS)


def whole_range(gold: Path | None, facts: VideoFacts, made: Transcoded) -> GoldRange:
    assert gold and made.frame_checksums
    frames = FrameRange(0, made.frame_count)
    checksums = read_checksums(made.frame_checksums)
    return GoldRange(gold, checksums, frames, facts.rate, facts.orientation, facts.sample_aspect)


def export(source: Path, facts: VideoFacts, made: Transcoded, out: Path) -> Path:
    """The whole film, from its gold master; the source itself gives the same, up to rounding."""
    looks = []
    for gold in (source, made.gold_master):
        export_clip(whole_range(gold, facts, made), out, stall_seconds=STALL_SECONDS)
        looks.append(colors(out))
    assert np.abs(np.subtract(*looks)).max() <= 1
    return out


def colors(path: Path | None) -> list[list[int]]:
    """The mean red, green and blue of every frame."""
    assert path
    return [picture.mean(axis=(0, 1)).round().astype(int).tolist() for picture in pictures(path)]


def tags(path: Path | None) -> tuple[str, list[int]]:
    assert path
    with av.open(file_url(path)) as container:
        frame = next(container.decode(video=0))
    return frame.format.name, [
        int(tag) for tag in (frame.color_primaries, frame.color_trc, frame.colorspace)
    ]


def stills(facts: VideoFacts, made: Transcoded, folder: Path) -> list[tuple[int, Path]]:
    """As JPEG and as WebP."""
    whole = whole_range(made.gold_master, facts, made)
    found = [
        each
        for image in ImageFormat
        for each in take_stills(whole, [1, 2], folder, image=image, stall_seconds=STALL_SECONDS)
    ]
    assert [each.frame for each in found] == [1, 2] * 2
    return [(each.frame, each.path) for each in found]


@pytest.mark.parametrize("kind", [BT2020_PQ, BT2020_HLG])
def test_hdr_is_shown_in_standard_range_and_kept_in_full(
    kind: tuple[int, int, int], tmp_path: Path
) -> None:
    """Black, 18 % grey, diffuse white (203 nits: 58 % of PQ, 75 % of HLG) and the peak."""
    signals = [0, 0.38, 0.75, 1.0] if kind == BT2020_HLG else [pq(n) for n in (0, 26, 203, 1000)]
    film = make_plain_film(
        tmp_path / "hdr.mkv", [ycbcr(limited(each)) for each in signals], "yuv420p10le",
        colors=kind,
    )  # fmt: skip
    facts, made = made_of(film, tmp_path)
    assert facts.is_hdr
    black, grey, white, peak = shown = colors(made.review_proxy)
    assert all(max(each) - min(each) <= 3 for each in shown), "grey stays grey"
    assert max(black) <= 3 and min(peak) >= 245
    assert 85 < grey[1] < 130  # 18 % grey is at 41 % of a BT.709 signal
    assert 200 < white[1] < 235
    assert tags(made.review_proxy) == ("yuv420p", list(BT709))
    assert list(stored_pixels(film)) == list(stored_pixels(made.gold_master or film))
    assert tags(made.gold_master) == ("yuv420p10le", list(kind))
    clip = export(film, facts, made, tmp_path / "clip.mp4")
    assert tags(clip) == ("yuv420p10le", list(kind))
    for frame, path in stills(facts, made, tmp_path):
        assert colors(path)[0] == pytest.approx(shown[frame], abs=4)
    for (_, before), (_, after) in zip(stored_pixels(film), stored_pixels(clip), strict=True):
        a, b = (np.frombuffer(each[0], np.uint16).astype(int) for each in (before, after))
        assert np.abs(a - b).max() <= 4


def test_wide_colors_are_converted_in_the_proxy(tmp_path: Path) -> None:
    """BT.709's pure red in the signal of BT.2020 (ITU-R BT.2087), in 10-bit codes."""
    linear = np.array([0.6274, 0.0691, 0.0164])
    signal = np.where(linear < 0.018, 4.5 * linear, 1.099 * linear**0.45 - 0.099)
    luma = signal @ [0.2627, 0.6780, 0.0593]
    blue, red = (signal[2] - luma) / 1.8814, (signal[0] - luma) / 1.4746
    picture = ycbcr(limited(luma), round(512 + 896 * blue), round(512 + 896 * red))
    film = make_plain_film(tmp_path / "wide.mkv", [picture] * 2, "yuv420p10le", colors=BT2020)
    facts, made = made_of(film, tmp_path)
    assert not facts.is_hdr
    for shown in colors(made.review_proxy):
        assert shown == pytest.approx([255, 0, 0], abs=8)
    assert tags(export(film, facts, made, tmp_path / "clip.mp4"))[1] == list(BT2020)


def combing(picture: np.ndarray) -> float:
    """How much more neighbouring lines differ than lines of the same field."""
    lines = picture[picture.shape[0] // 4 :].astype(int)
    other, same = np.abs(lines[1:] - lines[:-1]).mean(), np.abs(lines[2:] - lines[:-2]).mean()
    return float(other / same)


@pytest.mark.parametrize("name", ["fields.mpg", "fields.mp4", "fields.mkv"])
def test_fields_are_kept_in_gold_master_and_export_but_not_shown(name: str, tmp_path: Path) -> None:
    lossless = {"codec": "ffv1", "audio": False, "options": {}}
    fast = make_numbered_film(tmp_path / "fast.mkv", 48, (320, 240), Fraction(50), **lossless)
    codec = {"fields.mpg": "mpeg2video", "fields.mp4": "libx264", "fields.mkv": "ffv1"}[name]
    film = remake(
        fast, tmp_path / name, vf="tinterlace=interleave_top,setfield=tff", vcodec=codec,
        pix_fmt="yuv420p", flags="+ildct+ilme", **{"b:v": "6M"},
    )  # fmt: skip
    facts, made = made_of(film, tmp_path)
    assert facts.interlaced
    assert made.frame_count == sum(1 for _ in pictures(film)) == 24
    assert made.gold_master and made.review_proxy
    assert probe(made.gold_master).interlaced and not probe(made.review_proxy).interlaced
    clip = export(film, facts, made, tmp_path / "clip.mp4")
    assert probe(clip).interlaced
    for _, path in stills(facts, made, tmp_path):
        assert combing(next(pictures(path))) < 1
    combed, kept, shown = (
        np.mean([combing(picture) for picture in pictures(path)])
        for path in (film, clip, made.review_proxy)
    )
    assert combed > 1.2 and kept > 1.2 and shown < 1


def test_progressive_footage_is_not_touched_for_fields_it_does_not_have(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 3, audio=False)
    facts, made = made_of(film, tmp_path)
    assert not facts.interlaced
    assert not probe(export(film, facts, made, tmp_path / "clip.mp4")).interlaced


@pytest.mark.parametrize("name", ["alpha.mov", "prores.mov", "alpha.webm", "alpha.mkv"])
def test_alpha_is_kept_and_shown_on_black(name: str, tmp_path: Path) -> None:
    """The left half is transparent, above garbage."""
    picture = np.full((SIZE, SIZE, 4), (250, 250, 250, 255), np.uint8)
    picture[:, : SIZE // 2] = (0, 255, 0, 0)
    film = make_plain_film(tmp_path / "film.mkv", [picture] * 3, "bgra")
    if name != "alpha.mkv":
        codec = {"alpha.mov": "qtrle", "prores.mov": "prores_ks", "alpha.webm": "libvpx-vp9"}[name]
        pixels = {"qtrle": "argb", "prores_ks": "yuva444p10le", "libvpx-vp9": "yuva420p"}[codec]
        film = remake(film, tmp_path / name, vcodec=codec, pix_fmt=pixels)
    facts, made = made_of(film, tmp_path)
    assert facts.has_alpha
    assert made.gold_master and probe(made.gold_master).has_alpha
    clip = export(film, facts, made, tmp_path / "clip.mp4")
    for path in (made.review_proxy, clip):
        assert path
        shown = list(pictures(path))
        assert len(shown) == 3
        for each in shown:
            assert each[:, : SIZE // 2 - 4].max() < 12
            assert each[:, SIZE // 2 + 4 :].min() > 235


def test_rgb_footage_has_the_same_colors_everywhere(tmp_path: Path) -> None:
    picture = np.full((SIZE, SIZE, 4), (50, 60, 200, 255), np.uint8)
    film = make_plain_film(tmp_path / "film.mkv", [picture] * 2, "bgra")
    film = remake(film, tmp_path / "rgb.mov", vcodec="qtrle", pix_fmt="rgb24")
    facts, made = made_of(film, tmp_path)
    clip = export(film, facts, made, tmp_path / "clip.mp4")
    for path in (made.gold_master, made.review_proxy, clip):
        assert colors(path)[0] == pytest.approx([200, 60, 50], abs=4)


def test_all_audio_is_kept_and_the_first_stream_is_heard(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24)
    many = remake(film, tmp_path / "many.mkv", maps=["v:0", "a:0", "a:0", "a:0"], vcodec="copy",
                  **{"c:a:0": "aac", "c:a:1": "pcm_s24le", "c:a:2": "wmav2"})  # fmt: skip
    facts, made = made_of(many, tmp_path)
    assert len(facts.audio_codecs) == 3
    assert made.gold_master and made.proxy_audio
    with av.open(file_url(made.gold_master)) as container:
        assert [each.codec_context.name for each in container.streams.audio] == [
            "aac", "pcm_s24le", "flac",
        ]  # fmt: skip
        assert sum(1 for _ in container.decode(video=0)) == 24
    with av.open(file_url(export(many, facts, made, tmp_path / "clip.mp4"))) as container:
        assert len(container.streams.audio) == 1


def test_odd_sizes_lose_no_column_and_no_line(tmp_path: Path) -> None:
    """H.264 in 4:2:0 has even sizes only: the last column and line are shown twice."""
    film = make_numbered_film(
        tmp_path / "odd.mkv", 3, (853, 479), codec="ffv1", audio=False, options={}
    )
    facts, made = made_of(film, tmp_path)
    (clip, *_) = pictures(export(film, facts, made, tmp_path / "clip.mp4"))
    (source, *_) = pictures(film)
    assert clip.shape == (480, 854, 3)
    assert np.abs(clip[:479, :853].astype(int) - source).mean() < 4
    assert np.abs(clip[479].astype(int) - clip[478]).mean() < 4
    assert np.abs(clip[:, 853].astype(int) - clip[:, 852]).mean() < 4


def test_a_copy_has_no_file_of_its_own_and_the_same_checksums(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24)
    facts, made = made_of(film, tmp_path)
    folder = tmp_path / "copy"
    folder.mkdir()
    copied = transcode(
        film, facts, folder, frozenset(Product), gold=GoldMaster.COPY, stall_seconds=STALL_SECONDS
    )
    assert copied.gold_master is None
    assert copied.frame_checksums and made.frame_checksums
    assert copied.frame_checksums.read_bytes() == made.frame_checksums.read_bytes()
    assert copied.review_proxy and made.review_proxy
    assert copied.review_proxy.read_bytes() == made.review_proxy.read_bytes()
    alone = tmp_path / "alone"
    alone.mkdir()
    only = transcode(
        film,
        facts,
        alone,
        frozenset({Product.GOLD_MASTER}),
        gold=GoldMaster.COPY,
        stall_seconds=STALL_SECONDS,
    )
    assert [each.name for each in alone.iterdir()] == ["frame_checksums.txt"]
    assert only.frame_checksums
    assert only.frame_checksums.read_bytes() == made.frame_checksums.read_bytes()
