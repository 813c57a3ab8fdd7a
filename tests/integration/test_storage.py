"""The same behaviour of a local folder and of S3 (moto's server over HTTP)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage, ObjectMissing, Storage, stamps
from heaters_pipeline.storage.s3 import S3Storage, s3_client

KEY = "videos/v1/source.mp4"
CONTENT = os.urandom(3_000_000)


@pytest.fixture
def local_storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture(params=["local_storage", "s3_storage"])
def either(request: pytest.FixtureRequest) -> Storage:
    return request.getfixturevalue(request.param)


@pytest.fixture
def local_file(tmp_path: Path) -> Path:
    path = tmp_path / "made.mp4"
    path.write_bytes(CONTENT)
    return path


def test_an_object_comes_back_as_it_went_in(either: Storage, local_file: Path) -> None:
    either.put(local_file, KEY)
    assert local_file.read_bytes() == CONTENT
    with either.fetch(KEY) as path:
        assert path.read_bytes() == CONTENT
        assert path.suffix == ".mp4"
    assert either.size(KEY) == len(CONTENT)
    assert either.exists(KEY)
    assert b"".join(either.stream(KEY)) == CONTENT


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (0, 3_000_000), (2_999_999, 1), (1_234_567, 765_432), (17, 0), (5, 2_500_000)],
)
def test_a_range_is_exact(either: Storage, local_file: Path, start: int, length: int) -> None:
    either.put(local_file, KEY)
    assert either.read_range(KEY, start, length) == CONTENT[start : start + length]
    assert b"".join(either.stream(KEY, start, length)) == CONTENT[start : start + length]


def test_a_stream_may_start_anywhere(either: Storage, local_file: Path) -> None:
    either.put(local_file, KEY)
    assert b"".join(either.stream(KEY, 2_000_001)) == CONTENT[2_000_001:]
    assert b"".join(either.stream(KEY, len(CONTENT))) == b""


@pytest.mark.parametrize("start", [2_999_999, 3_000_000, 9_000_000])
def test_a_range_past_the_end_is_an_error(either: Storage, local_file: Path, start: int) -> None:
    either.put(local_file, KEY)
    with pytest.raises(HeatersError, match=f"ends before byte {start + 2}"):
        either.read_range(KEY, start, 2)
    with pytest.raises(HeatersError):
        b"".join(either.stream(KEY, start, 2))


def test_a_stamp_changes_with_the_object_and_with_nothing_else(
    either: Storage, tmp_path: Path
) -> None:
    assert stamps(either) == {}
    found = []
    for content in (b"first", b"other"):
        made = tmp_path / content.decode()
        made.write_bytes(content)
        either.put(made, KEY)
        assert stamps(either) == stamps(either)
        found.append(stamps(either)[KEY])
    assert found[0] != found[1]
    assert [stamp.bytes for stamp in found] == [5, 5]


def test_a_later_put_replaces_the_object(either: Storage, tmp_path: Path) -> None:
    for content in (b"first, and longer", b"second"):
        made = tmp_path / "made"
        made.unlink(missing_ok=True)
        made.write_bytes(content)
        either.put(made, KEY)
    assert either.read_range(KEY, 0, 6) == b"second"
    assert either.size(KEY) == 6


def test_putting_the_same_file_twice_changes_nothing(either: Storage, local_file: Path) -> None:
    either.put(local_file, KEY)
    either.put(local_file, KEY)
    assert either.list("") == [KEY]
    assert either.size(KEY) == len(CONTENT)


def test_an_empty_object_is_an_object(either: Storage, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    either.put(tmp_path / "empty", KEY)
    assert either.exists(KEY)
    assert either.size(KEY) == 0
    assert b"".join(either.stream(KEY)) == b""


def test_a_missing_object_is_named(either: Storage) -> None:
    with pytest.raises(ObjectMissing, match=KEY), either.fetch(KEY):
        pass
    for read in (
        lambda: either.size(KEY),
        lambda: either.read_range(KEY, 0, 1),
        lambda: either.read_range(KEY, 0, 0),
        lambda: either.stream(KEY),
    ):
        with pytest.raises(ObjectMissing):
            read()
    assert not either.exists(KEY)


def test_a_folder_is_no_object(either: Storage, local_file: Path) -> None:
    either.put(local_file, KEY)
    assert not either.exists("videos/v1")
    with pytest.raises(ObjectMissing):
        either.read_range("videos/v1", 0, 1)


def test_delete_may_be_repeated(either: Storage, local_file: Path) -> None:
    either.put(local_file, KEY)
    either.delete(KEY)
    either.delete(KEY)
    assert not either.exists(KEY)
    assert either.list("") == []


def test_many_are_deleted_at_once(either: Storage, local_file: Path) -> None:
    keys = [f"clips/{n}/clip.mp4" for n in range(20)]
    for key in keys:
        either.put(local_file, key)
    either.delete(*keys[:12], "clips/99/clip.mp4", *keys[13:])
    assert either.list("") == [keys[12]]
    either.delete()
    assert either.list("") == [keys[12]]


def test_one_that_can_not_be_deleted_keeps_no_other(tmp_path: Path, local_file: Path) -> None:
    storage = LocalStorage(tmp_path / "storage")
    for key in ("a/x/clip.mp4", "b/clip.mp4"):
        storage.put(local_file, key)
    with pytest.raises(HeatersError, match="a/x"):
        storage.delete("a/x", "b/clip.mp4")
    assert storage.list("") == ["a/x/clip.mp4"]


def test_list_gives_the_keys_below_a_prefix(either: Storage, local_file: Path) -> None:
    keys = ["clips/1/clip.mp4", "clips/12/clip.mp4", "clips/12/keyframe-9.jpg", "videos/c/a.mkv"]
    for key in reversed(keys):
        either.put(local_file, key)
    assert either.list("") == keys
    assert either.list("clips/12/") == keys[1:3]
    assert either.list("clips/1") == keys[:3]
    assert either.list("clips/12/key") == keys[2:3]
    assert either.list("nothing/") == []


def test_no_method_takes_a_key_that_leads_out(either: Storage, local_file: Path) -> None:
    key = "../outside"
    for use in (
        lambda: either.put(local_file, key),
        lambda: either.read_range(key, 0, 1),
        lambda: either.stream(key),
        lambda: either.size(key),
        lambda: either.exists(key),
        lambda: either.delete(key),
    ):
        with pytest.raises(InputError):
            use()
    with pytest.raises(InputError), either.fetch(key):
        pass


def test_a_fetched_copy_goes_with_its_context(s3_storage: Storage, local_file: Path) -> None:
    s3_storage.put(local_file, KEY)
    with s3_storage.fetch(KEY) as path:
        assert path.exists()
    assert not path.exists()


def test_a_put_that_fails_leaves_the_old_object(
    local_storage: LocalStorage, local_file: Path
) -> None:
    local_storage.put(local_file, KEY)
    with pytest.raises(HeatersError, match=f"{local_storage.root} .* No such file"):
        local_storage.put(local_file.with_name("never made"), KEY)
    assert local_storage.size(KEY) == len(CONTENT)
    assert [path.name for path in (local_storage.root / KEY).parent.iterdir()] == ["source.mp4"]


def test_what_a_killed_writer_left_is_no_object_and_goes(
    local_storage: LocalStorage, local_file: Path
) -> None:
    local_storage.put(local_file, KEY)
    left = local_storage.root / f"{KEY}.0a1b2c3d.partial"
    left.write_bytes(b"half")
    assert local_storage.list("") == [KEY]
    os.utime(left, (0, 0))
    local_storage.put(local_file, KEY)
    assert not left.exists()


def test_an_absent_bucket_is_one_sentence(s3_endpoint: str, tmp_path: Path) -> None:
    from heaters_pipeline.storage.s3 import S3Storage, s3_client

    storage = S3Storage(s3_client(s3_endpoint), "no-such-bucket", home=tmp_path)
    (tmp_path / "made").write_bytes(b"x")
    with pytest.raises(HeatersError, match="no-such-bucket"):
        storage.put(tmp_path / "made", KEY)


def test_objects_of_a_kind_go_into_their_storage_class(s3_endpoint: str, tmp_path: Path) -> None:
    client = s3_client(s3_endpoint)
    client.create_bucket(Bucket="classes")
    classes = {Kind.GOLD_MASTER: "STANDARD_IA", Kind.SOURCE: "GLACIER_IR"}
    storage = S3Storage(client, "classes", "library", home=tmp_path, class_by_kind=classes)
    local = tmp_path / "object"
    local.write_bytes(b"bytes")
    keys = [
        layout.gold_master("a", "1f", "2e"),
        layout.source("a", "1f", ".mp4"),
        layout.clip_file(1),
    ]
    for key in keys:
        storage.put(local, key)
        with storage.fetch(key) as fetched:
            assert fetched.read_bytes() == b"bytes"
    found = [
        client.head_object(Bucket="classes", Key=f"library/{key}").get("StorageClass")
        for key in keys
    ]
    assert found == ["STANDARD_IA", "GLACIER_IR", None]


def test_gold_masters_rest_in_an_infrequent_access_class_on_aws_alone() -> None:
    assert Settings(s3_endpoint_url=None).storage_classes == {Kind.GOLD_MASTER: "STANDARD_IA"}
    assert Settings(s3_endpoint_url="http://minio:9000").storage_classes == {}
    with pytest.raises(ValueError, match="not KIND=CLASS"):
        Settings(storage_classes="gold_masters=STANDARD_IA")
