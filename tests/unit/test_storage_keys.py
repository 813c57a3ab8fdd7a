"""Keys of objects: which are allowed."""

from pathlib import Path

import pytest

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.storage import LocalStorage, ObjectMissing, check_key, open_storage


@pytest.mark.parametrize("key", ["videos/v1/source.mp4", "clips/12/keyframe-300.jpg", "a b/é.mp4"])
def test_a_relative_path_is_a_key(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\\..\\b", "a\0b", "x.partial"],
)
def test_a_key_can_not_lead_out_of_the_storage(key: str) -> None:
    with pytest.raises(InputError, match="is no storage key"):
        check_key(key)


def test_the_message_of_a_missing_object_is_a_plain_sentence() -> None:
    missing = ObjectMissing("videos/v1/source.mp4")
    assert isinstance(missing, KeyError)
    assert isinstance(missing, HeatersError)
    assert str(missing) == "The storage has no object 'videos/v1/source.mp4'."


def test_without_a_url_objects_lie_in_the_home() -> None:
    storage = open_storage(None, Path("/data/heaters"))
    assert isinstance(storage, LocalStorage)
    assert storage.root == Path("/data/heaters/storage")


@pytest.mark.parametrize("url", ["/data/objects", "file:///data/objects"])
def test_a_folder_may_be_named(url: str) -> None:
    storage = open_storage(url, Path("/data/heaters"))
    assert isinstance(storage, LocalStorage)
    assert storage.root == Path("/data/objects")


@pytest.mark.parametrize("url", ["s3://", "gs://bucket/prefix", "http://host/bucket"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="STORAGE_URL is"):
        open_storage(url, Path("/data/heaters"))


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (layout.gold_master("a", "1f", "2e"), Kind.GOLD_MASTER),
        ("videos/a/gold_master.mkv", Kind.GOLD_MASTER),
        ("videos/a/gold_master-1f.mkv", Kind.GOLD_MASTER),
        (layout.frame_checksums("a", "1f", "2e"), Kind.FRAME_CHECKSUMS),
        (layout.frame_scores("a", "1f", "2e"), Kind.FRAME_SCORES),
        (layout.cut_evidence("a", "1f", "v3-near", "0123456789"), Kind.CUT_EVIDENCE),
        (layout.clip_export(7, "web", "0123456789ab", "0123456789", "mp4"), Kind.CLIP),
        ("clips/7/clip-web-0123456789ab.mp4", Kind.CLIP),
        (layout.group_export(7, "web", "0123456789ab", "0123456789", "mov"), Kind.CLIP),
        (layout.keyframe(7, 12, "0123456789", ".webp"), Kind.KEYFRAME),
        ("clips/7/keyframe-12.jpg", Kind.KEYFRAME),
        ("videos/a/notes.txt", None),
    ],
)
def test_a_key_tells_what_the_object_is(key: str, kind: Kind | None) -> None:
    """With the digest of its own bytes, and without, as older ones are."""
    assert layout.kind(key) is kind


def test_evidence_is_known_by_what_it_is_about() -> None:
    told = ("a", "1f", "v3")
    assert layout.is_cut_evidence(layout.cut_evidence(*told, "0123456789"), *told)
    assert layout.is_cut_evidence("videos/a/cut_evidence-1f-v3.npz", *told)
    assert not layout.is_cut_evidence(layout.cut_evidence("a", "1f", "v3-near", "01"), *told)
    assert not layout.is_cut_evidence(layout.cut_evidence("a", "2f", "v3", "0123456789"), *told)


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (layout.source("a", "0123456789", ".mp4"), "0123456789"),
        (layout.source("a", "upload", ".mp4"), None),
        (layout.gold_master("a", "9876543210", "0123456789"), "0123456789"),
        ("videos/a/gold_master-9876543210.mkv", None),
        (layout.frame_scores("a", "9876543210", "0123456789"), "0123456789"),
        (layout.clip_export(7, "web-2", "0123456789ab", "0123456789", "mp4"), "0123456789"),
        ("clips/7/clip-web-0123456789ab.mp4", None),
        (layout.keyframe(7, 12, "0123456789"), "0123456789"),
        ("clips/7/keyframe-12.jpg", None),
        (layout.review_proxy("a", "0123456789abcdef"), None),
    ],
)
def test_a_key_tells_the_digest_of_the_object_where_it_has_it(key: str, digest: str | None) -> None:
    assert layout.own_digest(key) == digest
