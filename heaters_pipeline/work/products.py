"""From a source to gold master, review proxy, thumbnails and frame index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.models import ProductPath, SourceFacts, SourceVideo
from heaters_pipeline.domain import frame_index, layout
from heaters_pipeline.domain.damage import Damage
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import COMPLETE, PREPROCESS
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.frame_index import check_proxy, proxy_codec, read_frame_index
from heaters_pipeline.media.products.same_frames import show_the_same
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.media.products.transcode import GoldMaster, Product, Transcoded, transcode
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.early_review import early_review, refuse_other_source
from heaters_pipeline.work.objects import LocalFile, delete_due, hashed, keep
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.progress import ProgressWriter
from heaters_pipeline.work.step import made_by, source_step
from heaters_pipeline.work.stream_facts import stream_facts

COLUMNS_OF: Mapping[Product, tuple[ProductPath, ...]] = {
    Product.GOLD_MASTER: ("gold_master_filepath", "frame_checksums_filepath"),
    Product.REVIEW_PROXY: ("proxy_filepath", "proxy_audio_filepath", "sprites_filepath"),
    Product.FRAME_SCORES: ("frame_scores_filepath",),
}


@dataclass(frozen=True)
class Products:
    """What one transcode made."""

    frame_count: int
    damage: Damage | None
    bytes_of: Mapping[Product, int]
    sprite_sheets: int
    sprite_bytes: int


@dataclass(frozen=True)
class IndexedProxy:
    frame_count: int
    index_bytes: int
    largest_frame_bytes: int


@dataclass(frozen=True)
class MadeProducts:
    columns: SourceFacts
    """Of the video's row."""
    files: dict[str, LocalFile]
    """By storage key."""


def make_products(pipeline: Pipeline, key: str, wanted: frozenset[Product]) -> Products:
    """Decodes the source once and makes whichever of its products are wanted.

    A refetched copy gets all of them, and is refused where it shows other frames than the source
    that the clips were made from: that one stays, with its products.
    """
    settings, storage = pipeline.settings, pipeline.storage
    with source_step(pipeline, key, PREPROCESS) as video, scratch_folder(settings.home) as folder:
        pending = video.pending_source
        if pending is None:
            source_path = made_by(video.source_filepath, video, "source_download")
            source_columns = SourceFacts()
        else:
            wanted, source_path = frozenset(Product), pending["path"]
            source_columns = {
                "source_filepath": source_path,
                "source_sha256": pending["sha256"],
                "download_quality": pending["quality"],
                "pending_source": None,
            }
        sha256 = str(source_columns.get("source_sha256", video.source_sha256))
        refuse_other_source(pipeline, video, sha256)
        gold = GoldMaster(settings.gold_master)
        try:
            with storage.fetch(source_path) as source:
                facts = probe(source, settings.film_limits)
                write = ProgressWriter(pipeline, key, "transcode")
                is_whole = wanted == frozenset(Product)
                early = early_review(pipeline, video, facts, sha256) if is_whole else None
                made = transcode(
                    source,
                    facts,
                    folder,
                    wanted,
                    lambda progress: write(progress.seconds_done, facts.duration_seconds),
                    gold=gold,
                    limits=settings.film_limits,
                    segments=early.segments if early else None,
                    stall_seconds=settings.stall_seconds,
                )
            _refuse_other_frames(storage, video, made)
        except InputError:
            if pending is not None:
                _drop_pending(pipeline, key)
            raise
        products = made_products(key, sha256, made, early.proxy_id if early else None)
        sizes = {path: file.path.stat().st_size for path, file in products.files.items()}
        keep(pipeline, video.id, products.files)
        if gold is GoldMaster.COPY and Product.GOLD_MASTER in wanted:
            products.columns["gold_master_filepath"] = source_path
        if is_whole:
            products.columns["products_sha256"] = sha256
        # An index of another length is void; with a new proxy comes its own.
        void: SourceFacts = (
            {}
            if video.frame_count == made.frame_count
            else {"keyframe_offsets": None, "proxy_segments": None}
        )
        with pipeline.transaction() as session:
            columns: SourceFacts = {
                "frame_count": made.frame_count,
                "damage": made.damage.as_json() if made.damage else None,
                **void,
                **stream_facts(facts),
                **source_columns,
                **products.columns,
            }
            source_videos.finish_products(session, key, columns)
            if video.state not in COMPLETE and video.products_sha256 not in (None, sha256):
                clips.cut_again(session, video.id)
        delete_due(pipeline)
    return Products(
        made.frame_count,
        made.damage,
        {
            product: sum(sizes.get(str(columns.get(column)), 0) for column in names)
            for product, names in COLUMNS_OF.items()
        },
        made.sprite_index.sheets if made.sprite_index else 0,
        sizes.get(str(columns.get("sprites_filepath")), 0),
    )


