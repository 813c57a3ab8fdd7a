"""Themes: what there is in the library, by likeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import artifacts, labels, themes
from heaters_pipeline.db import source_videos as videos
from heaters_pipeline.db.themes import Listed
from heaters_pipeline.domain.errors import NotFound
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("themes", __name__)

STILLS = 4
"""Of a theme's card."""

CLIPS = 24
"""Of a theme, those that are most like it; the library shows all."""


@blueprint.get("/library/themes")
def index() -> ResponseReturnValue:
    model = services().settings.embedding_model
    with transaction() as session:
        found = [each for each in themes.listed(session) if each.parent_id is None]
        return render_template(
            "themes.html",
            themes=found,
            stills=_stills(session, found),
            why_none=None if found else themes.standing(session, model).why_none(model),
        )


@blueprint.get("/library/themes/<int:theme_id>")
def theme(theme_id: int) -> ResponseReturnValue:
    with transaction() as session:
        listed = {each.id: each for each in themes.listed(session)}
        if theme_id not in listed:
            raise NotFound(f"Theme {theme_id} is not there any more: the themes were made anew.")
        parts = [each for each in listed.values() if each.parent_id == theme_id]
        clips = themes.nearest(session, theme_id, CLIPS)
        own = listed[theme_id]
        return render_template(
            "theme.html",
            theme=own,
            parent=listed.get(own.parent_id or 0),
            parts=parts,
            stills=_stills(session, parts),
            clips=clips,
            videos=videos.with_ids(session, {clip.source_video_id for clip in clips}),
            keyframes=artifacts.keyframes_of(session, [clip.id for clip in clips]),
            colours=labels.colours(session),
        )


@blueprint.post("/library/themes/<int:theme_id>/name")
def rename(theme_id: int) -> ResponseReturnValue:
    with transaction() as session:
        name = themes.rename(session, theme_id, request.form.get("name", ""), reviewer_name())
    flash(f"The theme is called {name}.")
    return redirect(url_for("themes.theme", theme_id=theme_id), 303)


def _stills(session: Session, found: Sequence[Listed]) -> dict[int, list[Any]]:
    """For each theme, a keyframe of each of the first examples that are still in the library."""
    here = themes.in_library(session, {clip for each in found for clip in each.examples})
    shown = {each.id: [clip for clip in each.examples if clip in here][:STILLS] for each in found}
    keyframes = artifacts.keyframes_of(
        session, [clip for clips in shown.values() for clip in clips]
    )
    return {
        theme_id: [
            stills[len(stills) // 2] for clip in clips if (stills := keyframes.get(clip, []))
        ]
        for theme_id, clips in shown.items()
    }
