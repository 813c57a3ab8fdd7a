"""The control page: a plain `<video>` element on the same proxies, beside the review page."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, render_template_string, send_from_directory
from flask.typing import ResponseReturnValue

FOLDER = Path(__file__).parent / "control_page"

blueprint = Blueprint("control", __name__)


@blueprint.get("/control")
def page() -> ResponseReturnValue:
    """`?video=key`, and `&cold=1` for no loading ahead."""
    return render_template_string((FOLDER / "control.html").read_text())


@blueprint.get("/control/<path:name>")
def file(name: str) -> ResponseReturnValue:
    return send_from_directory(FOLDER, name)
