"""The control page: a plain `<video>` element on the same proxies, beside the review page."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, render_template_string, send_from_directory
from flask.typing import ResponseReturnValue

from heaters_pipeline.domain.roles import LEAST, Role

FOLDER = Path(__file__).parent / "control_page"

blueprint = Blueprint("control", __name__)


@blueprint.get("/control")
def page() -> ResponseReturnValue:
    """`?video=key`, and `&cold=1` for no loading ahead."""
    return render_template_string((FOLDER / "control.html").read_text())


@blueprint.get("/control/<path:name>")
def file(name: str) -> ResponseReturnValue:
    return send_from_directory(FOLDER, name)


def add_to(app: Flask) -> None:
    """With the routes in the table of roles, which knows the product's alone: anybody may."""
    app.register_blueprint(blueprint)
    table = cast(dict[str, Role | None], LEAST)
    table.update(dict.fromkeys(("control.page", "control.file")))
