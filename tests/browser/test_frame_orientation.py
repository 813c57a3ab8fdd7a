"""Footage that is stored turned or mirrored stands upright in the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.domain.orientation import Orientation
from heaters_pipeline.storage import LocalStorage
from tests.browser.review_world import add_film, prepare
from tests.browser.tab import Tab
from tests.browser.test_frame_identity import canvas_picture
from tests.footage import make_numbered_film, numbered_picture
from tests.integration.test_media_orientation import EIGHT, apart, stands

FRAMES = 12


@pytest.mark.parametrize(
    "orientation",
    # Every rotation, mirrored and not by turns; all eight are in the long run.
    [
        pytest.param(each, marks=() if at in (0, 3, 4, 7) else pytest.mark.whole)
        for at, each in enumerate(EIGHT)
    ],
    ids=str,
)
def test_every_orientation_stands_upright_on_the_screen(
    tab: Callable[..., Tab],
    engine: Engine,
    storage: LocalStorage,
    tmp_path: Path,
    orientation: Orientation,
) -> None:
    film = make_numbered_film(
        tmp_path / "film.mp4", FRAMES, scenes=[7], audio=False, orientation=orientation
    )
    add_film(engine, storage, prepare(film, tmp_path), "film", ())
    page = tab()
    page.shows_clip(0)
    for frame, scene in (1, 0), (FRAMES - 1, 1):
        assert page.go_to(frame) == frame
        shown = canvas_picture(page)
        wanted = numbered_picture(frame, 320, 180, scene)
        assert shown.shape == wanted.shape
        assert stands(shown, wanted) == Orientation()
        assert apart(shown, wanted) < 10
    assert page.complaints == []
