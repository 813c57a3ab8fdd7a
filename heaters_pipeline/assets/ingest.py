"""From a new source video to virtual clips that wait for a reviewer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from heaters_pipeline.assets.steps import ProgressWriter, source_step
from heaters_pipeline.db import clips, reviews, source_videos
from heaters_pipeline.db.models import Origin, SourceVideo
from heaters_pipeline.domain import frame_index, layout
from heaters_pipeline.domain.cut_points import find_faults
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import url_name
from heaters_pipeline.domain.states import (
    DETECT_SCENES,
    DOWNLOAD,
    PREPROCESS,
    ClipState,
    SourceState,
)
from heaters_pipeline.media.detect import open_detector
from heaters_pipeline.media.download import fetch_source
from heaters_pipeline.media.frame_index import check_proxy, proxy_codec, read_frame_index
from heaters_pipeline.media.probe import VideoFacts, probe
from heaters_pipeline.media.scores import open_scores
from heaters_pipeline.media.transcode import Product, Transcoded, transcode
from heaters_pipeline.partitions import heaters_videos
from heaters_pipeline.platform.digest import file_digest
from heaters_pipeline.platform.scratch import scratch_folder
from heaters_pipeline.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage

GROUP = "ingest"

DOWNLOAD_RETRIES = dg.RetryPolicy(
    max_retries=2,
    delay=10,
    backoff=dg.Backoff.EXPONENTIAL,
    jitter=dg.Jitter.PLUS_MINUS,
)


@dg.asset(
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ytdlp"},
    pool="download",
    retry_policy=DOWNLOAD_RETRIES,
)
def source_download(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The video as its site or its owner has it, checked to be one that can be decoded."""
    key, storage = context.partition_key, store.open()
    with (
        source_step(database, key, DOWNLOAD) as video,
        scratch_folder(get_settings().home) as folder,
    ):
        if _is_here_already(video, storage):
            with database.transaction() as session:
                source_videos.finish(session, key, DOWNLOAD)
            return dg.MaterializeResult(metadata={"path": video.source_filepath, "fetched": False})
        download = folder / "download"
        download.mkdir()
        fetched = fetch_source(
            video.url, download, ProgressWriter(database, key, "download", context.log.info)
        )
        facts = probe(fetched.path)
        sha256 = file_digest(fetched.path)
        if video.state == SourceState.READY and video.source_sha256 != sha256:
            raise InputError(
                f"{video.url} is not what {video.title} and its clips were made from any more: "
                "add it as a new video."
            )
        path = layout.source(key, sha256[:10], fetched.path.suffix.lower())
        storage.put(fetched.path, path)
        unnamed = video.origin == Origin.WEB and video.title == url_name(video.url)
        with database.transaction() as session:
            source_videos.finish(
                session,
                key,
                DOWNLOAD,
                {
                    "source_filepath": path,
                    "source_sha256": sha256,
                    "title": fetched.title if unnamed else video.title,
                    "download_quality": fetched.quality,
                    **_row_facts(facts),
                },
            )
        return dg.MaterializeResult(
            metadata={
                "path": path,
                "fetched": True,
                "bytes": fetched.path.stat().st_size,
                "picture": f"{facts.width} x {facts.height}, {facts.rate} frames per second",
                "seconds": facts.duration_seconds,
            }
        )


