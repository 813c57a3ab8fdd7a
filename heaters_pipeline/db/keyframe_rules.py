"""The rules by which clips get their keyframes, and the clips whose keyframes no longer follow
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import clip_work
from heaters_pipeline.db.models import Clip, ClipArtifact, KeyframeRuleRow, Label, SourceVideo
from heaters_pipeline.db.scopes import Scope, columns_of
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.states import UNFINISHED, ClipState, changed
from heaters_pipeline.domain.stills import USUAL_RULE, KeyframeRule

GONE = "gone"
"""The basis of keyframes that no rule asks for."""

FINISHED = frozenset({ClipState.EMBEDDED, ClipState.EMBEDDING_FAILED, ClipState.KEYFRAME_FAILED})
"""Clips in these states have been through keyframing, and the pipeline is not at work on them."""


@dataclass(frozen=True)
class Rules:
    """All rules. A label's goes before a source video's, and that before the one for all; of
    several labels with a rule, the one that the clip got first counts."""

    of_all: KeyframeRule
    of_videos: Mapping[int, KeyframeRule]
    of_labels: Mapping[str, KeyframeRule]

    def of(self, clip: Clip) -> KeyframeRule:
        of_label = next(
            (self.of_labels[each] for each in clip.labels if each in self.of_labels), None
        )
        return of_label or self.of_videos.get(clip.source_video_id, self.of_all)


def load(session: Session) -> Rules:
    of_all, of_videos, of_labels = USUAL_RULE, {}, {}
    for row, _, label in _rows(session):
        rule = KeyframeRule.from_json(row.spec)
        if label is not None:
            of_labels[label] = rule
        elif row.source_video_id is not None:
            of_videos[row.source_video_id] = rule
        else:
            of_all = rule
    return Rules(of_all, of_videos, of_labels)


def listed(session: Session) -> list[tuple[Scope, KeyframeRule]]:
    """The rules that somebody has set, the one for all first."""
    return [
        (Scope(key, label), KeyframeRule.from_json(row.spec)) for row, key, label in _rows(session)
    ]


def lock(session: Session) -> None:
    """Of two people who change rules at once, one has to see what the other did."""
    session.execute(sa.text("LOCK TABLE keyframe_rules IN SHARE ROW EXCLUSIVE MODE"))


def put(session: Session, scope: Scope, rule: KeyframeRule) -> None:
    """Sets the rule for `scope`. Raises NotFound for a source video or label that is not there."""
    statement = insert(KeyframeRuleRow).values(**columns_of(session, scope), spec=rule.as_json())
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source_video_id", "label_id"],
            set_={"spec": statement.excluded.spec},
        )
    )
    _ask(session, scope)


def remove(session: Session, scope: Scope) -> None:
    """Raises NotFound where there is no such rule."""
    columns = columns_of(session, scope)
    gone = session.execute(
        sa.delete(KeyframeRuleRow).where(
            *(
                getattr(KeyframeRuleRow, name).is_not_distinct_from(value)
                for name, value in columns.items()
            )
        )
    )
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound(f"There is no rule for {scope}.")
    _ask(session, scope)


def send_back(session: Session, undo_window_seconds: float, limit: int) -> int:
    """Puts clips of the library whose keyframes do not follow the rules any more back before
    keyframing; returns their number. A change rests for the undo window first. Clips of archived
    videos wait until there is a gold master again."""
    rested = sa.func.now() - timedelta(seconds=undo_window_seconds)
    asked = session.exec(
        select(Clip)
        .join(SourceVideo)
        .where(
            col(Clip.keyframes_asked_at) <= rested,
            col(Clip.state).in_(FINISHED),
            col(SourceVideo.archived).is_(None),
        )
        .order_by(col(Clip.id))
        .limit(limit)
        .with_for_update(of=Clip, key_share=True, skip_locked=True)
    ).all()
    rules = load(session)
    sent = 0
    for clip in asked:
        clip.keyframes_asked_at = None
        made_by = clip.keyframes_basis or USUAL_RULE.basis(())
        if made_by == rules.of(clip).basis(clip.chosen_frames):
            continue
        clip.state = changed(ClipState(clip.state), ClipState.EXPORTED)
        clip.attempt = clip_work.next_attempt(session, clip.source_video_id)
        clip.error, clip.tries, clip.retry_at = None, 0, None
        sent += 1
    return sent


def take_again(session: Session, filepath: str) -> bool:
    """Has the keyframes of a clip taken again, one of which is gone; whether they will be."""
    taken_of = sa.select(col(ClipArtifact.clip_id)).where(col(ClipArtifact.filepath) == filepath)
    asked = session.scalars(
        sa.update(Clip)
        .where(
            col(Clip.id).in_(taken_of),
            col(Clip.state).in_(FINISHED | UNFINISHED),
            col(Clip.source_video_id).in_(
                sa.select(col(SourceVideo.id)).where(col(SourceVideo.archived).is_(None))
            ),
        )
        .values(keyframes_basis=GONE, keyframes_asked_at=sa.func.now())
        .returning(col(Clip.id))
        .execution_options(synchronize_session=False)
    )
    return asked.first() is not None


def _ask(session: Session, scope: Scope) -> None:
    """Has the keyframes of these clips looked at."""
    if scope.label is not None:
        concerned = sa.and_(
            col(Clip.labels).contains([scope.label]), col(Clip.labels) != sa.literal_column("'{}'")
        )
    elif scope.source_key is not None:
        video = select(SourceVideo.id).where(SourceVideo.key == scope.source_key)
        concerned = col(Clip.source_video_id) == video.scalar_subquery()
    else:
        concerned = sa.true()
    session.execute(
        sa.update(Clip)
        .where(col(Clip.is_virtual).is_(False), concerned)
        .values(keyframes_asked_at=sa.func.now())
        .execution_options(synchronize_session=False)
    )


def _rows(session: Session) -> Any:
    return session.execute(
        sa.select(KeyframeRuleRow, col(SourceVideo.key), col(Label.name))
        .outerjoin(SourceVideo, col(SourceVideo.id) == col(KeyframeRuleRow.source_video_id))
        .outerjoin(Label, col(Label.id) == col(KeyframeRuleRow.label_id))
        .order_by(col(SourceVideo.key).nulls_first(), col(Label.place).nulls_first())
    )
