"""Keys of objects: which are allowed."""

from pathlib import Path

import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError
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