def made_products(
    key: str, sha256: str, made: Transcoded, proxy_id: str | None = None
) -> MadeProducts:
    """What a transcode made, under the storage keys that it gets. `sha256` is the source's;
    `proxy_id` the proxy's, where it has been looked at already (`work.early_review`)."""
    columns = SourceFacts()
    files: dict[str, LocalFile] = {}
    name = layout.name_of(sha256)

    def add(local: LocalFile, path: str, column: ProductPath) -> None:
        columns[column] = path
        files[path] = local

    def add_named(
        local: Path | None, path_of: Callable[[str, str, str], str], column: ProductPath
    ) -> None:
        if local is not None:
            file = hashed(local)
            add(file, path_of(key, name, layout.name_of(file.sha256)), column)

    add_named(made.gold_master, layout.gold_master, "gold_master_filepath")
    add_named(made.frame_checksums, layout.frame_checksums, "frame_checksums_filepath")
    if made.review_proxy:
        proxy = hashed(made.review_proxy)
        audio = hashed(made.proxy_audio) if made.proxy_audio else None
        sprites = hashed(made.sprites) if made.sprites else None
        digests = [part.sha256 for part in (proxy, audio, sprites) if part is not None]
        proxy_id = proxy_id or layout.proxy_id(key, digests)
        add(proxy, layout.review_proxy(key, proxy_id), "proxy_filepath")
        columns["proxy_audio_filepath"] = columns["proxy_segments"] = None
        if audio:
            add(audio, layout.proxy_audio(key, proxy_id), "proxy_audio_filepath")
        if sprites and made.sprite_index:
            add(sprites, layout.sprites(key, proxy_id), "sprites_filepath")
            columns["sprites"] = made.sprite_index.as_json()
        columns |= {"proxy_id": proxy_id, **proxy_columns(made.review_proxy)}
    add_named(made.thumbnails, layout.frame_scores, "frame_scores_filepath")
    return MadeProducts(columns, files)


def proxy_columns(proxy: Path) -> SourceFacts:
    """How to decode the proxy, and its frame index: both are written with the bytes that they
    describe."""
    codec, description, width, height = proxy_codec(proxy)
    return {
        "proxy_codec": codec,
        "proxy_description": description,
        "proxy_width": width,
        "proxy_height": height,
        "keyframe_offsets": frame_index.pack(read_frame_index(proxy)),
    }


def index_proxy(pipeline: Pipeline, key: str) -> IndexedProxy:
    """Reads the frame index from the proxy's sample table and proves that each frame is an IDR
    picture."""
    with (
        source_step(pipeline, key, PREPROCESS) as video,
        pipeline.storage.fetch(made_by(video.proxy_filepath, video, "review_proxy")) as proxy,
    ):
        records = read_frame_index(proxy)
        check_proxy(proxy, records)
        with pipeline.transaction() as session:
            columns: SourceFacts = {"keyframe_offsets": frame_index.pack(records)}
            source_videos.finish_products(session, key, columns)
    return IndexedProxy(len(records), records.nbytes, int(records["size"].max()))


def _refuse_other_frames(storage: Storage, video: SourceVideo, made: Transcoded) -> None:
    """Clips name frames by number: under a ready video, which has clips, the frames must stay."""
    if video.state not in COMPLETE:
        return
    if made.frame_count != video.frame_count:
        raise InputError(
            f"{video.url} has {made.frame_count} frames now, but {video.title} and its clips were "
            f"made from {video.frame_count}: they stay as they are; add the new one as a new "
            "video."
        )
    if video.pending_source is None or not (made.thumbnails and video.frame_scores_filepath):
        return
    with storage.fetch(video.frame_scores_filepath) as before:
        same = show_the_same(open_thumbnails(before), open_thumbnails(made.thumbnails))
    if not same:
        raise InputError(
            f"{video.url} shows other pictures now than {video.title} and its clips: they stay as "
            "they are; add the new one as a new video."
        )


def _drop_pending(pipeline: Pipeline, key: str) -> None:
    with pipeline.transaction() as session:
        source_videos.record(session, key, {"pending_source": None})
    delete_due(pipeline)
