"""Pages of the review app, as others name them: paths below its address."""

from __future__ import annotations

from urllib.parse import urlencode

SOURCES = "/sources"
REVIEW = "/review"
LIBRARY = "/library"
THEMES = "/library/themes"

OF_ASSET = {
    "source_download": SOURCES,
    "gold_master": SOURCES,
    "review_proxy": REVIEW,
    "frame_scores": SOURCES,
    "keyframe_offsets": REVIEW,
    "scene_cut_points": REVIEW,
    "virtual_clips": REVIEW,
    "spliced_clips": REVIEW,
    "clip_sprites": REVIEW,
    "exported_clips": LIBRARY,
    "clip_keyframes": LIBRARY,
    "clip_embeddings": LIBRARY,
    "library_vectors": LIBRARY,
    "library_themes": THEMES,
    "library_repeats": LIBRARY,
    "stored_objects": SOURCES,
    "archived_source": SOURCES,
}
"""Where people see what an asset makes, by its name in Dagster."""

MOST_DETAILED = "virtual_clips"
"""The asset whose page in Dagster tells most of a source video's ingest."""


def of_video(path: str, key: str) -> str:
    """The page at `path` with what belongs to one source video."""
    return f"{path}?{urlencode({'find' if path == SOURCES else 'video': key})}"


def of_clip(clip_id: int) -> str:
    return f"/clips/{clip_id}"


def in_dagster(asset: str, key: str) -> str:
    """Below Dagster's address: the asset's page with the partition of a source video."""
    return f"/assets/{asset}?{urlencode({'view': 'partitions', 'partition': key})}"
