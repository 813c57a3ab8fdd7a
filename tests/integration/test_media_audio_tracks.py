"""Which audio tracks of a film are kept, and how."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.media.ffmpeg.probe import VideoFacts, probe
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary, file_url
from heaters_pipeline.media.products.transcode import GoldMaster, Product, Transcoded, transcode
from tests.footage import STALL_SECONDS, make_numbered_film, remake

RATE = 5
SECONDS = 10
"""More than what ffmpeg looks at when it opens a transport stream (7)."""
PITCHES = (440, 880)
"""Of the two audio tracks, in Hz."""
FIRST_TRACK = 0x101
"""The identifier of its packets: ffmpeg numbers them from 0x100 on, the video first."""


def broadcast(path: Path, codec: str, first_from: float, tracks: int = 2) -> Path:
    """A transport stream with audio tracks. Packets of the first are there from this share of the
    bytes on only, though the stream declares it."""
    tones = [f"sine=frequency={pitch}:duration={SECONDS}" for pitch in PITCHES[:tracks]]
    inputs = [f"testsrc2=size=64x36:rate={RATE}:duration={SECONDS}", *tones]
    command = [ffmpeg_binary(), "-v", "error", "-nostdin"]
    for each in inputs:
        command += ["-f", "lavfi", "-i", each]
    for number in range(len(inputs)):
        command += ["-map", str(number)]
    command += ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-c:a", codec, str(path)], check=True)
    data, size = path.read_bytes(), 188
    packets = [data[at : at + size] for at in range(0, len(data), size)]
    begin = first_from * len(packets)
    kept = [
        packet
        for number, packet in enumerate(packets)
        if number >= begin or int.from_bytes(packet[1:3]) & 0x1FFF != FIRST_TRACK
    ]
    path.write_bytes(b"".join(kept))
    return path


def made_of(source: Path, facts: VideoFacts, folder: Path, gold: GoldMaster) -> Transcoded:
    folder.mkdir()
    wanted = frozenset(Product)
    return transcode(source, facts, folder, wanted, gold=gold, stall_seconds=STALL_SECONDS)


def exported(gold: Path, facts: VideoFacts, made: Transcoded, out: Path) -> Path:
    """The last two seconds."""
    assert made.frame_checksums
    checksums = read_checksums(made.frame_checksums)
    frames = FrameRange(made.frame_count - 2 * RATE, made.frame_count)
    clip = GoldRange(gold, checksums, frames, facts.rate, facts.orientation)
    export_clip(clip, out, stall_seconds=STALL_SECONDS)
    return out


def audio_codecs(path: Path | None) -> list[str]:
    assert path
    with av.open(file_url(path)) as container:
        return [each.codec_context.codec.canonical_name for each in container.streams.audio]


def pitch(path: Path | None) -> float:
    """Of the last second of the first audio track, in Hz."""
    assert path
    with av.open(file_url(path)) as container:
        rate = container.streams.audio[0].rate
        mono = av.AudioResampler("s16", "mono", rate)
        frames = [again for each in container.decode(audio=0) for again in mono.resample(each)]
    heard = np.concatenate([each.to_ndarray()[0] for each in frames])[-rate:]
    return float(np.abs(np.fft.rfft(heard)).argmax())


def peak_at_first(path: Path | None) -> int:
    """Of the first second of a WAV."""
    assert path
    with wave.open(str(path), "rb") as audio:
        return int(np.abs(np.frombuffer(audio.readframes(audio.getframerate()), np.int16)).max())


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_a_declared_track_without_audio_counts_as_none(codec: str, tmp_path: Path) -> None:
    film = broadcast(tmp_path / "film.ts", codec, first_from=1)
    facts = probe(film)
    for gold in GoldMaster:
        made = made_of(film, facts, tmp_path / gold, gold)
        assert pitch(made.proxy_audio) == pytest.approx(PITCHES[1], abs=2)
        clip = exported(made.gold_master or film, facts, made, tmp_path / f"{gold}.mp4")
        assert audio_codecs(clip) == ["aac"]
        assert pitch(clip) == pytest.approx(PITCHES[1], abs=2)
        assert made.damage is None
        if made.gold_master:
            assert len(audio_codecs(made.gold_master)) == 1
            assert pitch(made.gold_master) == pytest.approx(PITCHES[1], abs=2)


def test_a_film_whose_only_track_has_no_audio_is_silent(tmp_path: Path) -> None:
    film = broadcast(tmp_path / "film.ts", "aac", first_from=1, tracks=1)
    facts = probe(film)
    assert not facts.has_audio
    made = made_of(film, facts, tmp_path / "made", GoldMaster.FFV1)
    assert (made.proxy_audio, audio_codecs(made.gold_master)) == (None, [])


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_a_track_that_begins_late_is_kept(codec: str, tmp_path: Path) -> None:
    film = broadcast(tmp_path / "film.ts", codec, first_from=0.85)
    facts = probe(film)
    for gold in GoldMaster:
        made = made_of(film, facts, tmp_path / gold, gold)
        assert peak_at_first(made.proxy_audio) == 0
        assert pitch(made.proxy_audio) == pytest.approx(PITCHES[0], abs=2)
        clip = exported(made.gold_master or film, facts, made, tmp_path / f"{gold}.mp4")
        assert pitch(clip) == pytest.approx(PITCHES[0], abs=2)
        if made.gold_master:
            assert len(audio_codecs(made.gold_master)) == 2
            assert pitch(made.gold_master) == pytest.approx(PITCHES[0], abs=2)


def test_what_matroska_carries_is_copied(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 24, (64, 36))
    codecs = {"c:a:0": "libmp3lame", "c:a:1": "dca", "c:a:2": "mp2", "strict": "experimental"}
    maps = ["v:0", "a:0", "a:0", "a:0"]
    many = remake(film, tmp_path / "many.mkv", maps=maps, vcodec="copy", **codecs)
    facts = probe(many)
    made = made_of(many, facts, tmp_path / "made", GoldMaster.FFV1)
    assert audio_codecs(made.gold_master) == ["mp3", "dts", "mp2"]
    assert made.gold_master
    assert audio_packets(made.gold_master) == audio_packets(many)


def audio_packets(path: Path) -> list[tuple[int, bytes]]:
    with av.open(file_url(path)) as container:
        packets = container.demux(*container.streams.audio)
        return sorted((each.stream.index, bytes(each)) for each in packets)
