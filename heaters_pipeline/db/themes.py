"""Themes of the library, as they are stored: which clips they hold, and how unlike all others each
clip is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import embeddings
from heaters_pipeline.db.among import among
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import (
    Clip,
    ClipEmbedding,
    ClipTheme,
    SourceVideo,
    Theme,
    ThemeSurvey,
)
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.themes import NEIGHBOURS, Standing, called, given_name

PLACED_AT_ONCE = 200
"""New clips that `place` sees to: a search over the vectors each."""

IN_LIBRARY = col(Clip.state) == ClipState.EMBEDDED


class Listed(NamedTuple):
    id: int
    parent_id: int | None
    name: str
    is_named: bool
    """Whether a person named it."""
    clips: int
    """In the library, those of its parts included."""
    parts: int
    examples: Sequence[int]
    """Ids of clips that show what it holds, best first; some may have left the library."""


class Made(NamedTuple):
    """A theme as a survey makes it."""

    id: int | None
    """Of the theme that it continues."""
    parent: int | None
    """Its place in the list."""
    name: str | None
    centre: Sequence[float]
    examples: Sequence[int]


class Placed(NamedTuple):
    clip_id: int
    theme: int
    """Its place in the list."""
    distance: float
    novelty: float


class Described(NamedTuple):
    clip_id: int
    labels: Sequence[str]
    note: str | None
    title: str
    """Of its source video."""


def listed(session: Session) -> list[Listed]:
    """All themes, each before its parts, those with the most clips first; without those that
    have none any more."""
    rows = session.execute(
        sa.select(col(ClipTheme.theme_id), sa.func.count())
        .join(Clip, col(Clip.id) == col(ClipTheme.clip_id))
        .where(IN_LIBRARY, col(ClipTheme.theme_id).is_not(None))
        .group_by(col(ClipTheme.theme_id))
    )
    own: dict[int | None, int] = {row[0]: row[1] for row in rows}
    found = stored(session)
    below: dict[int, list[Theme]] = {}
    for theme in found:
        if theme.parent_id is not None and own.get(theme.id):
            below.setdefault(theme.parent_id, []).append(theme)

    def one(theme: Theme) -> Listed:
        parts = below.get(theme.id, [])
        return Listed(
            theme.id,
            theme.parent_id,
            called(theme.id, theme.name),
            theme.named_by is not None,
            own.get(theme.id, 0) + sum(own[part.id] for part in parts),
            len(parts),
            theme.examples,
        )

    def largest_first(themes: Iterable[Theme]) -> list[Listed]:
        return sorted(map(one, themes), key=lambda each: (-each.clips, each.id))

    tops = largest_first(theme for theme in found if theme.parent_id is None)
    return [
        each for top in tops if top.clips for each in (top, *largest_first(below.get(top.id, [])))
    ]


def stored(session: Session) -> Sequence[Theme]:
    return session.exec(select(Theme).order_by(col(Theme.id))).all()


def get(session: Session, theme_id: int, *, lock: bool = False) -> Theme:
    """Raises NotFound where there is no such theme. A locked one keeps its name until the end of
    the transaction."""
    theme = session.get(Theme, theme_id, with_for_update=lock)
    if theme is None:
        raise NotFound(f"There is no theme {theme_id} any more: the themes were made anew.")
    return theme


def names(session: Session, part: int | None = None) -> list[tuple[int, str]]:
    """Of the themes that are no part of another, and of the `part` that somebody looks at."""
    wanted = sa.or_(col(Theme.parent_id).is_(None), col(Theme.id) == part)
    tops = session.exec(select(Theme.id, Theme.name).where(wanted))
    return sorted(
        ((theme_id, called(theme_id, name)) for theme_id, name in tops),
        key=lambda each: each[1].casefold(),
    )


def rename(session: Session, theme_id: int, given: str, actor: str) -> str:
    """Gives a theme the name that a person chose, which it keeps; an empty one leaves it to the
    next survey to name it. What it is called then. Raises InputError for one that is too long."""
    theme, name = get(session, theme_id), given_name(given)
    theme.name, theme.named_by = name, actor if name else None
    return called(theme_id, name)


def has(theme_id: int) -> Any:
    """SQL that is true of clips of a theme or of one of its parts."""
    wanted = sa.select(col(Theme.id)).where(
        sa.or_(col(Theme.id) == theme_id, col(Theme.parent_id) == theme_id)
    )
    return col(Clip.id).in_(
        sa.select(col(ClipTheme.clip_id)).where(col(ClipTheme.theme_id).in_(wanted))
    )


def nearest(session: Session, theme_id: int, limit: int) -> Sequence[Clip]:
    """The clips of a theme that are nearest to its centre, or to those of its parts: of each
    part by its share of the clips."""
    rank = sa.func.percent_rank().over(
        partition_by=col(ClipTheme.theme_id), order_by=col(ClipTheme.distance)
    )
    return session.exec(
        select(Clip)
        .join(ClipTheme, col(ClipTheme.clip_id) == col(Clip.id))
        .where(IN_LIBRARY, has(theme_id))
        .order_by(rank, col(ClipTheme.distance), col(Clip.id))
        .limit(limit)
    ).all()


def in_library(session: Session, clip_ids: Iterable[int]) -> set[int]:
    return set(session.exec(select(Clip.id).where(IN_LIBRARY, among(col(Clip.id), clip_ids))))


def last_survey(session: Session) -> ThemeSurvey | None:
    return session.exec(select(ThemeSurvey).order_by(col(ThemeSurvey.id).desc())).first()


def standing(session: Session, model: str) -> Standing:
    """How the library stands to the last survey, for vectors by `model`."""
    survey = last_survey(session)
    clips = sa.select(sa.func.count()).select_from(Clip).where(IN_LIBRARY)
    kept = sa.select(sa.func.count()).select_from(ClipTheme).where(col(ClipTheme.surveyed))
    return Standing(
        clips=session.scalar(clips) or 0,
        with_vector=session.scalar(clips.where(_has_vector(Clip.id, model))) or 0,
        counted=survey.clips if survey else 0,
        kept=session.scalar(kept) or 0,
        of_model=survey is not None and survey.model == model,
    )


def _has_vector(clip_id: Any, model: str) -> Any:
    return sa.exists().where(
        col(ClipEmbedding.clip_id) == clip_id,
        col(ClipEmbedding.model) == model,
        col(ClipEmbedding.strategy) != PREVIEW,
    )


def of_clips(session: Session) -> dict[int, int]:
    """The smallest theme of each clip that has one."""
    rows = session.execute(
        sa.select(col(ClipTheme.clip_id), col(ClipTheme.theme_id)).where(
            col(ClipTheme.theme_id).is_not(None)
        )
    )
    return {row[0]: row[1] for row in rows}


def described(session: Session) -> Iterator[Described]:
    """The clips of the library with the words that people gave them."""
    rows = session.execute(
        sa.select(col(Clip.id), col(Clip.labels), col(Clip.note), col(SourceVideo.title))
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .where(IN_LIBRARY)
        .execution_options(yield_per=10_000)
    )
    return (Described(*row) for row in rows)


def save(session: Session, model: str, made: Sequence[Made], placed: Iterable[Placed]) -> None:
    """Puts the themes of a survey, parents before their parts, in the place of those before. Clips
    that came meanwhile are placed by `place`; those that left stay away."""
    driver: Any = session.connection().connection.driver_connection
    session.execute(
        sa.text(
            "CREATE TEMPORARY TABLE placed (clip_id bigint, theme integer, distance real,"
            " novelty real) ON COMMIT DROP"
        )
    )
    counted = 0
    with driver.cursor() as cursor, cursor.copy("COPY placed FROM STDIN") as copied:
        for row in placed:
            copied.write_row(row)
            counted += 1
    # Who makes a clip leave the library deletes its row: in turn, not in a knot.
    session.execute(sa.text("LOCK TABLE clip_themes IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(sa.delete(ClipTheme))
    ids = _save_themes(session, made)
    session.execute(
        sa.text(
            "INSERT INTO clip_themes (clip_id, theme_id, distance, novelty, surveyed)"
            " SELECT clip_id, (CAST(:ids AS bigint[]))[theme + 1], distance, novelty, true"
            " FROM placed JOIN clips ON clips.id = clip_id AND state = :embedded"
        ),
        {"ids": ids, "embedded": ClipState.EMBEDDED},
    )
    session.execute(sa.delete(ThemeSurvey))  # the last one counts
    session.add(ThemeSurvey(model=model, clips=counted))
    session.flush()
    session.execute(sa.text("ANALYZE clip_themes"))


def _save_themes(session: Session, made: Sequence[Made]) -> list[int]:
    """The ids of the themes that there are from now on."""
    ids: list[int] = []
    for each in made:
        values: dict[str, Any] = {
            "parent_id": None if each.parent is None else ids[each.parent],
            "name": each.name,
            "centre": each.centre,
            "examples": each.examples,
        }
        if each.id is None:
            statement: Any = insert(Theme).values(**values)
        else:
            # Somebody may have named it while the survey went on.
            values["name"] = sa.func.coalesce(col(Theme.name), each.name)
            statement = sa.update(Theme).where(col(Theme.id) == each.id).values(**values)
        ids.append(session.scalars(statement.returning(col(Theme.id))).one())
    session.execute(sa.delete(Theme).where(~among(col(Theme.id), ids)))
    return ids


def place(session: Session, model: str) -> int:
    """Gives clips that came to the library, or got their vector, after the last survey the theme
    that is nearest, and their novelty; to how many. Every clip of the library then has a row."""
    lacking = sa.select(col(Clip.id)).where(
        IN_LIBRARY, ~sa.exists().where(col(ClipTheme.clip_id) == col(Clip.id))
    )
    session.execute(insert(ClipTheme).from_select(["clip_id"], lacking).on_conflict_do_nothing())
    waiting = session.scalars(
        sa.select(col(ClipTheme.clip_id))
        .where(col(ClipTheme.novelty).is_(None), _has_vector(col(ClipTheme.clip_id), model))
        .order_by(col(ClipTheme.clip_id))
        .limit(PLACED_AT_ONCE)
    ).all()
    survey = last_survey(session)
    of_model = survey is not None and survey.model == model
    for clip_id in waiting:
        _place_one(session, clip_id, model, of_model)
    return len(waiting)


def _place_one(session: Session, clip_id: int, model: str, has_themes: bool) -> None:
    distances = [
        distance for _, distance in embeddings.similar(session, clip_id, NEIGHBOURS, model)
    ]
    vector = session.scalar(
        sa.select(sa.func.avg(ClipEmbedding.embedding, type_=ClipEmbedding.embedding.type)).where(
            col(ClipEmbedding.clip_id) == clip_id,
            col(ClipEmbedding.model) == model,
            col(ClipEmbedding.strategy) != PREVIEW,
        )
    )
    top = _nearest_theme(session, vector, None) if has_themes else None
    part = top and _nearest_theme(session, vector, top[0])
    theme_id, distance = part or top or (None, None)
    session.execute(
        sa.update(ClipTheme)
        .where(col(ClipTheme.clip_id) == clip_id)
        .values(
            theme_id=theme_id,
            distance=distance,
            novelty=sum(distances) / len(distances) if distances else None,
        )
    )


def _nearest_theme(
    session: Session, vector: Any, parent_id: int | None
) -> tuple[int, float] | None:
    distance = Theme.centre.cosine_distance(vector)
    parent: Any = col(Theme.parent_id)
    found = session.execute(
        sa.select(col(Theme.id), distance)
        .where(
            parent.is_(None) if parent_id is None else parent == parent_id,
            sa.func.vector_dims(Theme.centre) == len(vector),
        )
        .order_by(distance)
        .limit(1)
    ).first()
    return None if found is None else (found[0], float(found[1]))