@dg.multi_asset(
    name="transcode",
    specs=[
        dg.AssetSpec(
            product.value,
            deps=[source_download],
            group_name=GROUP,
            kinds={"ffmpeg"},
            description=description,
            skippable=True,
        )
        for product, description in [
            (
                Product.GOLD_MASTER,
                "The source's every frame and sound, lossless (FFV1, every frame intra).",
            ),
            (
                Product.REVIEW_PROXY,
                "What reviewers watch: H.264 of single IDR frames, and its sound beside it.",
            ),
            (
                Product.FRAME_SCORES,
                "A small picture of every frame, all that a cut detector needs.",
            ),
        ]
    ],
    can_subset=True,
    partitions_def=heaters_videos,
    pool="transcode",
)
def transcode_source(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """One decode of the source, and whichever of the three products are asked for."""
    key, storage = context.partition_key, store.open()
    selected = context.op_execution_context.selected_asset_keys
    wanted = frozenset(Product(asset.to_user_string()) for asset in selected)
    with (
        source_step(database, key, PREPROCESS) as video,
        scratch_folder(get_settings().home) as folder,
        storage.fetch(_made(video.source_filepath, video, "source_download")) as source,
    ):
        facts = probe(source)
        write = ProgressWriter(database, key, "transcode", context.log.info)
        made = transcode(
            source,
            facts,
            folder,
            wanted,
            lambda progress: write(progress.seconds_done, facts.duration_seconds),
            stall_seconds=get_settings().stall_seconds,
        )
        _refuse_other_length(video, made.frame_count)
        row, sizes = _store_products(storage, key, made)
        # An index of another length is void; with a new proxy comes its own.
        void = {} if video.frame_count == made.frame_count else {"keyframe_offsets": None}
        with database.transaction() as session:
            source_videos.finish_products(
                session,
                key,
                {"frame_count": made.frame_count, **void, **_row_facts(facts), **row},
            )
        if Product.REVIEW_PROXY in wanted:
            _delete_replaced(storage, video, row)
    for product in sorted(wanted):
        yield dg.MaterializeResult(
            asset_key=product.value,
            metadata={"frames": made.frame_count, "bytes": sizes[product]},
        )


@dg.asset(
    deps=[Product.REVIEW_PROXY.value],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"postgres"},
)
def keyframe_offsets(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The frame index: byte offset, size and time of every frame of the proxy, each proven to be
    an IDR picture."""
    key = context.partition_key
    with (
        source_step(database, key, PREPROCESS) as video,
        store.open().fetch(_made(video.proxy_filepath, video, "review_proxy")) as proxy,
    ):
        records = read_frame_index(proxy)
        check_proxy(proxy, records)
        with database.transaction() as session:
            index = {"keyframe_offsets": frame_index.pack(records)}
            source_videos.finish_products(session, key, index)
        return dg.MaterializeResult(
            metadata={
                "frames": len(records),
                "index_bytes": records.nbytes,
                "largest_frame_bytes": int(records["size"].max()),
            }
        )


@dg.asset(
    deps=[Product.FRAME_SCORES.value, keyframe_offsets],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"opencv"},
)
def scene_cut_points(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The first frame of each new scene, found in the frame scores without decoding again."""
    key, settings = context.partition_key, get_settings()
    with source_step(database, key, DETECT_SCENES) as video:
        detector = open_detector(settings.detector, settings.min_clip_seconds)
        path = _made(video.frame_scores_filepath, video, "frame_scores")
        with database.transaction() as session:
            rate = source_videos.mean_rate(session, video)
        with store.open().fetch(path) as scores:
            cuts = detector.detect(open_scores(scores), rate)
        with database.transaction() as session:
            source_videos.record(
                session,
                key,
                {
                    "scene_cut_points": {
                        "detector": detector.name,
                        "min_clip_seconds": settings.min_clip_seconds,
                        "cuts": cuts,
                    }
                },
            )
        return dg.MaterializeResult(
            metadata={
                "cuts": len(cuts),
                "detector": detector.name,
                "first_cuts": cuts[:50],
            }
        )


@dg.asset(
    deps=[scene_cut_points, keyframe_offsets, Product.GOLD_MASTER.value],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"postgres"},
)
def virtual_clips(
    context: dg.AssetExecutionContext, database: Database
) -> dg.MaterializeResult[Any]:
    """The video divided at its cut points: rows, no files. What somebody decided on stays."""
    key = context.partition_key
    with source_step(database, key, DETECT_SCENES) as video:
        _made(video.gold_master_filepath, video, "gold_master")
        cuts = _cuts(video)
        with database.transaction() as session:
            replanned = reviews.replan(session, video, cuts)
            live = clips.of_video(session, video.id)
            faults = find_faults(video.frame_count or 0, [clip.frames for clip in live])
            if faults:
                raise HeatersError(f"The clips of {video.title} don't cover it: {faults[0]}")
            source_videos.finish(session, key, DETECT_SCENES)
        touched = replanned.clips if replanned else []
        return dg.MaterializeResult(
            metadata={
                "clips": len(live),
                "new": sum(clip.state == ClipState.PENDING_REVIEW for clip in touched),
                "replaced": sum(clip.state == ClipState.SUPERSEDED for clip in touched),
            }
        )


