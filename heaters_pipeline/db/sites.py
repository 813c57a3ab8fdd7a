"""The sites that videos are downloaded from: what waits for them, and which are asked again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Origin, Outage, SourceVideo
from heaters_pipeline.domain.outages import SITE, STORAGE
from heaters_pipeline.domain.states import DOWNLOAD

OF_VIDEO = sa.func.coalesce(sa.func.substring(col(SourceVideo.url), SITE), "")
"""The name of a video's site (`domain.outages.site_of`); empty where it has none."""

_TO_FETCH = sa.and_(
    col(SourceVideo.origin) == Origin.WEB,
    sa.or_(
        sa.and_(
            col(SourceVideo.state) == DOWNLOAD.waiting, col(SourceVideo.source_filepath).is_(None)
        ),
        sa.and_(col(SourceVideo.refetch_requested), col(SourceVideo.progress).is_(None)),
    ),
)
"""Videos that wait for their site."""

_UNDER_WAY = sa.or_(col(SourceVideo.state) == DOWNLOAD.doing, col(SourceVideo.refetch_requested))

_DUE = sa.or_(col(SourceVideo.retry_at).is_(None), col(SourceVideo.retry_at) <= sa.func.now())


def held_back(session: Session) -> sa.ColumnElement[bool]:
    """The videos that wait for the end of an outage of their sites. Of each site that is to be
    asked again now, one is let through: that which was begun least often, so that one which the
    site never answers does not stand before the others."""
    down = session.execute(
        sa.select(col(Outage.thing), col(Outage.probe_at) <= sa.func.now()).where(
            col(Outage.thing) != STORAGE
        )
    ).all()
    if not down:
        return sa.false()
    probes = [
        session.scalar(
            sa.select(col(SourceVideo.id))
            .where(_TO_FETCH, _DUE, site == OF_VIDEO)
            .order_by(col(SourceVideo.attempt), col(SourceVideo.id))
            .limit(1)
        )
        for site, is_due in down
        if is_due
    ]
    return sa.and_(
        _TO_FETCH,
        OF_VIDEO.in_([site for site, _ in down]),
        col(SourceVideo.id).not_in([each for each in probes if each is not None]),
    )


def waiting(session: Session) -> dict[str, int]:
    """How many videos wait, by site that does not answer."""
    rows = session.exec(
        select(Outage.thing, sa.func.count())
        .join(SourceVideo, col(Outage.thing) == OF_VIDEO)
        .where(_TO_FETCH)
        .group_by(col(Outage.thing))
    )
    return dict(rows.all())


def forget_unneeded(session: Session) -> None:
    """Ends the outages of sites that no video waits for any more, as all were cancelled: nobody
    would ask whether they answer."""
    needs = sa.exists().where(sa.or_(_TO_FETCH, _UNDER_WAY), col(Outage.thing) == OF_VIDEO)
    session.execute(sa.delete(Outage).where(col(Outage.thing) != STORAGE, ~needs))
