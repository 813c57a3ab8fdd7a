"""What axe-core finds wrong with a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from tests.conftest import CHECKOUT

AXE = CHECKOUT / ".venv" / "node_modules" / "axe-core" / "axe.min.js"
COLOURS = ["color-contrast"]
"""The rules that depend on the colour scheme."""

_ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, axe: str, rules: Sequence[str] | None = None) -> list[str]:
    """Each as its rule and the elements that break it, of all rules or the given ones. `axe` is the
    text of axe-core, which a page keeps once it has it."""
    if not page.evaluate("() => 'axe' in window"):  # half a megabyte
        page.evaluate(f"() => {{ {axe} }}")
    found: list[dict[str, Any]] = page.evaluate(
        "async (runOnly) => (await axe.run({ runOnly })).violations", list(rules or _ALL)
    )
    return [
        f"{each['id']}: {node['html'][:120]} ({node.get('failureSummary', '')})"
        for each in found
        for node in each["nodes"]
    ]
