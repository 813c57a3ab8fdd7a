"""Which addresses belong to the public internet."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from heaters_pipeline.domain.networks import is_within, why_not_public


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("169.254.169.254", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::1", "loopback"),
        ("::", "unspecified"),
        ("fe80::1", "link-local"),
        ("fc00::1", "private"),
        ("fec0::1", "reserved"),
        ("ff02::1", "multicast"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b:1::1", "reserved"),
        ("2002:0a00:0001::1", "private"),
        ("::127.0.0.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("192.0.0.192", "reserved"),
        ("168.63.129.16", "of the cloud itself"),
        ("::ffff:168.63.129.16", "of the cloud itself"),
        ("64:ff9b::a83f:8110", "of the cloud itself"),
        ("2002:a83f:8110::1", "of the cloud itself"),
        ("100.100.100.200", "private"),
        ("198.19.255.255", "reserved"),
        ("203.0.113.1", "reserved"),
        ("0.1.2.3", "reserved"),
        ("240.0.0.1", "reserved"),
        ("2001::1", "reserved"),
        ("2001:2::1", "reserved"),
        ("3fff::1", "reserved"),
        ("4000::1", "reserved"),
        ("100::1", "reserved"),
        ("fd00:ec2::254", "private"),
        ("8.8.8.8", None),
        ("168.63.129.15", None),
        ("172.32.0.1", None),
        ("100.128.0.1", None),
        ("198.20.0.1", None),
        ("2001:4860:4860::8888", None),
        ("2606:4700::1111", None),
        ("64:ff9b::8.8.8.8", None),
        ("::ffff:8.8.8.8", None),
    ],
)
def test_what_is_not_public_is_told_apart(address: str, kind: str | None) -> None:
    said = why_not_public(ip_address(address))
    assert said is None if kind is None else said is not None and kind in said


def test_an_address_is_within_networks_whatever_its_form() -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    for address in ("10.1.0.9", "::ffff:10.1.0.9", "fd00::1"):
        assert is_within(address, networks), address
    for address in ("10.2.0.9", "::ffff:10.2.0.9", "fe80::1", "", "unknown", "10.1.0.9, 10.1.0.9"):
        assert not is_within(address, networks), address
