"""The facts of a video file, and a plain sentence about a file that is none."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.film_limits import FilmLimits
from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.files.pulse import beat
from heaters_pipeline.media.ffmpeg.demuxers import one_file
from heaters_pipeline.media.ffmpeg.images import (
    refuse_animated_webp,
    refuse_image,
    refuse_pattern,
    refuse_undecodable,
)
from heaters_pipeline.media.ffmpeg.process import Options, file_url
from heaters_pipeline.media.ffmpeg.timecode import NO_TIMECODE, FileTimecode, timecode_of


@dataclass(frozen=True)
class VideoFacts:
    width: int
    """Stored size, before orientation and sample aspect."""
    height: int
    rate: Fraction
    """Frames per second as the container names it; nominal for variable rates."""
    duration_seconds: float
    has_audio: bool
    orientation: Orientation
    sample_aspect: Fraction
    pixel_format: str
    color_space: str | None
    """ffmpeg's name of the YCbCr matrix; None: not tagged."""
    color_range: str | None
    """`tv`, `pc`; None: not tagged."""
    audio_codecs: tuple[str, ...] = ()
    """ffmpeg's name of the codec, not of its decoder, of every audio stream, in order; empty where
    it knows no decoder, or where the stream is declared but has no audio."""
    late_audio: frozenset[int] = frozenset()
    """Numbers, among the audio streams, of those that begin so late that ffmpeg does not know their
    sample rate when it opens the file: they can be decoded, but not copied."""
    color_transfer: str | None = None
    """ffmpeg's name of the transfer characteristics; None: not tagged."""
    color_primaries: str | None = None
    """ffmpeg's name of the primaries; None: not tagged."""
    interlaced: bool = False
    """The first frame, or the stream as a whole, is made of two fields."""
    decoder: str | None = None
    """The decoder to choose, where ffmpeg's own choice would lose the alpha channel."""
    timecode: FileTimecode = NO_TIMECODE

    @property
    def is_hdr(self) -> bool:
        return self.color_transfer in ("smpte2084", "arib-std-b67")

    @property
    def is_full_range(self) -> bool:
        """Untagged grey and RGB are, untagged YCbCr is not, as in ffmpeg."""
        if self.pixel_format.startswith("yuvj"):
            return True
        if self.color_range is None:
            return self.is_rgb or self.pixel_format.startswith("gray")
        return self.color_range == "pc"

    @property
    def is_rgb(self) -> bool:
        pixels = av.VideoFormat(self.pixel_format)
        return pixels.is_rgb or pixels.has_palette

    @property
    def has_alpha(self) -> bool:
        pixels = av.VideoFormat(self.pixel_format)
        return pixels.has_palette or any(each.is_alpha for each in pixels.components)

    @property
    def first_audio(self) -> int:
        """Number, among the audio streams, of the first one that can be decoded."""
        return next((n for n, codec in enumerate(self.audio_codecs) if codec), 0)

    @property
    def decoding(self) -> Options:
        """Options of ffmpeg's input, so that it decodes the stream that these facts describe."""
        return {"c:v": self.decoder} if self.decoder else {}


def probe(path: Path, limits: FilmLimits | None = None) -> VideoFacts:
    """Raises InputError (one sentence) for a file that can't be ingested, or is beyond `limits`."""
    if not path.exists():
        raise InputError(f"{path} does not exist: check the path.")
    if not path.is_file():
        raise InputError(f"{path.name} is not a file: give the path of one video file.")
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty (0 bytes): copy or download it again.")
    try:
        with open_video(path) as container:
            if limits is not None:
                check_headers(path, container, limits)
            facts = _facts(path, container)
    except av.error.FFmpegError as error:
        refuse_pattern(path)
        raise InputError(_why_not(path, error)) from error
    if limits is not None:
        limits.check_picture(path.name, facts.width, facts.height)
    return facts


