"""`heaters up --share`: what it takes to serve other machines, as far as it can be made here."""

from __future__ import annotations

import socket
from typing import NamedTuple

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.hosts import LOOPBACK
from heaters_pipeline.files.home import private_home
from heaters_pipeline.files.network import own_address
from heaters_pipeline.platform.certificate import own_certificate
from heaters_pipeline.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104


class Shared(NamedTuple):
    settings: Settings
    fingerprint: str | None
    """Of the certificate that Heaters has made; None where a setting names one."""


def shared(settings: Settings) -> Shared:
    """Settings with which other machines reach the review app, by https. Raises InputError where a
    proxy has that task already."""
    if settings.trusted_proxies:
        raise InputError(
            "HEATERS_TRUSTED_PROXIES says that a proxy serves other machines: start without "
            "--share, or unset it."
        )
    if settings.on_loopback:
        settings = settings.model_copy(update={"host": EVERYWHERE})
    if settings.tls_cert:
        return Shared(settings, None)
    private_home(settings.home)
    made = own_certificate(settings.home, _names(settings))
    files = {"tls_cert": made.cert, "tls_key": made.key}
    return Shared(settings.model_copy(update=files), made.fingerprint)


def _names(settings: Settings) -> list[str]:
    """Under which browsers may know this machine."""
    trusted = (f"*{each}" if each.startswith(".") else each for each in settings.trusted_hosts)
    named = [settings.host] if settings.host != EVERYWHERE else []
    found = [*LOOPBACK, socket.gethostname().lower(), own_address(), *named, *trusted]
    return list(dict.fromkeys(found))