def _cuts(video: SourceVideo) -> list[int]:
    if not video.needs_splicing:
        return []
    if video.scene_cut_points is None:
        raise InputError(f"{video.title} has no cut points: materialize scene_cut_points first.")
    return list(video.scene_cut_points["cuts"])


def _is_here_already(video: SourceVideo, storage: Storage) -> bool:
    """An uploaded file is what it was when it was added, and may be gone from there."""
    return (
        video.origin == Origin.UPLOAD
        and video.source_filepath is not None
        and storage.exists(video.source_filepath)
    )


def _made(path: str | None, video: SourceVideo, asset: str) -> str:
    if path is None:
        raise InputError(f"{video.title} has no {asset} yet: materialize {asset} first.")
    return path


def _row_facts(facts: VideoFacts) -> dict[str, Any]:
    return {
        "width": facts.width,
        "height": facts.height,
        "rate_num": facts.rate.numerator,
        "rate_den": facts.rate.denominator,
        "rotation": facts.rotation,
        "sample_aspect_num": facts.sample_aspect.numerator,
        "sample_aspect_den": facts.sample_aspect.denominator,
        "duration_seconds": facts.duration_seconds,
        "has_audio": facts.has_audio,
    }


def _refuse_other_length(video: SourceVideo, frame_count: int) -> None:
    """Clips name frames by number: under a video that has clips the count must not change."""
    if video.state == SourceState.READY and video.frame_count != frame_count:
        raise InputError(
            f"{video.title} has {frame_count} frames now, but its clips were made when it had "
            f"{video.frame_count}: add it as a new video instead."
        )


def _delete_replaced(storage: Storage, video: SourceVideo, row: dict[str, Any]) -> None:
    """Proxies are named after their bytes: one that differs does not overwrite the old one."""
    for column in ("proxy_filepath", "proxy_audio_filepath"):
        old = getattr(video, column)
        if old is not None and old != row[column]:
            storage.delete(old)


def _store_products(
    storage: Storage, key: str, made: Transcoded
) -> tuple[dict[str, Any], dict[Product, int]]:
    """Puts what was made into the storage; the row's columns and each product's bytes."""
    row: dict[str, Any] = {}
    sizes: dict[Product, int] = {}

    def put(local: Path, path: str, column: str, product: Product) -> None:
        storage.put(local, path)
        row[column] = path
        sizes[product] = sizes.get(product, 0) + local.stat().st_size

    if made.gold_master and made.frame_checksums:
        put(
            made.gold_master,
            layout.gold_master(key),
            "gold_master_filepath",
            Product.GOLD_MASTER,
        )
        put(
            made.frame_checksums,
            layout.frame_checksums(key),
            "frame_checksums_filepath",
            Product.GOLD_MASTER,
        )
    if made.review_proxy:
        parts = [made.review_proxy, made.proxy_audio]
        digests = [file_digest(part) for part in parts if part is not None]
        proxy_id = layout.proxy_id(key, digests)
        path = layout.review_proxy(key, proxy_id)
        put(made.review_proxy, path, "proxy_filepath", Product.REVIEW_PROXY)
        row["proxy_audio_filepath"] = None
        if made.proxy_audio:
            audio = layout.proxy_audio(key, proxy_id)
            put(made.proxy_audio, audio, "proxy_audio_filepath", Product.REVIEW_PROXY)
        codec, description, width, height = proxy_codec(made.review_proxy)
        # The index goes with the very bytes it describes, in the same write.
        row |= {
            "proxy_id": proxy_id,
            "proxy_codec": codec,
            "proxy_description": description,
            "proxy_width": width,
            "proxy_height": height,
            "keyframe_offsets": frame_index.pack(read_frame_index(made.review_proxy)),
        }
    if made.frame_scores:
        path = layout.frame_scores(key)
        put(made.frame_scores, path, "frame_scores_filepath", Product.FRAME_SCORES)
    return row, sizes
