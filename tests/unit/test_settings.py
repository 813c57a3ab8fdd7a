"""Settings as they are documented and read."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_with_its_default() -> None:
    documented = DOCS.read_text()
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"HEATERS_{name.upper()}"
        row = next(line for line in documented.splitlines() if f"`{variable}`" in line)
        assert str(field.description) in row
        if field.default_factory is None and field.default not in (None, ()):
            several = isinstance(field.default, tuple)
            assert f"`{','.join(field.default) if several else field.default}`" in row


def test_settings_that_hold_several_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEATERS_TRUSTED_HOSTS", "clips.example,,  127.0.0.1 ")
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "10.1.0.0/16, fd00::/8")
    monkeypatch.setenv("HEATERS_STORAGE_CLASSES", "source=GLACIER_IR, clip=STANDARD_IA")
    monkeypatch.setenv("HEATERS_TRUSTED_PROXIES", "1")
    monkeypatch.setenv("HEATERS_SOURCE_FOLDERS", "/films, more")
    settings = Settings()
    assert settings.trusted_hosts == ("clips.example", "127.0.0.1")
    assert settings.allowed_networks == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert settings.storage_classes == {Kind.SOURCE: "GLACIER_IR", Kind.CLIP: "STANDARD_IA"}
    assert settings.trusted_proxies == 1
    assert settings.source_folders == (Path("/films"), Path.cwd() / "more")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("HEATERS_ALLOWED_NETWORKS", "ten", "'ten' does not appear to be an IPv4 or IPv6 network"),
        ("HEATERS_ALLOWED_NETWORKS", "10.1.2.3/16", "10.1.2.3/16 has host bits set"),
        ("HEATERS_STORAGE_CLASSES", "source", "'source' is not KIND=CLASS with a kind of clip, "),
        ("HEATERS_ASSET_OWNERS", "team:video, me", "'me' is neither an address nor team:NAME"),
        ("HEATERS_TRUSTED_PROXIES", "-1", "greater than or equal to 0"),
    ],
)
def test_a_setting_that_can_not_be_read_is_refused(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=sentence):
        Settings()
