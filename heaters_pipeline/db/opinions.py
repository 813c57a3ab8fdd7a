"""The second opinion: the rules that ask for it, who can still decide on a clip, how well people
agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from heaters_pipeline.db.models import Clip, Label, OpinionRuleRow, Person, SourceVideo
from heaters_pipeline.db.prepared import Prepared
from heaters_pipeline.db.scopes import Scope, columns_of
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.kappa import Agreed, agreed
from heaters_pipeline.domain.opinions import TWO, Rules
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.states import ClipState

_GIVEN: Any = sa.func.jsonb_array_length(Clip.opinions)
_WAITS = col(Clip.state) == ClipState.PENDING_REVIEW
_NONE = col(Clip.opinions) == sa.literal_column("'[]'")

BEGUN = sa.and_(_WAITS, sa.not_(_NONE))
"""True of a clip on which somebody has decided, and not all have who are asked."""

DIFFER = sa.and_(BEGUN, _GIVEN >= TWO)
"""True of a clip on which two people have decided differently."""


# --- Rules ----------------------------------------------------------------------------------------


RULES = Prepared(
    sa.select(
        col(OpinionRuleRow.source_video_id),
        col(Label.name).label("label"),
        col(OpinionRuleRow.share),
    ).outerjoin(Label, col(Label.id) == col(OpinionRuleRow.label_id))
)


def as_rules(rows: Iterable[Any]) -> Rules:
    """The rules of the rows of `RULES`."""
    of_all, of_videos, of_labels = 0, {}, {}
    for row in rows:
        if row.label is not None:
            of_labels[row.label] = row.share
        elif row.source_video_id is not None:
            of_videos[row.source_video_id] = row.share
        else:
            of_all = row.share
    return Rules(of_all, of_videos, of_labels)


def listed(session: Session) -> list[tuple[Scope, int]]:
    """The rules with their shares in per cent, the one for all first."""
    return [(Scope(key, label), row.share) for row, key, label in _rows(session)]


def put(session: Session, scope: Scope, share: int) -> None:
    """Sets the rule for `scope`. Raises NotFound for a source video or label that is not there."""
    statement = insert(OpinionRuleRow).values(**columns_of(session, scope), share=share)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source_video_id", "label_id"],
            set_={"share": statement.excluded.share},
        )
    )


def drop(session: Session, scope: Scope) -> None:
    """Raises NotFound where there is no such rule."""
    gone = session.execute(
        sa.delete(OpinionRuleRow).where(
            *(
                getattr(OpinionRuleRow, name).is_not_distinct_from(value)
                for name, value in columns_of(session, scope).items()
            )
        )
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound(f"There is no rule for {scope}.")


def _rows(session: Session) -> Any:
    return session.execute(
        sa.select(OpinionRuleRow, col(SourceVideo.key), col(Label.name))
        .outerjoin(SourceVideo, col(SourceVideo.id) == col(OpinionRuleRow.source_video_id))
        .outerjoin(Label, col(Label.id) == col(OpinionRuleRow.label_id))
        .order_by(col(SourceVideo.key).nulls_first(), col(Label.place).nulls_first())
    )


# --- Who can decide -------------------------------------------------------------------------------


def can_decide(reviewer: str) -> Any:
    """True of a pending clip on which the reviewer has not decided yet, or whose two opinions they
    may settle although one is theirs, as there is no third person."""
    has_spoken = col(Clip.opinions).contains([{"actor": reviewer}])
    few = sa.select(sa.func.count() <= TWO).select_from(Person).scalar_subquery()
    lesser = sa.exists().where(
        sa.func.lower(Person.name) == sa.func.lower(reviewer), col(Person.role) != Role.ADMIN
    )
    return sa.or_(
        _NONE,
        sa.not_(has_spoken),
        sa.and_(_GIVEN >= TWO, few, sa.not_(lesser)),
    )


def in_queue(reviewer: str, *, of_those_that_differ: bool) -> Any:
    """True of a pending clip that the reviewer's queue has: one that waits for a first or a second
    opinion, or one that waits for a third person."""
    of_it = _GIVEN >= TWO if of_those_that_differ else _GIVEN < TWO
    return sa.and_(of_it, can_decide(reviewer))


class Open(NamedTuple):
    """Clips on which not all have decided yet."""

    once: int
    """One person has."""
    differ: int
    """Two have, and differ."""


def still_open(session: Session) -> Open:
    query = sa.select(
        sa.func.count().filter(_GIVEN == 1), sa.func.count().filter(_GIVEN >= TWO)
    ).where(BEGUN)
    return Open(*session.execute(query).one())


# --- How well people agree ------------------------------------------------------------------------


class Agreement(NamedTuple):
    of_pairs: Mapping[tuple[str, str], Agreed]
    """By the names of two people."""
    of_labels: Mapping[str, Agreed]
    """By the label that a clip has now: the first opinion against the second, whoever gave them."""
    of_all: Agreed


def agreement(session: Session) -> Agreement:
    """The first two opinions on each clip that has them, whatever became of the clip."""
    given: Any = Clip.opinions
    first, second = given[0], given[1]
    pairs: defaultdict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    labels: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    everything: Counter[tuple[str, str]] = Counter()
    rows = session.execute(
        sa.select(
            first["actor"].astext,
            second["actor"].astext,
            first["action"].astext,
            second["action"].astext,
            col(Clip.labels),
            sa.func.count(),
        )
        .where(sa.not_(_NONE), _GIVEN >= TWO)
        .group_by(*(sa.literal_column(str(number)) for number in range(1, 6)))
    )
    for one, other, wanted, also_wanted, of_clip, number in rows:
        people, said = (one, other), (wanted, also_wanted)
        everything[said] += number
        for label in of_clip:
            labels[label][said] += number
        in_order = people == (ordered := tuple(sorted(people)))
        pairs[ordered][said if in_order else said[::-1]] += number
    return Agreement(
        {people: agreed(said) for people, said in sorted(pairs.items())},
        {label: agreed(said) for label, said in sorted(labels.items())},
        agreed(everything),
    )
