"""Fixtures for every kind of test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def media_folder() -> Path:
    """Real footage: the folder that HEATERS_MEDIA names, or the one beside the checkout."""
    folder = Path(os.environ.get("HEATERS_MEDIA", CHECKOUT.parent / "shared" / "media"))
    if not folder.is_dir():
        pytest.skip(f"no real footage: HEATERS_MEDIA is unset and {folder} is not a folder")
    return folder


@pytest.fixture
def heaters_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """HEATERS_HOME of this test; no other setting of Heaters is left in the environment."""
    for name in list(os.environ):
        if name.startswith("HEATERS_") and name != "HEATERS_MEDIA":
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HEATERS_HOME", str(home))
    get_settings.cache_clear()
    yield home
    get_settings.cache_clear()


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")
