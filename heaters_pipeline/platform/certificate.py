"""A certificate of this machine's own making, for those who have no other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LASTS = timedelta(days=397)
"""Longer ones are refused by some browsers."""
RENEWED = timedelta(days=30)
"""Before it ends."""


class Certificate(NamedTuple):
    cert: Path
    key: Path
    fingerprint: str
    """SHA-256, as browsers show it."""


def own_certificate(home: Path, names: Collection[str]) -> Certificate:
    """The self-signed one that is kept in the home; a new one where there is none, it ends soon, or
    it lacks one of the names."""
    folder = home / "tls"
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = _read(cert) if key.exists() else None
    if made is None or _ends_soon(made) or not set(names) <= _names(made):
        folder.mkdir(mode=0o700, exist_ok=True)
        made = _make(names, cert, key)
    return Certificate(cert, key, made.fingerprint(hashes.SHA256()).hex(":").upper())


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _ends_soon(made: x509.Certificate) -> bool:
    return made.not_valid_after_utc < datetime.now(UTC) + RENEWED


def _names(made: x509.Certificate) -> set[str]:
    held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, held.get_values_for_type(x509.IPAddress))
    return {*held.get_values_for_type(x509.DNSName), *addresses}


def _make(names: Collection[str], cert: Path, key: Path) -> x509.Certificate:
    secret = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Heaters on this machine")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(secret, hashes.SHA256())
    )
    _write(
        key,
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(cert, made.public_bytes(serialization.Encoding.PEM))
    return made


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)
