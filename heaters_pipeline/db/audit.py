"""The audit log: who did what, from where, and when. Rows can only be added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import AuditEntry
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.spreadsheets import cell

COLUMNS = "at", "actor", "address", "action", "target", "detail"
AT_ONCE = 1000


def note(
    session: Session, who: Who, action: str, target: str | None = None, detail: str | None = None
) -> None:
    """Part of the transaction that does it: neither is there without the other."""
    session.add(
        AuditEntry(actor=who.name, address=who.address, action=action, target=target, detail=detail)
    )


def latest(session: Session, count: int, before: int | None = None) -> Sequence[AuditEntry]:
    """Newest first; those that are older than the one with the id `before`, where it is named."""
    wanted = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(count)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    return session.exec(wanted).all()


def table(engine: Engine) -> Iterator[Sequence[object]]:
    """The names of the columns, then every entry, oldest first, read in parts, so that a slow
    reader holds no transaction. Texts are safe in spreadsheets."""
    yield COLUMNS
    last = 0
    while True:
        with transaction(engine) as session:
            later = select(AuditEntry).where(AuditEntry.id > last).order_by(col(AuditEntry.id))
            part = session.exec(later.limit(AT_ONCE)).all()
        for entry in part:
            last = entry.id
            texts = entry.actor, entry.address, entry.action, entry.target or "", entry.detail or ""
            yield entry.at.isoformat(), *map(cell, texts)
        if len(part) < AT_ONCE:
            return
