"""Frames, audio and sprite sheets of a proxy, as bytes. The bytes under a proxy's id never change
(`domain.layout.proxy_id`), so browsers may keep them for ever."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint, Response
from sqlmodel import Session

from heaters_pipeline.db import frame_indexes, source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.frame_index import TICKS_PER_SECOND, FrameRecord
from heaters_pipeline.domain.levels import RECORD_BYTES, RECORDS_PER_SECOND, pack, peaks
from heaters_pipeline.domain.segments import Span, spans
from heaters_pipeline.domain.sprites import SpriteIndex
from review_app.presenters import wav, wire
from review_app.services import services, transaction
from review_app.streams import (
    IMMUTABLE,
    OCTETS,
    send_object,
    send_part,
    send_run,
    send_spans,
    stream,
)

blueprint = Blueprint("media", __name__)

WAV = "audio/wav"
AUDIO_CHUNK = 1 << 18
LEVELS_TAIL = 16
"""Bytes after the samples that tell whether levels follow."""


@blueprint.get("/media/<proxy_id>/frames/<int:start>-<int:end>")
def frames(proxy_id: str, start: int, end: int) -> Response:
    """Frames [start, end) with their index, in one answer (`wire`)."""
    video, records, end_ticks = _run(proxy_id, FrameRange(start, end))
    offset, length = wire.samples_span(records)
    head = wire.run_header(start, records, end_ticks)
    if video.proxy_segments:
        return send_spans(spans(video.proxy_segments["parts"], offset, length), head)
    return send_run(Span(str(video.proxy_filepath), offset, length), head)


@blueprint.get("/media/<proxy_id>/index/<int:start>-<int:end>")
def index(proxy_id: str, start: int, end: int) -> Response:
    """The index of frames [start, end) alone: a run whose frames have no bytes. For a player that
    lets the browser read the proxy."""
    _, records, end_ticks = _run(proxy_id, FrameRange(start, end))
    head = wire.run_header(start, [record._replace(size=0) for record in records], end_ticks)
    return stream(iter([head]), len(head), OCTETS, IMMUTABLE)


@blueprint.get("/media/<proxy_id>/audio/<int:start>-<int:end>/<int:part>.wav")
def audio(proxy_id: str, start: int, end: int, part: int) -> Response:
    """A part of the audio of exactly the time that frames [start, end) are shown, as WAV."""
    sound = _sound(proxy_id, FrameRange(start, end))
    samples = wav.part(sound.layout, sound.samples, part)
    if not samples:
        raise NotFound(f"The sound of frames {start}-{end} ends before part {part}.")
    head = wav.header(sound.layout, len(samples) * sound.layout.block)
    return stream(_chain(head, sound.read(samples)), sound.wav_bytes(samples), WAV, IMMUTABLE)


@blueprint.get("/media/<proxy_id>/audio/<int:start>-<int:end>/levels")
def levels(proxy_id: str, start: int, end: int) -> Response:
    """How loud that audio is from moment to moment (`domain.levels`)."""
    sound = _sound(proxy_id, FrameRange(start, end))
    records = wav.records_within(sound.layout, sound.samples)
    head = wav.levels_header(sound.layout, sound.samples, records)
    body = sound.levels(records)
    return stream(iter([head, body]), len(head) + len(body), OCTETS, IMMUTABLE)


@blueprint.get("/media/<proxy_id>/sprites/<int:sheet>.jpg")
def sprites(proxy_id: str, sheet: int) -> Response:
    """One sprite sheet (`domain.sprites`)."""
    with transaction() as session:
        video = _video_of(session, proxy_id)
    if video.sprites is None or video.sprites_filepath is None:
        raise NotFound("This proxy is from before there were sprite sheets: make it again.")
    offset, length = SpriteIndex.from_json(video.sprites).span(sheet)
    return send_part(video.sprites_filepath, offset, length, "image/jpeg", IMMUTABLE)


@blueprint.get("/media/<proxy_id>/proxy.mp4")
def proxy(proxy_id: str) -> Response:
    with transaction() as session:
        key = _video_of(session, proxy_id).proxy_filepath
    if key is None:
        raise NotFound("This film is still being transcoded: its proxy is not whole yet.")
    return send_object(key, "video/mp4", cache=IMMUTABLE)


class _Sound(NamedTuple):
    """The audio of some frames."""

    key: str
    layout: wav.WavLayout
    samples: range

    def read(self, samples: range) -> Iterator[bytes]:
        """Their bytes; silence where the file has ended."""
        position, length = wav.span(self.layout, samples)
        there = services().storage.stream(self.key, position, length) if length else iter(())
        return itertools.chain(there, _silence(len(samples) * self.layout.block - length))

    def wav_bytes(self, samples: range) -> int:
        return wav.HEADER_BYTES + len(samples) * self.layout.block

    def levels(self, records: range) -> bytes:
        storage, layout = services().storage, self.layout
        end = layout.data_start + layout.data_bytes
        tail = storage.read_range(self.key, end, min(storage.size(self.key) - end, LEVELS_TAIL))
        start = wav.levels_start(layout, tail)
        if start is None:  # a proxy from before levels were measured
            length = layout.rate // RECORDS_PER_SECOND
            blocks = self.read(range(records.start * length, records.stop * length))
            return pack(peaks(blocks, layout.rate))
        offset = start + records.start * RECORD_BYTES
        return storage.read_range(self.key, offset, len(records) * RECORD_BYTES)


def _sound(proxy_id: str, frames: FrameRange) -> _Sound:
    if frames.length < 1:
        raise InputError(f"{frames.start}-{frames.end} has no frames.")
    with transaction() as session:
        video = _video_of(session, proxy_id)
        first, _ = _index(session, video, FrameRange(frames.start, frames.start + 1))
        _, end_ticks = _index(session, video, FrameRange(frames.end - 1, frames.end))
    key = video.proxy_audio_filepath
    if key is None:
        raise NotFound("This video has no audio.")
    storage = services().storage
    head = storage.read_range(key, 0, min(storage.size(key), wav.LONGEST_HEADER))
    layout = wav.read_layout(head)
    return _Sound(key, layout, wav.samples_within(layout, first[0].ticks, end_ticks))


def _run(proxy_id: str, frames: FrameRange) -> tuple[SourceVideo, list[FrameRecord], int]:
    """The video, the records of the frames, and the ticks at which the last one ends."""
    if not 1 <= frames.length <= wire.MAX_FRAMES:
        wanted = f"{frames.start}-{frames.end} has {frames.length}"
        raise InputError(f"A run has 1 to {wire.MAX_FRAMES} frames; {wanted}.")
    with transaction() as session:
        video = _video_of(session, proxy_id)
        return video, *_index(session, video, frames)


def _video_of(session: Session, proxy_id: str) -> SourceVideo:
    # One snapshot for row and index, also where the proxy is made again in between.
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    video = source_videos.get_by_proxy_id(session, proxy_id)
    if video is None or not (video.proxy_filepath or video.proxy_segments):
        raise NotFound("No video has this proxy any more: load the page again.")
    return video


def _index(
    session: Session, video: SourceVideo, frames: FrameRange
) -> tuple[list[FrameRecord], int]:
    """The records of the frames, and the ticks at which the last one ends: where the next frame
    begins or, for the last frame of the video, after one frame's time at the nominal rate."""
    if video.frame_count is None or frames.end > video.frame_count:
        raise InputError(
            f"This video has {video.frame_count} frames; frame {frames.end - 1} is not one."
        )
    records = frame_indexes.frame_slice(session, video.id, FrameRange(frames.start, frames.end + 1))
    if len(records) > frames.length:
        return records[:-1], records[-1].ticks
    if video.proxy_segments:
        # When it ends is only known with the next frame, and answers must never change.
        raise NotFound(f"Frame {frames.end - 1} is still being transcoded: try again later.")
    return records, records[-1].ticks + round(TICKS_PER_SECOND / video.rate)


def _chain(head: bytes, *parts: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    for part in parts:
        yield from part


def _silence(length: int) -> Iterator[bytes]:
    while length > 0:
        part = min(length, AUDIO_CHUNK)
        yield bytes(part)
        length -= part