def check_headers(path: Path, container: InputContainer, limits: FilmLimits) -> None:
    """Raises InputError where the headers tell of more than `limits` allow."""
    for video in _films(container):
        if context := video.codec_context:
            limits.check_picture(path.name, context.width, context.height)
        limits.check_frames(path.name, video.frames)


def _films(container: InputContainer) -> list[VideoStream]:
    """The video streams that are no cover images."""
    cover = av.stream.Disposition.attached_pic
    return [each for each in container.streams.video if not each.disposition & cover]


def open_video(path: Path) -> InputContainer:
    """Opens a local file that can't make ffmpeg open anything else. Raises av's errors. Tags may be
    in any encoding."""
    return av.open(
        file_url(path), container_options=dict(one_file(path)), metadata_errors="replace"
    )


def _facts(path: Path, container: InputContainer) -> VideoFacts:
    refuse_image(path, container)
    video = video_stream(path, container)
    if video.codec_context is None:
        refuse_undecodable(path, container)
    _check_whole(path, container)
    decoder = _ALPHA_DECODERS.get(video.codec_context.name)
    decoder = decoder if video.metadata.get("alpha_mode") == "1" else None
    frame = _first_frame(path, container, video, decoder)
    late = _late_audio(path, container)
    codecs = tuple(
        audio.codec_context.codec.canonical_name if number in late or _is_described(audio) else ""
        for number, audio in enumerate(container.streams.audio)
    )
    return VideoFacts(
        width=frame.width,
        height=frame.height,
        rate=video.guessed_rate or video.average_rate or Fraction(25),
        duration_seconds=_duration(container, video),
        has_audio=any(codecs),
        orientation=_orientation(frame),
        sample_aspect=video.sample_aspect_ratio or Fraction(1),
        pixel_format=frame.format.name,
        color_space=_COLOR_SPACES.get(int(frame.colorspace)),
        color_range=_COLOR_RANGES.get(int(frame.color_range)),
        audio_codecs=codecs,
        late_audio=late,
        color_transfer=_COLOR_TRANSFERS.get(int(frame.color_trc)),
        color_primaries=_COLOR_PRIMARIES.get(int(frame.color_primaries)),
        interlaced=frame.interlaced_frame or int(video.codec_context.field_order) > _PROGRESSIVE,
        decoder=decoder,
        timecode=timecode_of(container),
    )


def _is_described(audio: AudioStream) -> bool:
    context = audio.codec_context
    return bool(context and context.sample_rate and context.channels)


def _late_audio(path: Path, container: InputContainer) -> frozenset[int]:
    """See `VideoFacts.late_audio`. A broadcast's transport stream may declare audio that never
    comes. To know that takes reading the whole file (0.7 s of processor time a GB, at 10 Mbit/s); a
    film that describes all its streams pays nothing."""
    silent = {
        audio.index: number
        for number, audio in enumerate(container.streams.audio)
        if audio.codec_context and not _is_described(audio)
    }
    found: set[int] = set()
    if not silent:
        return frozenset()
    with suppress(av.error.FFmpegError), open_video(path) as again:
        for packet in again.demux():
            beat()
            number = silent.get(packet.stream.index)
            if number is None or number in found:
                continue
            with suppress(av.error.FFmpegError):
                if packet.decode():
                    found.add(number)
            if len(found) == len(silent):
                break
    return frozenset(found)


def _orientation(frame: VideoFrame) -> Orientation:
    """By the display matrix of the container or the bitstream; upright where neither has one."""
    try:
        side_data = frame.side_data
    except ValueError:
        side_data = _without_unknown_side_data(frame).side_data
    matrix: Any = side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    return Orientation.of_matrix(np.frombuffer(matrix, np.int32).tolist())


def _without_unknown_side_data(frame: VideoFrame) -> VideoFrame:
    """The same frame without the kinds of side data that PyAV has no name for (EXIF is one): it
    lists none of a frame's where one is among them."""
    known: set[Any] = {each.value for each in SideDataType}
    graph = Graph()
    chain = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
        ),
        *(
            graph.add("sidedata", f"mode=delete:type={kind}")
            for kind in range(_SIDE_DATA_KINDS)
            if kind not in known
        ),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain).configure()
    graph.vpush(frame)
    return graph.vpull()


