"""Selections of clips (`domain.selection`) as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from heaters_pipeline.db import labels, opinions, themes
from heaters_pipeline.db.among import among
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import (
    Clip,
    ClipEmbedding,
    ClipTheme,
    CollectionClip,
    HandoverClip,
    ReviewEvent,
    SourceVideo,
)
from heaters_pipeline.domain.selection import Order, Selection
from heaters_pipeline.domain.states import ClipState

FILM_ORDER = (col(Clip.source_video_id), col(Clip.start_frame))

SECONDS = sa.cast(Clip.cut_points["end_time_seconds"].astext, sa.Numeric) - sa.cast(
    Clip.cut_points["start_time_seconds"].astext, sa.Numeric
)
"""Decimal, so that 2.8 less 2 is 0.8 and not a little less."""


def _tells_of(word: str) -> Any:
    """True of clips with the word in their title, in a label or in the note."""
    titled = sa.select(col(SourceVideo.id)).where(
        col(SourceVideo.title).icontains(word, autoescape=True)
    )
    return sa.or_(
        col(Clip.source_video_id).in_(titled),
        sa.func.array_to_string(Clip.labels, ",").icontains(word, autoescape=True),
        col(Clip.note).icontains(word, autoescape=True),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_PREVIEW: Any = aliased(ClipEmbedding)


class View:
    """The clips of a selection that have one of `states`, for any statement over `clips`. Without a
    likeness no clip has a score."""

    def __init__(
        self, selection: Selection, states: Iterable[ClipState], likeness: Likeness | None
    ) -> None:
        self._selection = selection
        self._states = sorted(states)
        self._likeness = likeness if selection.needs_score else None

    def of(self, statement: Any) -> Any:
        """The statement, over these clips only."""
        return self._joined(statement).where(*self._conditions())

    def in_order(self, statement: Any) -> Any:
        """The statement, whatever clips it is about, in the selection's order."""
        return self._joined(statement).order_by(*self.order())

    def order(self) -> list[Any]:
        """What orders a statement that `of` or `in_order` has made."""
        score = self._score()
        first: dict[Order, list[Any]] = {
            Order.TIME: [],
            Order.SHORTEST: [SECONDS],
            Order.LONGEST: [SECONDS.desc()],
            Order.UNCERTAIN: [sa.func.abs(score - 0.5, type_=sa.Float).asc().nulls_last()],
            Order.DOUBTFUL: [col(Clip.doubt).desc().nulls_last()],
            Order.BEST: [score.desc().nulls_last()],
            Order.WORST: [score.asc().nulls_last()],
            Order.NEWEST: [col(Clip.decided_at).desc().nulls_last(), col(Clip.id).desc()],
            Order.OLDEST: [col(Clip.decided_at).asc().nulls_first(), col(Clip.id).asc()],
            Order.NOVEL: [col(ClipTheme.novelty).desc().nulls_last()],
            Order.GIVEN: self._given(),
        }
        return [*first[self._selection.order], *FILM_ORDER]

    def _conditions(self) -> list[Any]:
        wanted = self._selection
        conditions = [
            col(Clip.state) == self._states[0]
            if len(self._states) == 1
            else col(Clip.state).in_(self._states)
        ]
        if wanted.video is not None:
            of_key = sa.select(col(SourceVideo.id)).where(col(SourceVideo.key) == wanted.video)
            conditions.append(col(Clip.source_video_id) == of_key.scalar_subquery())
        if wanted.clip is not None:
            conditions.append(col(Clip.id) == wanted.clip)
        if wanted.label:
            conditions.append(labels.has_all(wanted.label))
        if wanted.find is not None:
            conditions += map(_tells_of, wanted.find.split())
        if wanted.min_rating is not None:
            conditions.append(col(Clip.rating) >= wanted.min_rating)
        if wanted.reviewer is not None:
            theirs = sa.select(col(ReviewEvent.id)).where(col(ReviewEvent.actor) == wanted.reviewer)
            conditions.append(col(Clip.last_event_id).in_(theirs))
        if wanted.since is not None:
            conditions.append(col(Clip.decided_at) >= _midnight(wanted.since))
        if wanted.until is not None:
            conditions.append(
                col(Clip.decided_at) < sa.literal(_midnight(wanted.until)) + timedelta(days=1)
            )
        if wanted.ids:
            conditions.append(among(col(Clip.id), wanted.ids))
        if wanted.collection is not None:
            conditions.append(self._place().is_not(None))
        if wanted.theme is not None:
            conditions.append(themes.has(wanted.theme))
        if wanted.taken is not None:
            taken = sa.exists().where(col(HandoverClip.clip_id) == col(Clip.id))
            conditions.append(taken if wanted.taken else sa.not_(taken))
        if wanted.differ is not None:
            conditions.append(opinions.DIFFER if wanted.differ else sa.not_(opinions.DIFFER))
        for bounded, least, most in (
            (SECONDS, wanted.min_seconds, wanted.max_seconds),
            (self._score(), wanted.min_score, wanted.max_score),
        ):
            if least is not None:
                conditions.append(bounded >= least)
            if most is not None:
                conditions.append(bounded <= most)
        return conditions

    def _given(self) -> list[Any]:
        if self._selection.collection is not None:
            return [self._place()]
        if self._selection.ids:
            ids = sa.cast(list(self._selection.ids), sa.ARRAY(sa.BigInteger))
            return [sa.func.array_position(ids, col(Clip.id), type_=sa.Integer)]
        return []

    def _place(self) -> Any:
        """Of the clip in the collection; null where it is not in it."""
        return (
            sa.select(col(CollectionClip.place))
            .where(
                col(CollectionClip.collection_id) == self._selection.collection,
                col(CollectionClip.clip_id) == col(Clip.id),
                col(CollectionClip.taken_out_at).is_(None),
            )
            .scalar_subquery()
        )

    def _score(self) -> Any:
        if self._likeness is None:
            return sa.cast(sa.null(), sa.Float)
        return self._likeness.score(_PREVIEW.embedding)

    def _joined(self, statement: Any) -> Any:
        """With the tables that the order and the conditions need."""
        if self._selection.order == Order.NOVEL:
            # Every clip of the library has a row (`themes.place`), so that the index of those can
            # give the order.
            only_library = self._states == [ClipState.EMBEDDED]
            lies = col(ClipTheme.clip_id) == col(Clip.id)
            statement = statement.join(ClipTheme, lies, isouter=not only_library)
        if self._likeness is None:
            return statement
        return statement.outerjoin(
            _PREVIEW,
            sa.and_(
                _PREVIEW.clip_id == col(Clip.id),
                _PREVIEW.model == self._likeness.model,
                _PREVIEW.strategy == PREVIEW,
            ),
        )
