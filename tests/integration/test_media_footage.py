"""Frame n is frame n: source, gold master, proxy, thumbnails and export, looked at in pixels."""

from __future__ import annotations

import random
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg
import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.domain.stills import ImageFormat
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.keyframes import take_stills
from heaters_pipeline.media.clips.sharpness import measure_sharpness
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.ffmpeg.checksums import Checksums, read_checksums, verify_gold_master
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.ffmpeg.process import Progress, file_url, input_file, run
from heaters_pipeline.media.products.frame_index import check_proxy, proxy_codec, read_frame_index
from heaters_pipeline.media.products.same_frames import ALIKE
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import Product, Transcoded, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, read_number, remake
from tests.sprites import read_tiles

pytestmark = pytest.mark.long

EVERYTHING = frozenset(Product)
UPRIGHT = Orientation()
FRAMES = 60
SCENES = [20, 41]

UNEVEN = [n * 3600 + (n % 3) * 700 for n in range(FRAMES)]
COLLAPSED = [n // 4 * 14400 + n % 4 for n in range(FRAMES)]  # less than a millisecond apart
LATE = [45_000 + n * 3600 for n in range(FRAMES)]

FILMS: dict[str, dict[str, Any]] = {
    "b-frames.mp4": {},
    "ntsc.mp4": {"rate": Fraction(30000, 1001)},
    "quarter.mp4": {"orientation": Orientation(90)},
    "half.mov": {"orientation": Orientation(180)},
    "three-quarters.mp4": {"orientation": Orientation(270)},
    "mirrored.mp4": {"orientation": Orientation(0, mirrored=True)},
    "quarter-mirrored.mkv": {"orientation": Orientation(90, mirrored=True)},
    "half-mirrored.mov": {"orientation": Orientation(180, mirrored=True)},
    "three-quarters-mirrored.mp4": {"orientation": Orientation(270, mirrored=True)},
    "uneven.mkv": {"ticks": UNEVEN},
    "collapsed.mp4": {"ticks": COLLAPSED},
    "late.mkv": {"ticks": LATE},
    "wide-pixels.mp4": {"sample_aspect": Fraction(4, 3)},
    "ten-bits.mkv": {"pixel_format": "yuv420p10le"},
    "full-range.mov": {
        **{"codec": "mjpeg", "pixel_format": "yuvj422p", "audio_codec": "pcm_s16be"},
        "options": {"qmin": "2", "qmax": "4"},
    },
    "old.avi": {"codec": "mpeg4", "audio_codec": "mp2", "options": {"bf": "2", "b": "4000000"}},
    "web.webm": {
        **{"codec": "libvpx", "audio_codec": "libopus"},
        "options": {"deadline": "realtime", "cpu-used": "8", "b": "2000000"},
    },
    "stream.ts": {},
    "mute.mp4": {"audio": False},
    "odd-size.mkv": {"size": (321, 181), "pixel_format": "yuv444p"},
    "-i %d it's: a [name].mp4": {},
}


@dataclass(frozen=True)
class Ingested:
    source: Path
    facts: VideoFacts
    made: Transcoded
    checksums: Checksums

    def export(self, start: int, end: int, out: Path, gold: Path | None = None) -> Path:
        receipt = export_clip(self.range(start, end, gold), out, stall_seconds=STALL_SECONDS)
        assert receipt["frame_count"] == end - start
        assert receipt["size"] == out.stat().st_size
        return out

    def range(self, start: int, end: int, gold: Path | None = None) -> GoldRange:
        gold = gold or self.made.gold_master
        assert gold
        return GoldRange(
            gold,
            self.checksums,
            FrameRange(start, end),
            self.facts.rate,
            self.facts.orientation,
            self.facts.sample_aspect,
        )

    def golds(self, turn: int, both: bool) -> list[Path]:
        """The gold masters that exports are cut from: both kinds, or one by turns."""
        assert self.made.gold_master
        golds = [self.made.gold_master, self.source]
        return golds if both else [golds[turn % 2]]


EACH_FROM_BOTH = pytest.mark.parametrize(
    "from_both",
    [
        pytest.param(False, id="by turns"),
        pytest.param(True, id="from both", marks=pytest.mark.whole),
    ],
)
"""Whether each range is exported from both kinds of gold master, or from one of them by turns."""


def ingest(source: Path, folder: Path) -> Ingested:
    facts = probe(source)
    made = transcode(source, facts, folder, EVERYTHING, stall_seconds=STALL_SECONDS)
    assert made.frame_checksums
    return Ingested(source, facts, made, read_checksums(made.frame_checksums))


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ingested]:
    """A generated film of FILMS by name, ingested once."""
    done: dict[str, Ingested] = {}

    def get(name: str) -> Ingested:
        if name not in done:
            folder = tmp_path_factory.mktemp("film")
            source = make_numbered_film(folder / name, FRAMES, scenes=SCENES, **FILMS[name])
            done[name] = ingest(source, folder)
        return done[name]

    return get