_SIDE_DATA_KINDS = 48
"""More than libavutil's AVFrameSideDataType has."""


_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""WebM keeps alpha beside the image, where ffmpeg's own decoders don't look."""

_PROGRESSIVE = 1
"""libavcodec's AVFieldOrder: 0 is unknown, 2 to 5 are the orders of fields."""


_COLOR_SPACES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
}
"""ISO/IEC 23091-2, MatrixCoefficients."""

_COLOR_TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    18: "arib-std-b67",
}
"""ISO/IEC 23091-2, TransferCharacteristics."""

_COLOR_PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    11: "smpte431",
    12: "smpte432",
}
"""ISO/IEC 23091-2, ColourPrimaries."""

_COLOR_RANGES = {1: "tv", 2: "pc"}
"""libavutil's AVColorRange."""


def video_stream(path: Path, container: InputContainer) -> VideoStream:
    """The first one that is no cover image: ffmpeg's `V:0`. Raises InputError."""
    if films := _films(container):
        return films[0]
    if container.streams.audio:
        raise InputError(f"{path.name} has audio but no video: give a file with a video stream.")
    raise InputError(f"{path.name} is not a video: no video stream in it, check the file.")


def _check_whole(path: Path, container: InputContainer) -> None:
    """An MP4 that is cut short may still have its sample table, which comes before or after the
    media."""
    if "mp4" not in container.format.name:
        return
    size = path.stat().st_size
    for stream in (*container.streams.video, *container.streams.audio):
        entries = stream.index_entries
        # Each entry costs a Python object; a hundredth of two hours tells as much.
        looked_at = {*range(0, len(entries), 100), *range(max(0, len(entries) - 256), len(entries))}
        end = max((entries[n].pos + entries[n].size for n in looked_at), default=0)
        if end > size:
            raise InputError(
                f"{path.name} is truncated: it has {size:,} of at least {end:,} bytes; "
                "copy or download it again."
            )


def _first_frame(
    path: Path, container: InputContainer, video: VideoStream, decoder: str | None
) -> VideoFrame:
    context: Any = av.CodecContext.create(decoder, "r") if decoder else video.codec_context
    for packet in container.demux(video):
        try:
            for frame in context.decode(packet):
                return frame  # type: ignore[no-any-return]
        except av.error.InvalidDataError:
            continue
        except av.error.EOFError:
            break
    refuse_animated_webp(path)
    raise InputError(
        f"{path.name} has no frame that can be decoded ({video.codec_context.name}): "
        "the file is damaged, copy or download it again."
    )


def _duration(container: InputContainer, video: VideoStream) -> float:
    """As the container names it; of an AVI, as its header does: libavformat gives the duration of
    the bytes that are left."""
    if container.format.name == "avi" and video.frames and video.average_rate:
        return float(video.frames / video.average_rate)
    if container.duration:
        return container.duration / av.time_base
    if video.duration and video.time_base:
        return float(video.duration * video.time_base)
    return 0.0


def _why_not(path: Path, error: av.error.FFmpegError) -> str:
    if isinstance(error, av.error.PermissionError):
        return f"{path.name} can't be read: permission denied, change the file's permissions."
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        return (
            f"{path.name} is truncated: its index (the moov box) is missing or cut off; "
            "copy or download it again."
        )
    if _IS_LIST.search(head):
        return f"{path.name} is a list of other files, not a video: give the video itself."
    kind = "it holds text" if _is_text(head) else "its format is none that Heaters opens"
    return f"{path.name} is not a video: {kind}, check that it is the file you meant."


_IS_LIST = re.compile(rb"\A(\xef\xbb\xbf)?\s*(#EXTM3U|ffconcat\s)|<MPD[\s>]")
"""HLS, ffmpeg's own, DASH."""


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # its end may cut a character
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
