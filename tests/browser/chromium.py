"""The browser of the browser tests: a Chromium that plays H.264; Playwright's own does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserType

from benchmarks.browser import QUIET

FOREIGN_NAME = "heaters.test"
"""A name that leads to this machine, and that browsers do not trust as they trust localhost."""

OFF = (
    # The page that drops down below the address bar: each window would start a renderer for it,
    # which takes longer than most of our pages.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # A process that is started ahead of the next page, for each of them.
    "SpareRendererForSitePerProcess",
    # What Playwright turns off, whose list this one replaces.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "AimEnabled"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
)
"""Features of Chromium that no test needs."""

FLAGS = (
    *QUIET,
    f"--host-resolver-rules=MAP {FOREIGN_NAME} 127.0.0.1",
    f"--disable-features={','.join(OFF)}",
)


@contextmanager
def open_chromium(kind: BrowserType, *flags: str) -> Iterator[Browser]:
    """The installed Chromium, headless; the test is skipped by name where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium is installed: the review page goes untested")
    browser = kind.launch(executable_path=path, args=[*FLAGS, *flags])
    yield browser
    browser.close()
