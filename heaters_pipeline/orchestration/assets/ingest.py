"""From a new source video to clips that wait for a reviewer."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.orchestration import metadata, pages
from heaters_pipeline.orchestration.assets.download import GROUP, source_download
from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.orchestration.run_keys import is_by_hand
from heaters_pipeline.work.clip_sprites import SpritesMade, make_sprites, sprites_before_review
from heaters_pipeline.work.clips import lay_clips
from heaters_pipeline.work.cuts import find_cuts
from heaters_pipeline.work.library import retry_failed
from heaters_pipeline.work.objects import storage_cost
from heaters_pipeline.work.products import index_proxy, make_products
from heaters_pipeline.work.splice import splice

DESCRIPTIONS = {
    Product.GOLD_MASTER: (
        "The source's every frame and all its audio, lossless (FFV1, every frame intra)."
    ),
    Product.REVIEW_PROXY: (
        "What reviewers watch: H.264 of single IDR frames, its audio, its sprite sheets."
    ),
    Product.FRAME_SCORES: "A thumbnail of every frame, all that a cut detector needs.",
}


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
        for product, description in DESCRIPTIONS.items()
    ],
    can_subset=True,
    partitions_def=heaters_videos,
    pool="transcode",
)
def transcode_source(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """One decode of the source, and whichever of the three products are asked for."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    selected = context.op_execution_context.selected_asset_keys
    wanted = frozenset(Product(asset.to_user_string()) for asset in selected)
    with failures_in_words():
        made = make_products(pipeline, key, wanted)
    cost = storage_cost(pipeline, key)
    for product in sorted(wanted):
        yield dg.MaterializeResult(
            asset_key=product.value,
            metadata=metadata.of_product(product, made, cost)
            | pages.of_partition(context, product.value),
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
    with failures_in_words():
        index = index_proxy(open_pipeline(context, database, store), context.partition_key)
    page = pages.of_partition(context, "keyframe_offsets")
    return dg.MaterializeResult(metadata=metadata.of_index(index) | page)


@dg.asset(
    deps=[Product.FRAME_SCORES.value, keyframe_offsets],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"python"},
)
def scene_cut_points(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Where one shot becomes another, and how: found in the thumbnails without decoding again. The
    cuts of an imported list stay; where a person materializes this, what is found replaces them."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    with failures_in_words():
        found = find_cuts(pipeline, key, replaces_imported=is_by_hand(context.run))
    page = pages.of_partition(context, "scene_cut_points")
    return dg.MaterializeResult(metadata=metadata.of_cuts(found) | page)


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
    """The video divided at its cut points: rows, no files. Clips that a reviewer has touched stay.
    Each clip gets a preview: a vector by which it is compared before it has keyframes."""
    with failures_in_words():
        laid = lay_clips(open_pipeline(context, database, store), context.partition_key)
    page = pages.of_partition(context, "virtual_clips")
    return dg.MaterializeResult(metadata=metadata.of_clips(laid) | page)


@dg.asset(
    deps=[virtual_clips, Product.GOLD_MASTER.value],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
    pool="export",
    output_required=False,
)
def spliced_clips(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """The file of every scene of a physical video, cut from the gold master and proven to hold
    exactly its frames. None of other videos. Where a person materializes it, files that failed are
    tried again."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    with failures_in_words():
        if is_by_hand(context.run):
            retry_failed(pipeline, key)
        spliced = splice(pipeline, key)
    if spliced is not None:
        cost = storage_cost(pipeline, key)
        yield dg.MaterializeResult(
            metadata=metadata.of_spliced(spliced)
            | metadata.of_cost(cost)
            | pages.of_partition(context, "spliced_clips")
        )


@dg.asset(
    deps=[spliced_clips, "exported_clips"],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
    output_required=False,
)
def clip_sprites(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """Sprite sheets of each clip of a physical video: small images of about every fifth of a
    second. Where a person materializes it alone, of all clips of the video that have none, physical
    or virtual."""
    pipeline, key = open_pipeline(context, database, store), context.partition_key
    with failures_in_words():
        if is_by_hand(context.run) and len(context.run.asset_selection or ()) == 1:
            made: SpritesMade | None = make_sprites(pipeline, key, of_all=True)
        else:
            made = sprites_before_review(pipeline, key)
    if made is not None:
        page = pages.of_partition(context, "clip_sprites")
        yield dg.MaterializeResult(metadata=metadata.of_sprites(made) | page)