def pictures(path: Path, orientation: Orientation = UPRIGHT) -> Iterator[np.ndarray]:
    """Frames as PyAV decodes them, set upright; what it can't decode is left out."""
    with av.open(file_url(path)) as container:
        for packet in container.demux(video=0):
            with suppress(av.error.InvalidDataError):
                for frame in packet.decode():
                    yield set_upright(frame.to_ndarray(format="rgb24"), orientation)


def count_frames(path: Path) -> int:
    """As many as PyAV decodes."""
    with av.open(file_url(path)) as container:
        count = 0
        for packet in container.demux(video=0):
            with suppress(av.error.InvalidDataError):
                count += len(packet.decode())
        return count


def stored_pixels(path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Pixel format (without the `j` that only says full range) and each plane's bytes without
    padding, of every frame."""
    with av.open(file_url(path)) as container:
        for frame in container.decode(video=0):
            bits = frame.format.components[0].bits
            if len(frame.planes) == 1:
                bits = frame.format.padded_bits_per_pixel
            planes = [
                np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                for plane in frame.planes
            ]
            rows = [
                plane[:, : stored.width * ((bits + 7) // 8)].tobytes()
                for plane, stored in zip(planes, frame.planes, strict=True)
            ]
            yield frame.format.name.replace("yuvj", "yuv"), rows


def set_upright(picture: np.ndarray, orientation: Orientation) -> np.ndarray:
    mirrored = np.fliplr(picture) if orientation.mirrored else picture
    return np.rot90(mirrored, -orientation.rotation // 90)


def numbers(path: Path, orientation: Orientation = UPRIGHT) -> list[int]:
    return [read_number(picture) for picture in pictures(path, orientation)]


def assert_products_agree(done: Ingested) -> None:
    made, count = done.made, done.made.frame_count
    assert made.gold_master and made.review_proxy and made.thumbnails
    index = read_frame_index(made.review_proxy)
    assert len(index) == len(done.checksums) == len(open_thumbnails(made.thumbnails)) == count
    first = done.checksums[0].ticks
    assert index["ticks"].tolist() == (done.checksums.ticks - first).tolist()
    assert all(np.diff(index["ticks"].astype(int)) >= 90)
    check_proxy(made.review_proxy, index)
    assert (
        verify_gold_master(
            made.gold_master, done.checksums, made.gold_master.parent, stall_seconds=STALL_SECONDS
        )
        == []
    )
    with av.open(file_url(made.review_proxy)) as container:
        (video,) = container.streams
        assert isinstance(video, av.VideoStream)
        entries = [(entry.pos, entry.size, entry.timestamp) for entry in video.index_entries]
        assert index.tolist() == entries
        assert video.height <= 720
        assert video.sample_aspect_ratio in (None, 1)
        assert video.start_time == 0
        frame = next(container.decode(video))
        tags = (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries)
        assert [int(tag) for tag in tags] == [1, 1, 1, 1]
        assert frame.rotation == 0
    assert (made.proxy_audio is not None) == done.facts.has_audio
    assert_tiles_show_their_frames(made)


JPEG_BLOCK = 16
"""Pixels that share their colours: tiles of less height, as of a film 250 times as wide as high,
run into one another."""


def assert_tiles_show_their_frames(made: Transcoded) -> None:
    """As the small frames of the same numbers do, which every frame has."""
    import cv2

    assert made.thumbnails and made.sprites and made.sprite_index
    small = open_thumbnails(made.thumbnails)[:: made.sprite_index.every]
    tiles = read_tiles(made.sprites.read_bytes(), made.sprite_index)
    assert len(tiles) == made.sprite_index.count == len(small)
    if min(made.sprite_index.width, made.sprite_index.height) < JPEG_BLOCK:
        return
    for tile, frame in zip(tiles, small, strict=True):
        reduced = cv2.resize(tile, frame.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(reduced.astype(int) - frame).mean() < ALIKE


TURNED = ("half.mov", "three-quarters.mp4", "quarter-mirrored.mkv", "half-mirrored.mov")
"""Of the eight orientations, which test_media_orientation.py has, too, half is for the long run."""


@EACH_FROM_BOTH
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.whole) if name in TURNED else name for name in FILMS],
)
def test_every_frame_keeps_its_number(
    name: str, from_both: bool, ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested(name)
    orientation = FILMS[name].get("orientation", UPRIGHT)
    assert done.facts.orientation == orientation
    assert_products_agree(done)
    assert done.made.gold_master and done.made.review_proxy
    everything = list(range(FRAMES))
    assert numbers(done.made.gold_master, orientation) == everything
    assert numbers(done.made.review_proxy) == everything
    first, last = sorted(random.Random(name).sample(everything, 2))
    turn = list(FILMS).index(name)
    for at, (start, end) in enumerate([(0, 1), (FRAMES - 1, FRAMES), (first, last)]):
        for gold in done.golds(turn + at, from_both):
            clip = done.export(start, end, tmp_path / f"{at}.mp4", gold)
            assert numbers(clip) == everything[start:end]
    assert [each.name for each in tmp_path.iterdir() if each.suffix != ".mp4"] == []


REAL = [
    *("avi_h264_aac.avi", "cvat_no_keyframes.mp4", "edts.mp4", "fades.mp4", "mkv_h264_vorbis.mkv"),
    *("mp4_h264_aac_rot90ccw.mp4", "sar_2x1.mp4"),
]
OTHERS = [
    *("0.ts", "cursed-vfr.mp4", "flv_h264_aac.flv", "goldeneye-vfr-drop3.mp4"),
    *("issue-134-rotate.mp4", "issue-195-aspect-ratio.mp4", "mp4_hevc_aac.mp4", "pursuit.mp4"),
    *("shots_a.mp4", "testvideo.mp4", "webm_vp9_opus.webm"),
]
"""For the long run: of over 150 million pixels, or plain. What is odd about them, one of REAL or a
film made by these tests or test_media_footage_odd.py has, too."""


@EACH_FROM_BOTH
@pytest.mark.parametrize(
    "name", [*REAL, *(pytest.param(name, marks=pytest.mark.whole) for name in OTHERS)]
)
def test_real_footage_keeps_every_frame(
    name: str, from_both: bool, media_folder: Path, tmp_path: Path
) -> None:
    """`pursuit.mp4` has 280 samples of which its edit list presents 230: those are its frames."""
    source = media_folder / name
    if not source.exists():
        pytest.skip(f"no {name} in {media_folder}")
    done = ingest(source, tmp_path)
    assert done.made.frame_count == count_frames(source)
    assert done.made.damage is None
    assert_products_agree(done)
    assert verify_gold_master(source, done.checksums, tmp_path, stall_seconds=STALL_SECONDS) == []
    count = done.made.frame_count
    start = random.Random(name).randrange(count - 1)
    turn = [*REAL, *OTHERS].index(name)
    for at, (first, last) in enumerate(((start, min(start + 10, count)), (count - 1, count))):
        for gold in done.golds(turn + at, from_both):
            done.export(first, last, tmp_path / "clip.mp4", gold)  # compares checksums itself


def test_no_real_footage_is_left_out(media_folder: Path) -> None:
    films = {each.name for each in media_folder.iterdir() if each.suffix != ".json"}
    # The first has audio only; the others are there for their cuts, and plain like shots_a.mp4.
    plain = {"ac3.mp4", *(name for name in films if name.startswith("edited_"))}
    assert films <= {*REAL, *OTHERS, *plain}


@pytest.mark.parametrize("name", ["issue-134-rotate.mp4", "mp4_h264_aac_rot90ccw.mp4"])
def test_rotated_footage_stands_as_ffmpeg_turns_it(
    name: str, media_folder: Path, tmp_path: Path
) -> None:
    """ffmpeg's own autorotation, which we never use, is the judge."""
    source = media_folder / name
    if not source.exists():
        pytest.skip(f"no {name} in {media_folder}")
    made = transcode(
        source,
        probe(source),
        tmp_path,
        frozenset({Product.REVIEW_PROXY}),
        stall_seconds=STALL_SECONDS,
    )
    assert made.review_proxy
    judge = tmp_path / "judge.rgb"
    turned = ffmpeg.input(file_url(source))["v:0"].filter("scale", 32, 32, flags="area")
    run(
        ffmpeg.output(turned, file_url(judge), format="rawvideo", pix_fmt="rgb24", vframes=1),
        what="turn a frame",
        stall_seconds=STALL_SECONDS,
    )
    ours = tmp_path / "ours.rgb"
    upright = input_file(made.review_proxy)["v:0"].filter("scale", 32, 32, flags="area")
    run(
        ffmpeg.output(upright, file_url(ours), format="rawvideo", pix_fmt="rgb24", vframes=1),
        what="read a frame",
        stall_seconds=STALL_SECONDS,
    )
    a, b = (np.frombuffer(each.read_bytes(), np.uint8).astype(int) for each in (judge, ours))
    assert np.abs(a - b).mean() < 6


def test_untagged_colors_look_the_same_in_the_proxy(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    """SD footage without tags is BT.601; the proxy's BT.709 must show the same red."""
    done = ingested("b-frames.mp4")
    assert done.made.review_proxy
    colors = []
    for path, matrix in ((done.source, "smpte170m"), (done.made.review_proxy, "bt709")):
        raw = tmp_path / f"{matrix}.rgb"
        shown = input_file(path)["v:0"].filter("scale", 64, 36, in_color_matrix=matrix)
        run(
            ffmpeg.output(shown, file_url(raw), format="rawvideo", pix_fmt="rgb24", vframes=1),
            what="read a frame",
            stall_seconds=STALL_SECONDS,
        )
        picture = np.frombuffer(raw.read_bytes(), np.uint8).reshape(36, 64, 3)
        colors.append(picture[8:].reshape(-1, 3).mean(axis=0))
    assert np.abs(colors[0] - colors[1]).max() < 3


def test_the_same_source_gives_the_same_bytes(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested("b-frames.mp4")
    again = transcode(done.source, done.facts, tmp_path, EVERYTHING, stall_seconds=STALL_SECONDS)
    for product in ("gold_master", "frame_checksums", "review_proxy", "proxy_audio", "sprites"):
        before, after = getattr(done.made, product), getattr(again, product)
        assert before.read_bytes() == after.read_bytes(), product


def file_of(product: Product, made: Transcoded) -> Path:
    files = {
        Product.GOLD_MASTER: made.gold_master,
        Product.REVIEW_PROXY: made.review_proxy,
        Product.FRAME_SCORES: made.thumbnails,
    }
    file = files[product]
    assert file
    return file


@pytest.mark.parametrize("product", list(Product))
def test_one_product_alone_is_the_same_and_alone(
    product: Product, ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested("b-frames.mp4")
    told: list[Progress] = []
    made = transcode(
        done.source,
        done.facts,
        tmp_path,
        frozenset({product}),
        told.append,
        stall_seconds=STALL_SECONDS,
    )
    ours, theirs = file_of(product, made), file_of(product, done.made)
    assert ours.read_bytes() == theirs.read_bytes()
    beside = {
        Product.GOLD_MASTER: {"frame_checksums.txt"},
        Product.REVIEW_PROXY: {"proxy_audio.wav", "sprites.mov"},
    }
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {ours.name, *beside.get(product, ())}
    assert told[-1].frames_done == made.frame_count == FRAMES


def pitch(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


def pitch_changes_at(samples: np.ndarray, rate: int) -> float:
    """Seconds at which a 300 Hz tone becomes one of 600 Hz."""
    step, window = rate // 500, rate // 50
    for at in range(0, len(samples) - window, step):
        if pitch(samples[at : at + window], rate) > 450:
            return (at + window / 2) / rate
    raise AssertionError("the tone does not change")


@pytest.mark.parametrize("name", ["b-frames.mp4", "late.mkv", "web.webm", "stream.ts", "old.avi"])
def test_audio_and_video_change_together(
    name: str, ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    """In the proxy's audio, which starts with frame 0, and in an export."""
    done = ingested(name)
    assert done.made.proxy_audio
    with wave.open(str(done.made.proxy_audio)) as audio:
        assert (audio.getnchannels(), audio.getframerate(), audio.getsampwidth()) == (1, 24000, 2)
        samples = np.frombuffer(audio.readframes(audio.getnframes()), np.int16)
    cut = (done.checksums[SCENES[0]].ticks - done.checksums[0].ticks) / 90_000
    assert pitch_changes_at(samples, 24000) == pytest.approx(cut, abs=0.03)

    start, end = SCENES[0] - 10, SCENES[0] + 10
    for gold in (done.made.gold_master, done.source):
        clip = done.export(start, end, tmp_path / "clip.mp4", gold)
        with av.open(file_url(clip)) as container:
            (stream,) = container.streams.audio
            blocks = [frame.to_ndarray()[0] for frame in container.decode(stream)]
            assert stream.duration and stream.time_base
            assert float(stream.duration * stream.time_base) == pytest.approx(0.8, abs=0.02)
        assert pitch_changes_at(np.concatenate(blocks), 48000) == pytest.approx(0.4, abs=0.03)


def test_constant_rate_is_exact_in_the_export_and_uneven_times_are_kept(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    def times(clip: Path) -> list[Fraction]:
        with av.open(file_url(clip)) as container:
            base = container.streams.video[0].time_base
            assert base
            return [
                frame.pts * base for frame in container.decode(video=0) if frame.pts is not None
            ]

    ntsc = ingested("ntsc.mp4").export(7, 40, tmp_path / "ntsc.mp4")
    assert times(ntsc) == [Fraction(1001 * n, 30000) for n in range(33)]
    uneven = ingested("uneven.mkv").export(7, 40, tmp_path / "uneven.mp4")
    wanted = [(UNEVEN[n] - UNEVEN[7]) / 90_000 for n in range(7, 40)]
    assert [float(time) for time in times(uneven)] == pytest.approx(wanted, abs=0.0011)


def test_an_export_of_other_frames_than_promised_leaves_no_file(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested("b-frames.mp4")
    wrong = done.checksums.copy()
    wrong.crc[12] ^= 1
    broken = Ingested(done.source, done.facts, done.made, wrong)
    with pytest.raises(HeatersError, match="not frames 10 to 20"):
        broken.export(10, 20, tmp_path / "clip.mp4")
    with pytest.raises(HeatersError, match="do not lie in"):
        done.export(10, FRAMES + 1, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_verification_names_the_frames_that_differ(
    ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested("b-frames.mp4")
    assert done.made.gold_master
    wrong = done.checksums.copy()
    wrong.crc[3] ^= 1
    assert verify_gold_master(
        done.made.gold_master, wrong, tmp_path, stall_seconds=STALL_SECONDS
    ) == [3]
    assert verify_gold_master(
        done.made.gold_master, done.checksums[:-2], tmp_path, stall_seconds=STALL_SECONDS
    ) == [58, 59]


def test_an_ordinary_mp4_is_no_proxy(ingested: Callable[[str], Ingested], tmp_path: Path) -> None:
    done = ingested("b-frames.mp4")
    with pytest.raises(HeatersError, match="no sample table"):
        read_frame_index(done.source)
    assert done.made.review_proxy
    index = read_frame_index(done.made.review_proxy)
    damaged = tmp_path / "proxy.mp4"
    data = bytearray(done.made.review_proxy.read_bytes())
    offset, size, _ = index.tolist()[9]
    assert int.from_bytes(data[offset : offset + 4], "big") < size
    data[offset + 4] = 0x41  # a slice of a picture that is not IDR
    damaged.write_bytes(data)
    with pytest.raises(HeatersError, match="frame 9 is no IDR picture"):
        check_proxy(damaged, index)
    with pytest.raises(HeatersError, match="frame 2 does not follow"):
        check_proxy(done.made.review_proxy, np.delete(index, 2))
    codec = proxy_codec(done.made.review_proxy)
    assert codec.codec.startswith("avc1.")
    assert codec[2:] == (320, 180)
    assert codec.description[0] == 1


@pytest.mark.parametrize("name", ["wide-pixels.mp4", "collapsed.mp4", "stream.ts"])
def test_keyframes_are_the_wanted_frames(
    name: str, ingested: Callable[[str], Ingested], tmp_path: Path
) -> None:
    done = ingested(name)
    size = (426 if name == "wide-pixels.mp4" else 320, 180)
    for gold in (done.made.gold_master, done.source):
        for image in ImageFormat:
            stills = take_stills(
                done.range(5, 45, gold), [FRAMES - 1, 21], tmp_path, image=image,
                stall_seconds=STALL_SECONDS,
            )  # fmt: skip
            assert [still.frame for still in stills] == [21, FRAMES - 1]
            for still in stills:
                assert still.path == tmp_path / f"keyframe-{still.frame}{image.suffix}"
                (picture,) = pictures(still.path)
                assert read_number(picture) == still.frame
                assert (still.width, still.height) == picture.shape[1::-1] == size
    with pytest.raises(HeatersError, match="Frames 60 to 61 do not lie in"):
        take_stills(done.range(5, 45), [60], tmp_path, stall_seconds=STALL_SECONDS)


def test_the_sharpest_frame_is_found(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36), audio=False)
    blurred = remake(
        film, tmp_path / "blurred.mp4", vf="boxblur=6:1:enable='not(between(n,13,13))'",
        vcodec="libx264", crf=10,
    )  # fmt: skip
    sharpness = measure_sharpness(
        ingest(blurred, tmp_path).range(8, 20), tmp_path, stall_seconds=STALL_SECONDS
    )
    assert sorted(sharpness) == list(range(8, 20))
    assert max(sharpness, key=sharpness.__getitem__) == 13


def test_cuts_of_generated_footage_are_found(ingested: Callable[[str], Ingested]) -> None:
    done = ingested("b-frames.mp4")
    assert done.made.thumbnails
    thumbnails = open_thumbnails(done.made.thumbnails)
    for name in ("transition", "adaptive"):
        found = open_detector(name).detect(thumbnails, done.facts.rate)
        assert found.cuts() == SCENES


def test_what_is_no_whole_video_gets_one_sentence(tmp_path: Path, media_folder: Path) -> None:
    def sentence(path: Path) -> str:
        with pytest.raises(InputError) as caught:
            probe(path)
        said = str(caught.value)
        assert "\n" not in said and said.endswith(".")
        return said

    notes = tmp_path / "notes.mp4"
    notes.write_text("Dear diary, today I made no video.\n" * 50)
    assert sentence(notes).startswith("notes.mp4 is not a video")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert "empty (0 bytes)" in sentence(empty)
    assert "does not exist" in sentence(tmp_path / "nowhere.mp4")
    assert "not a file" in sentence(tmp_path)

    film = make_numbered_film(tmp_path / "film.mp4", 30)
    data = film.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 2 // 3])
    assert "truncated: its index" in sentence(cut)
    fast = tmp_path / "fast.mp4"
    copied = ffmpeg.input(file_url(film)).output(file_url(fast), c="copy", movflags="+faststart")
    run(copied, what="copy", stall_seconds=STALL_SECONDS)
    data = fast.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    assert "truncated: it has" in sentence(cut)
    if (media_folder / "ac3.mp4").exists():
        assert "audio but no video" in sentence(media_folder / "ac3.mp4")


def test_a_video_of_noise_leaves_a_sentence_and_no_files(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mkv", 30, audio=False)
    facts = probe(film)
    with av.open(file_url(film)) as container:
        sizes = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(film.read_bytes())
    for position, size in sizes:
        data[position : position + size] = b"\xff" * size
    film.write_bytes(data)
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        transcode(film, facts, folder, EVERYTHING, stall_seconds=STALL_SECONDS)
    assert str(caught.value).endswith(".")
    assert list(folder.iterdir()) == []
    with pytest.raises(InputError):
        probe(film)
