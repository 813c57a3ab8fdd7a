"""Themes: what there is in the library, by likeness."""

from __future__ import annotations

from flask import Blueprint
from sqlmodel import Session
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import themes
from heaters_pipeline.domain.errors import NotFound
from review_app.api.operation import Answer, Named, described, refuse_if_changed
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("api_themes", __name__)

NEAREST = 24


class ThemeJson(Answer):
    id: int
    parent_id: int | None
    name: str
    is_named: bool
    """Whether a person named it."""
    clips: int
    """In the library, those of its parts included."""
    parts: int
    examples: list[int]
    """Ids of clips that show what it holds, best first."""


class ThemesJson(Answer):
    themes: list[ThemeJson]
    why_none: str | None


class NearestJson(Answer):
    theme: ThemeJson
    nearest: list[int]
    """The ids of the clips that are most like it; GET /api/v1/clips?theme= has all."""


class NameJson(Answer):
    name: str


@blueprint.get("/api/v1/themes")
@described()
def listed() -> ThemesJson:
    """All themes, each before its parts."""
    model = services().settings.embedding_model
    with transaction() as session:
        found = themes.listed(session)
        return ThemesJson(
            themes=[ThemeJson.model_validate(each) for each in found],
            why_none=None if found else themes.standing(session, model).why_none(model),
        )


@blueprint.get("/api/v1/themes/<int:theme_id>")
@described()
def one(theme_id: int) -> NearestJson:
    """One theme."""
    with transaction() as session:
        return _one(session, theme_id)


@blueprint.put("/api/v1/themes/<int:theme_id>/name")
@described(PreconditionFailed)
def rename(theme_id: int, body: Named) -> NameJson:
    """Gives a theme a name, which it keeps. An empty one leaves it to the next survey. If-Match
    names the theme as it was read."""
    with transaction() as session:
        themes.get(session, theme_id, lock=True)
        refuse_if_changed(NearestJson, _one(session, theme_id))
        return NameJson(name=themes.rename(session, theme_id, body.name, reviewer_name()))


def _one(session: Session, theme_id: int) -> NearestJson:
    found = next((each for each in themes.listed(session) if each.id == theme_id), None)
    if found is None:
        raise NotFound(f"Theme {theme_id} is not there any more: the themes were made anew.")
    return NearestJson(
        theme=ThemeJson.model_validate(found),
        nearest=[clip.id for clip in themes.nearest(session, theme_id, NEAREST)],
    )
