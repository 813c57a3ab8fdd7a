"""What Dagster's catalogue says of every asset: who owns it, the version of what makes it, what it
takes most, and where people see the result."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import ModuleType

import dagster as dg

from heaters_pipeline.domain.pages import OF_ASSET
from heaters_pipeline.orchestration.pages import link

MACHINE = "heaters/machine"
"""Tag of assets: what their work needs most."""

NEEDS = {
    "source_download": "network",
    "gold_master": "processor",
    "review_proxy": "processor",
    "frame_scores": "processor",
    "spliced_clips": "processor",
    "clip_sprites": "processor",
    "exported_clips": "processor",
    "clip_keyframes": "processor",
    "clip_embeddings": "model",
    "library_vectors": "model",
    "library_themes": "model",
    "stored_objects": "storage",
    "archived_source": "storage",
}
"""By asset; any machine does for those that are missing."""

VERSIONS = {
    "source_download": "1",
    "gold_master": "1",
    "review_proxy": "1",
    "frame_scores": "1",
    "keyframe_offsets": "1",
    "scene_cut_points": "1",
    "virtual_clips": "1",
    "spliced_clips": "1",
    "clip_sprites": "1",
    "exported_clips": "1",
    "clip_keyframes": "1",
    "clip_embeddings": "1",
    "library_vectors": "1",
    "library_themes": "1",
    "library_repeats": "1",
    "stored_objects": "1",
    "archived_source": "1",
}
"""By asset. Raise one when its code would make another result of the same input: Dagster then
calls what was made before, and all that was made of it, stale."""


OF_THE_LIBRARY = frozenset(
    {"library_vectors", "library_themes", "library_repeats", "stored_objects"}
)
"""Assets without partitions."""


RETIRED = (
    "Partitions of videos at rest are retired where there are many (HEATERS_PARTITIONS_KEPT): "
    "the sources page, or `heaters partitions restore KEY`, brings one back."
)
"""On the page of every other asset."""


def versions() -> str:
    """Another text whenever a video's asset has another version."""
    told = " ".join(f"{name}={VERSIONS[name]}" for name in sorted(VERSIONS.keys() - OF_THE_LIBRARY))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def assets_of(
    modules: Sequence[ModuleType], owners: Sequence[str]
) -> Sequence[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets of `modules` with their `owners` (addresses, or `team:NAME`), versions, tags and
    links."""

    def described(spec: dg.AssetSpec) -> dg.AssetSpec:
        name = spec.key.to_user_string()
        retired = {} if name in OF_THE_LIBRARY else {"missing_partitions": RETIRED}
        tags = {**spec.tags, MACHINE: NEEDS[name]} if name in NEEDS else spec.tags
        return spec.replace_attributes(
            owners=owners,
            code_version=VERSIONS[name],
            tags=tags,
            metadata={**spec.metadata, "review_app": link(OF_ASSET[name]), **retired},
        )

    loaded = dg.load_assets_from_modules(modules)
    found = [each for each in loaded if isinstance(each, dg.AssetsDefinition)]
    return dg.map_asset_specs(described, found)
