"""What an operator sees of a result in Dagster's pages, by the asset that it belongs to."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import dagster as dg

from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.work.clip_sprites import SpritesMade
from heaters_pipeline.work.clips import LaidClips
from heaters_pipeline.work.cuts import FoundCuts, KeptCuts
from heaters_pipeline.work.download import Settled, StoredSource
from heaters_pipeline.work.ingest import StepResult
from heaters_pipeline.work.library import Batch, Exported
from heaters_pipeline.work.objects import StorageCost
from heaters_pipeline.work.products import IndexedProxy, Products
from heaters_pipeline.work.splice import Spliced
from heaters_pipeline.work.vectors import Filled

Metadata = dict[str, Any]

SLOWEST = 5
"""So many clips are named with their time: what is written here stays in Dagster for ever."""


def by_asset(result: StepResult, cost: StorageCost) -> Mapping[str, Metadata]:
    """The metadata of each asset that a step of the ingest has made. `cost` is the video's after
    it."""
    match result:
        case Settled():
            return {}
        case StoredSource():
            return {"source_download": of_source(result)}
        case Products():
            return {product.value: of_product(product, result, cost) for product in Product}
        case IndexedProxy():
            return {"keyframe_offsets": of_index(result)}
        case FoundCuts() | KeptCuts():
            return {"scene_cut_points": of_cuts(result)}
        case LaidClips():
            return {"virtual_clips": of_clips(result)}
        case Spliced():
            return {"spliced_clips": of_spliced(result)}
        case SpritesMade():
            return {"clip_sprites": of_sprites(result)}


def of_source(source: StoredSource) -> Metadata:
    facts = source.facts
    return {
        "path": source.path,
        "bytes": source.size,
        "picture": f"{facts.width} x {facts.height}, {facts.rate} frames per second",
        "seconds": facts.duration_seconds,
        "quality": source.quality or {},
    }


def of_product(product: Product, made: Products, cost: StorageCost) -> Metadata:
    metadata: Metadata = {
        "frames": made.frame_count,
        "damage": made.damage.as_json() if made.damage else "none",
        "bytes": made.bytes_of[product],
    }
    if product is Product.REVIEW_PROXY:
        metadata |= {"sprite_sheets": made.sprite_sheets, "sprite_bytes": made.sprite_bytes}
    return metadata | of_cost(cost)


def of_index(index: IndexedProxy) -> Metadata:
    return {
        "frames": index.frame_count,
        "index_bytes": index.index_bytes,
        "largest_frame_bytes": index.largest_frame_bytes,
    }


def of_cuts(found: FoundCuts | KeptCuts) -> Metadata:
    if isinstance(found, KeptCuts):
        return {"detector": found.kind, "cuts": len(found.cuts)}
    image = f"data:image/jpeg;base64,{b64encode(found.picture).decode()}"
    return {
        "detector": found.detector,
        "threshold": found.threshold,
        "cuts": len(found.cuts),
        "suggestions": found.suggestions,
        **{f"{kind}s": count for kind, count in sorted(found.kinds.items())},
        "picture": dg.MetadataValue.md(f"![curve, threshold, cuts, first frames]({image})"),
    }


def of_clips(laid: LaidClips) -> Metadata:
    return {
        "clips": laid.live,
        "new": laid.new,
        "replaced": laid.replaced,
        "kept_as_reviewed": laid.kept_as_reviewed,
        "previews": laid.previews,
        "repeats": laid.repeats,
        "shared": [f"{share:.0%} of this is in {title}" for title, share in laid.shared.items()],
        "merged_short": laid.merged_short,
        "trimmed": laid.trimmed,
        "merged_by_reviewers": laid.merged_by_reviewers,
        "split_by_reviewers": laid.split_by_reviewers,
    }


def of_spliced(spliced: Spliced) -> Metadata:
    added = spliced.added
    return {
        "files": len(added.made),
        "files_not_made": added.failed,
        "files_tried_again": added.waiting,
    }


def of_sprites(made: SpritesMade) -> Metadata:
    return of_batch(made.batch) | {"added": made.added, "not_added": made.failed}


def of_batch(batch: Batch) -> Metadata:
    return {
        "done": len(batch.done),
        "failed": len(batch.failed),
        "failed_clips": batch.failed,
        "tried_again": {
            f"clip {clip}": f"{f'{at.astimezone():%H:%M:%S}' if at else 'soon'}: "
            + batch.passing.get(clip, "")
            for clip, at in batch.waiting.items()
        },
        "slowest_clips": {
            f"clip {clip}": f"{batch.seconds[clip]} s"
            for clip in sorted(batch.seconds, key=batch.seconds.__getitem__)[: -SLOWEST - 1 : -1]
        },
    }


def of_vectors(filled: Filled) -> Metadata:
    return {
        "model": f"{filled.model}, {filled.strategy}",
        "added": len(filled.made),
        "without": filled.failed,
        "model_missing": filled.missing or "no",
    }


def of_exports(done: Exported) -> Metadata:
    added, groups = done.added, done.groups
    return of_batch(done.batch) | {
        "files_added": len(added.made) + len(groups.made),
        "files_not_added": added.failed,
        "files_tried_again": added.waiting + groups.waiting,
        "groups_not_made": {f"group of clip {first}": why for first, why in groups.failed.items()},
    }


def of_cost(cost: StorageCost) -> Metadata:
    metadata: Metadata = {
        "bytes_of_video": {kind.value: size for kind, size in sorted(cost.bytes_by_kind.items())},
        "bytes_of_video_in_all": cost.total_bytes,
    }
    if cost.approved_minutes:
        metadata["bytes_per_approved_minute"] = round(cost.total_bytes / cost.approved_minutes)
    return metadata
