"""Names under which our servers may be reached."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.hosts import (
    HostAndPort,
    host_and_port,
    is_address,
    is_known,
    is_loopback,
    known_names,
)


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1",
        "127.0.0.1:8765",
        "localhost:8765",
        "LocalHost",
        "[::1]:8765",
        "[::1]",
        "192.168.7.2:8765",
        "[fd00::2]:8765",
        "films.example",
        "FILMS.example:443",
        "xn--bcher-kva.example",
        "a.team.example",
        "team.example",
    ],
)
def test_own_and_trusted_names_are_known(header: str) -> None:
    trusted = ["films.example", "Bücher.example", ".team.example", "FD00:0:0::2"]
    assert is_known(header, known_names("192.168.7.2", trusted))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "evil.example",
        "evil.example:8765",
        "films.example.evil.example",
        "notfilms.example",
        "notteam.example",
        "films.example@evil.example",
        "evil.example, films.example",
        "films.example ",
        "films.example:80:80",
        "films.example\n",
        "::1",
        "[::1",
        "[::2]:8765",
        "192.168.7.3",
        "films.example/",
    ],
)
def test_others_and_malformed_ones_are_not(header: str) -> None:
    assert not is_known(header, known_names("192.168.7.2", ["films.example", ".team.example"]))


def test_loopback_is_this_machine_alone() -> None:
    for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost"):
        assert is_loopback(host)
    for host in ("0.0.0.0", "::", "192.168.7.2", "films.example"):
        assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "host", "is_an_address"),
    [
        ("code:4266", "code", False),
        (" 10.1.2.3:4266", "10.1.2.3", True),
        ("[fd00::2]:4266", "fd00::2", True),
    ],
)
def test_a_host_with_its_port(text: str, host: str, is_an_address: bool) -> None:
    found = host_and_port(text)
    assert found == HostAndPort(host, 4266)
    assert str(found) == text.strip()
    assert is_address(found.host) == is_an_address


@pytest.mark.parametrize("text", ["", "code", ":4266", "code:", "code:x", "code:70000", "a b:1"])
def test_what_names_no_port_of_a_host(text: str) -> None:
    with pytest.raises(ValueError):
        host_and_port(text)
