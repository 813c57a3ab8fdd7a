"""What the ingest benchmark runs in processes of their own, so that starting Python and importing
is part of the cost. Each command prints one JSON object, and on standard error the name of each
step as it begins."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "benchmarks.steps")


def ingest(source: Path, folder: Path, gold: str) -> dict[str, Any]:
    """From a source to virtual clips: what the assets of the ingest call, as often as they call it,
    without Dagster, database and storage. `gold`: the setting GOLD_MASTER.
    """
    from heaters_pipeline.domain.cut_points import FrameRange, divide, find_faults
    from heaters_pipeline.domain.frame_index import pack
    from heaters_pipeline.files.digests import file_digest
    from heaters_pipeline.media.clips.previews import preview
    from heaters_pipeline.media.cuts.chart import draw_detection
    from heaters_pipeline.media.cuts.detectors import open_detector
    from heaters_pipeline.media.ffmpeg.probe import probe
    from heaters_pipeline.media.products.frame_index import (
        check_proxy,
        proxy_codec,
        read_frame_index,
    )
    from heaters_pipeline.media.products.thumbnails import open_thumbnails
    from heaters_pipeline.media.products.transcode import GoldMaster, Product, transcode
    from heaters_pipeline.settings import get_settings

    settings = get_settings()

    _step("download")
    probe(source)
    file_digest(source)

    _step("transcode")
    facts = probe(source)
    made = transcode(source, facts, folder, frozenset(Product), gold=GoldMaster(gold))
    assert made.review_proxy and made.frame_scores
    _step("store products")
    for part in (made.review_proxy, made.proxy_audio, made.sprites):
        if part:
            file_digest(part)
    proxy_codec(made.review_proxy)
    pack(read_frame_index(made.review_proxy))

    _step("frame index")
    records = read_frame_index(made.review_proxy)
    check_proxy(made.review_proxy, records)
    pack(records)

    _step("cut points")
    detector = open_detector(settings.detector, settings.min_clip_seconds)
    thumbnails = open_thumbnails(made.frame_scores)
    found = detector.detect(thumbnails, facts.rate)
    cuts = found.cuts()
    draw_detection(thumbnails, found)

    _step("virtual clips")
    clips = divide(FrameRange(0, made.frame_count), cuts)
    assert not find_faults(made.frame_count, clips)
    for frames in clips:
        preview(thumbnails, frames)
    return {"frames": made.frame_count, "clips": len(clips)}


def verify(gold: Path, checksums: Path) -> dict[str, Any]:
    """The asset check of the gold master."""
    from heaters_pipeline.media.ffmpeg.checksums import read_checksums, verify_gold_master

    _step("verify")
    different = verify_gold_master(gold, read_checksums(checksums), gold.parent)
    return {"different": len(different)}


def count_packets(video: Path) -> dict[str, Any]:
    """The plain chain's frame index."""
    return {"frames": len(scan_packets(video))}


def scan_packets(video: Path) -> list[tuple[int | None, int, int | None]]:
    """Offset, size and time of every packet; each is read whole."""
    import av

    with av.open(str(video)) as container:
        return [
            (packet.pos, packet.size, packet.pts)
            for packet in container.demux(video=0)
            if packet.size
        ]


def _step(name: str) -> None:
    print(name, file=sys.stderr, flush=True)


if __name__ == "__main__":
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "ingest": ingest,
        "verify": verify,
        "scan-packets": count_packets,
    }
    command, *arguments = sys.argv[1:]
    print(json.dumps(commands[command](*map(Path, arguments[:2]), *arguments[2:])))
