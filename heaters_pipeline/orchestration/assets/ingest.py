"""From a new source video to virtual clips that wait for a reviewer."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import dagster as dg

from heaters_pipeline.db import clips, embeddings, event_log, ledger, replanning, source_videos
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import frame_index, layout
from heaters_pipeline.domain.cut_points import find_faults
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.states import DETECT_SCENES, PREPROCESS, ClipState, SourceState
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.embeddings import LAYOUT_MODEL
from heaters_pipeline.media.clips.previews import preview
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.picture import draw_cuts
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import check_proxy, proxy_codec, read_frame_index
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import GoldMaster, Product, Transcoded, transcode
from heaters_pipeline.orchestration.assets.download import (
    GROUP,
    delete_replaced,
    row_facts,
    source_download,
)
from heaters_pipeline.orchestration.assets.steps import ProgressWriter, ledger_metadata, source_step
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage

COLUMNS_OF = {
    Product.GOLD_MASTER: ("gold_master_filepath", "frame_checksums_filepath"),
    Product.REVIEW_PROXY: ("proxy_filepath", "proxy_audio_filepath", "sprites_filepath"),
    Product.FRAME_SCORES: ("frame_scores_filepath",),
}

PRODUCT_COLUMNS = tuple(column for columns in COLUMNS_OF.values() for column in columns)


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
                "What reviewers watch: H.264 of single IDR frames, its sound, its sprite sheets.",
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
        gold = GoldMaster(get_settings().gold_master)
        made = transcode(
            source,
            facts,
            folder,
            wanted,
            lambda progress: write(progress.seconds_done, facts.duration_seconds),
            gold=gold,
            stall_seconds=get_settings().stall_seconds,
        )
        _refuse_other_length(video, made.frame_count)
        row, sizes = _store_products(storage, video, made)
        if gold is GoldMaster.COPY and Product.GOLD_MASTER in wanted:
            row["gold_master_filepath"] = video.source_filepath
        if wanted == frozenset(Product):
            row["products_sha256"] = video.source_sha256
        # An index of another length is void; with a new proxy comes its own.
        void = {} if video.frame_count == made.frame_count else {"keyframe_offsets": None}
        with database.transaction() as session:
            facts_now = {
                "frame_count": made.frame_count,
                "damage": made.damage.as_dict() if made.damage else None,
                **void,
                **row_facts(facts),
                **row,
            }
            source_videos.finish_products(session, key, facts_now)
            ledger.record(session, video.id, sizes)
        before = [getattr(video, column) for column in PRODUCT_COLUMNS]
        after = [row.get(column, getattr(video, column)) for column in PRODUCT_COLUMNS]
        delete_replaced(database, storage, before, [*after, video.source_filepath])
    for product in sorted(wanted):
        yield dg.MaterializeResult(
            asset_key=product.value,
            metadata={
                "frames": made.frame_count,
                "damage": made.damage.as_dict() if made.damage else "none",
                "bytes": sum(sizes.get(str(row.get(column)), 0) for column in COLUMNS_OF[product]),
                **(_of_sprites(row, sizes) if product is Product.REVIEW_PROXY else {}),
                **ledger_metadata(database, video.id),
            },
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
    """Where one shot becomes another, and how: found in the thumbnails without decoding again."""
    key, settings = context.partition_key, get_settings()
    with source_step(database, key, DETECT_SCENES) as video:
        detector = open_detector(
            settings.detector,
            settings.min_clip_seconds,
            settings.detector_threshold,
            settings.detector_model,
        )
        path = _made(video.frame_scores_filepath, video, "frame_scores")
        with database.transaction() as session:
            rate = source_videos.mean_rate(session, video)
        with store.open().fetch(path) as file:
            thumbnails = open_thumbnails(file)
            found = detector.detect(thumbnails, rate)
            cuts = found.cuts()
            picture = draw_cuts(
                thumbnails, found.curve, found.threshold, found.transitions, [0, *cuts]
            )
        with database.transaction() as session:
            source_videos.record(
                session,
                key,
                {
                    "scene_cut_points": {
                        "detector": detector.name,
                        "threshold": found.threshold,
                        "min_clip_seconds": settings.min_clip_seconds,
                        "cuts": cuts,
                        "transitions": [asdict(each) for each in found.transitions],
                    }
                },
            )
        kinds = Counter(str(each.kind) for each in found.transitions)
        return dg.MaterializeResult(
            metadata={
                "detector": detector.name,
                "threshold": found.threshold,
                "clips": len(cuts) + 1,
                **{f"{kind}s": count for kind, count in sorted(kinds.items())},
                "picture": dg.MetadataValue.md(
                    f"![curve, threshold, cuts, first frames]({_data_url(picture)})"
                ),
            }
        )


@dg.asset(
    deps=[
        scene_cut_points,
        keyframe_offsets,
        Product.GOLD_MASTER.value,
        Product.FRAME_SCORES.value,
    ],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"postgres"},
)
def virtual_clips(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The video divided at its cut points: rows, no files. What somebody decided on stays. Each
    clip gets a preview: a vector by which it is compared before it has keyframes."""
    key = context.partition_key
    with source_step(database, key, DETECT_SCENES) as video:
        _made(video.gold_master_filepath, video, "gold_master")
        cuts = _cuts(video)
        with database.transaction() as session:
            longest = _longest(video, source_videos.mean_rate(session, video))
            replanned = replanning.replan(session, video, cuts, longest)
            live = clips.of_video(session, video.id)
            faults = find_faults(video.frame_count or 0, [clip.frames for clip in live])
            if faults:
                raise HeatersError(f"The clips of {video.title} don't cover it: {faults[0]}")
            source_videos.finish(session, key, DETECT_SCENES)
            judged = clips.judged(session, video.id)
            mended = event_log.corrections(session, [video.id]).get(video.id)
        previews = _save_previews(database, store.open(), video)
        touched = replanned.clips if replanned else []
        return dg.MaterializeResult(
            metadata={
                "clips": len(live),
                "new": sum(clip.state == ClipState.PENDING_REVIEW for clip in touched),
                "replaced": sum(clip.state == ClipState.SUPERSEDED for clip in touched),
                "kept_as_reviewed": len(judged),
                "previews": previews,
                "trimmed": sum(clip.trim is not None for clip in live),
                "merged_by_reviewers": mended.merges if mended else 0,
                "split_by_reviewers": mended.splits if mended else 0,
            }
        )


