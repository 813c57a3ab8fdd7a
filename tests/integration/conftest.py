"""Fixtures with real parts: S3 over HTTP, Postgres."""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest
from botocore.loaders import create_loader
from sqlalchemy import Engine

from heaters_pipeline.db.urls import with_database
from heaters_pipeline.platform.dagster_instance import open_instance
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.collector import Collector
from tests.conftest import execute
from tests.faulty_s3 import FaultyS3, faulty_s3
from tests.made_once import MadeOnce
from tests.site import Site, make_site, test_site


@pytest.fixture(scope="session")
def copy_site(made_once: MadeOnce) -> Callable[[Path], Path]:
    """Copies the web site's media into a new folder."""
    site = made_once("site", make_site)
    return lambda folder: Path(shutil.copytree(site, folder))


@pytest.fixture(scope="session")
def site_media(tmp_path_factory: pytest.TempPathFactory, copy_site: Callable[[Path], Path]) -> Path:
    """The folder of the web site's media."""
    return copy_site(tmp_path_factory.mktemp("site") / "media")


@pytest.fixture
def site(site_media: Path) -> Iterator[Site]:
    """A web site with videos of every kind that a downloader meets."""
    with test_site(site_media) as site:
        yield site


@pytest.fixture
def web_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A web site of one folder, which downloads may reach; its address and the folder."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.fixture(scope="session")
def _service_descriptions() -> Iterator[None]:
    """What botocore reads of S3 is read once, not by each client: a fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture(scope="session")
def s3_server(_service_descriptions: None) -> Iterator[str]:
    """The address of an S3 that speaks HTTP: moto's server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_endpoint(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, with credentials that it takes in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return s3_server


@pytest.fixture
def s3_storage(s3_endpoint: str, tmp_path: Path) -> S3Storage:
    """A bucket of this test's own, below a prefix."""
    client = s3_client(s3_endpoint)
    bucket = f"heaters-{abs(hash(tmp_path)):x}"
    client.create_bucket(Bucket=bucket)
    return S3Storage(client, bucket, "library", home=tmp_path / "s3-home")


@pytest.fixture
def s3(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    """A storage behind a proxy; it is also the one of the settings."""
    with faulty_s3(s3_endpoint) as proxy:
        bucket = f"faulty-{os.urandom(4).hex()}"
        s3_client(s3_endpoint).create_bucket(Bucket=bucket)
        monkeypatch.setenv("STORAGE_URL", f"s3://{bucket}/library")
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        get_settings.cache_clear()
        yield proxy


@pytest.fixture
def on_s3(pipeline: Engine, s3: FaultyS3) -> Pipeline:
    """A pipeline on it that does not wait for long."""
    settings = get_settings()
    bucket = str(settings.storage_url).split("/")[2]
    storage = S3Storage(s3_client(s3.url, patient=False), bucket, "library", home=settings.home)
    return replace(open_pipeline(pipeline, settings), storage=storage)


@pytest.fixture
def history(
    pipeline: Engine, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster on an empty database of its own."""
    name = f"dagster_{uuid.uuid4().hex[:12]}"
    execute(postgres_url, f"CREATE DATABASE {name}")
    monkeypatch.setenv("HEATERS_DAGSTER_DATABASE_URL", with_database(postgres_url, name))
    get_settings.cache_clear()
    with open_instance(get_settings()) as instance:
        yield instance
    execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Where processes of a test send their spans."""
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="session")
def tiny_clip(made_once: MadeOnce) -> Path:
    """A CLIP of two layers with random weights, saved as sentence-transformers loads it."""
    if find_spec("transformers") is None or find_spec("torch") is None:
        pytest.skip("the extra `models` is not installed: no model is tried")
    return made_once("tiny-clip", make_tiny_clip)


def make_tiny_clip(folder: Path) -> None:
    import transformers

    folder.mkdir()
    words = ["<|startoftext|>", "<|endoftext|>"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = [*words, *letters, *(f"{letter}</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({each: n for n, each in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    layer = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    layer |= {"num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**layer, "vocab_size": len(vocabulary), "bos_token_id": 0, "eos_token_id": 1},
        vision_config={**layer, "image_size": 64, "patch_size": 16},
        projection_dim=24,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    size = {"shortest_edge": 64}
    images = transformers.CLIPImageProcessor(size=size, crop_size={"height": 64, "width": 64})
    tokens = transformers.CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77
    )
    transformers.CLIPProcessor(images, tokens).save_pretrained(folder)
