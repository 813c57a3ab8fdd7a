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
        ("HEATERS_TLS_CERT", "/cert.pem", "the certificate and its key go together"),
        ("HEATERS_TLS_KEY", "/key.pem", "the certificate and its key go together"),
        ("HEATERS_LOGIN_HEADER", "X-User", "the networks from which the login header comes"),
        ("HEATERS_LOGIN_ROLE", "king", "'reviewer', 'operator' or 'admin'"),
        ("HEATERS_OIDC_ISSUER", "http://login.example", "it must be an https address"),
        ("HEATERS_OIDC_ISSUER", "https://login.example", "it must be our name at the provider"),
        ("HEATERS_CODE_SERVER", "10.1.2.3", "'10.1.2.3' is not host:port"),
        ("HEATERS_CODE_SERVER", "code:0", "'code:0' is not host:port"),
        ("HEATERS_BROKER_URL", "amqp://queue", "the address of a Redis, as in redis://host:6379/0"),
        ("HEATERS_OIDC_ROLES", "heads", "'heads' is not VALUE=ROLE with a role of reviewer, "),
    ],
)
def test_a_setting_that_can_not_be_read_is_refused(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=sentence):
        Settings()


@pytest.mark.parametrize(
    ("changes", "opened_by"),
    [
        ({}, None),
        ({"trusted_hosts": ("localhost", "127.0.0.2", "::1")}, None),
        ({"trusted_hosts": ("localhost", "films.example")}, "HEATERS_TRUSTED_HOSTS"),
        ({"trusted_proxies": 1}, "HEATERS_TRUSTED_PROXIES"),
        ({"host": "::"}, "HEATERS_HOST"),
        ({"login_header": "X-User"}, "HEATERS_LOGIN_HEADER"),
        ({"oidc_issuer": "https://login.example"}, "HEATERS_OIDC_ISSUER"),
    ],
)
def test_which_setting_says_that_others_come(
    changes: dict[str, object], opened_by: str | None
) -> None:
    settings = Settings().model_copy(update=changes)
    assert (settings.opened_by, settings.is_private) == (opened_by, opened_by is None)


def test_where_browsers_find_the_review_app() -> None:
    here = Settings(host="::1", review_port=8000)
    assert here.local_address == here.public_address == "http://[::1]:8000"
    cert = {"tls_cert": Path("/cert.pem"), "tls_key": Path("/key.pem")}
    shared = Settings(host="0.0.0.0", review_port=8000, trusted_hosts="films.example", **cert)
    assert shared.local_address == "https://127.0.0.1:8000"
    assert shared.public_address == "https://films.example:8000"
    proxied = Settings(trusted_proxies=1, trusted_hosts="localhost,.films.example")
    assert proxied.public_address == "https://films.example"