def _save_previews(database: Database, storage: Storage, video: SourceVideo) -> int:
    """Gives every clip a preview that has none; says how many."""
    with database.transaction() as session:
        without = embeddings.without_preview(session, video.id, LAYOUT_MODEL)
    if not without:
        return 0
    with storage.fetch(_made(video.frame_scores_filepath, video, "frame_scores")) as file:
        thumbnails = open_thumbnails(file)
        vectors = {clip.id: preview(thumbnails, clip.clean_frames) for clip in without}
    with database.transaction() as session:
        for clip_id, vector in vectors.items():
            embeddings.save(session, clip_id, LAYOUT_MODEL, PREVIEW, vector.tolist())
    return len(vectors)


def _longest(video: SourceVideo, rate: Fraction) -> int | None:
    """Most frames of a clip, where there is a most."""
    seconds = get_settings().max_clip_seconds
    if seconds is None or not video.needs_splicing:
        return None
    return max(1, int(seconds * rate))


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _cuts(video: SourceVideo) -> list[int]:
    if not video.needs_splicing:
        return []
    if video.scene_cut_points is None:
        raise InputError(f"{video.title} has no cut points: materialize scene_cut_points first.")
    return list(video.scene_cut_points["cuts"])


def _made(path: str | None, video: SourceVideo, asset: str) -> str:
    if path is None:
        raise InputError(f"{video.title} has no {asset} yet: materialize {asset} first.")
    return path


def _refuse_other_length(video: SourceVideo, frame_count: int) -> None:
    """Clips name frames by number: under a video that has clips the count must not change."""
    if video.state == SourceState.READY and video.frame_count != frame_count:
        raise InputError(
            f"{video.title} has {frame_count} frames now, but its clips were made when it had "
            f"{video.frame_count}: add it as a new video instead."
        )


def _of_sprites(row: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    return {
        "sprite_sheets": row["sprites"]["sheets"],
        "sprite_bytes": sizes[row["sprites_filepath"]],
    }


def _store_products(
    storage: Storage, video: SourceVideo, made: Transcoded
) -> tuple[dict[str, Any], dict[str, int]]:
    """Puts what was made into the storage; the row's columns, and bytes by storage key."""
    row: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    name = layout.name_of(str(video.source_sha256))

    def put(local: Path, path: str, column: str) -> None:
        storage.put(local, path)
        row[column] = path
        sizes[path] = local.stat().st_size

    if made.gold_master:
        put(made.gold_master, layout.gold_master(video.key, name), "gold_master_filepath")
    if made.frame_checksums:
        put(
            made.frame_checksums,
            layout.frame_checksums(video.key, name),
            "frame_checksums_filepath",
        )
    if made.review_proxy:
        parts = [made.review_proxy, made.proxy_audio, made.sprites]
        digests = [file_digest(part) for part in parts if part is not None]
        proxy_id = layout.proxy_id(video.key, digests)
        put(made.review_proxy, layout.review_proxy(video.key, proxy_id), "proxy_filepath")
        row["proxy_audio_filepath"] = None
        if made.proxy_audio:
            put(made.proxy_audio, layout.proxy_audio(video.key, proxy_id), "proxy_audio_filepath")
        if made.sprites and made.sprite_index:
            put(made.sprites, layout.sprites(video.key, proxy_id), "sprites_filepath")
            row["sprites"] = made.sprite_index.as_json()
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
        put(made.frame_scores, layout.frame_scores(video.key, name), "frame_scores_filepath")
    return row, sizes
