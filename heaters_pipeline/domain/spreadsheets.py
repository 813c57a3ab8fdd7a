"""Texts in files that spreadsheets open. Pure."""

from __future__ import annotations


def cell(text: str) -> str:
    """Spreadsheets run a text that begins like a formula, and a title may come from anywhere."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
