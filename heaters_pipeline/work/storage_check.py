"""The storage against the rows that name its objects: nothing orphaned, nothing missing.

Work goes on meanwhile: whatever looks wrong is asked for once more before it is told, and what is
younger than a day may be on its way. A check that breaks off goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from heaters_pipeline.db import bucket_uploads, deletions, ledger, lost_objects, storage_checks
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.locks import storage_check_lock
from heaters_pipeline.db.models import StoredObject
from heaters_pipeline.db.storage_checks import Progress, Seen
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, Refused
from heaters_pipeline.domain.storage_check import (
    NOT_OURS,
    OBJECTS,
    WASTE,
    Finding,
    Outcome,
    Trouble,
    before_fixing,
)
from heaters_pipeline.storage import Entry, ObjectMissing
from heaters_pipeline.work.objects import sweep
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.storage_walk import Pair, pieces

GRACE = timedelta(days=1)
"""The longest that an object may be without its row, or the other way round, while work goes on."""

SHOWN = 20
"""Findings that are kept with a run, of each sort."""

SAMPLE = 20
"""Where none of so many objects is there, the storage is another one."""

Tell = Callable[[Finding], None]


@dataclass(frozen=True)
class Checked:
    """What a check found, all its parts together."""

    tally: Counter[str] = field(default_factory=Counter)
    """How many objects were looked at (OBJECTS), how many of them the pipeline did not make
    (NOT_OURS), and how many findings there are by trouble and by outcome."""
    deleted: int = 0
    """Objects that were deleted by the way."""

    @property
    def alarms(self) -> int:
        return self.tally[Outcome.ALARM]


@dataclass(frozen=True)
class Part:
    """Findings of one sort."""

    number: int
    sentences: Sequence[str]
    """The first few: what is shown with a run stays in Dagster for ever."""


@dataclass(frozen=True)
class LookedAfter:
    tally: Mapping[str, int]
    lost: Part
    waste: Part
    alarms: int
    deleted: int


def look_after(pipeline: Pipeline) -> LookedAfter:
    """Deletes what no row names any more, or never came to name, and checks the storage without
    mending the rest."""
    with pipeline.transaction() as session:
        _enter_left_overs(session, GRACE)
    deleted = sweep(pipeline).number
    findings: dict[bool, list[str]] = {True: [], False: []}

    def tell(finding: Finding) -> None:
        told = findings[finding.trouble in WASTE]
        if len(told) < SHOWN:
            told.append(finding.sentence)
            pipeline.log.warning(finding.sentence)

    checked = check_storage(pipeline, tell)
    waste = sum(checked.tally[each] for each in WASTE)
    lost = sum(checked.tally[each] for each in Trouble) - waste
    return LookedAfter(
        {str(name): number for name, number in checked.tally.items() if number},
        Part(lost, findings[False]),
        Part(waste, findings[True]),
        checked.alarms,
        deleted,
    )


def check_storage(
    pipeline: Pipeline,
    tell: Tell,
    *,
    fix: bool = False,
    deep: bool = False,
    grace: timedelta = GRACE,
) -> Checked:
    """Compares the storage with the rows, and calls `tell` with each finding. `fix` deletes what
    nobody needs and has made again what is lost; `deep` reads every object. Raises Conflict where
    another process is checking, HeatersError where the storage is not the one of the database."""
    mode = f"{'deep ' * deep}{'fix' if fix else 'check'}"
    with storage_check_lock(pipeline.engine):
        with pipeline.transaction() as session:
            done = storage_checks.progress(session, mode)
            size = storage_checks.ledger_size(session)
            sample = storage_checks.sample(session, SAMPLE)
        _refuse_another_storage(pipeline, sample)
        check = _Check(pipeline, tell, mode, fix, deep, grace, size, Counter(done.tally))
        if not done.last_key:
            check.enter_named()
        for piece in pieces(pipeline, done.last_key):
            check.look_at(piece)
        check.look_for_left_overs()
        check.look_for_unfinished()
        with pipeline.transaction() as session:
            storage_checks.end(session, mode)
        deleted = sweep(pipeline).number if fix else 0
    return Checked(check.tally, deleted)


def _refuse_another_storage(pipeline: Pipeline, sample: Sequence[str]) -> None:
    if sample and not any(pipeline.storage.exists(key) for key in sample):
        raise HeatersError(
            f"The storage has none of {len(sample)} objects that are to be in it: check "
            "STORAGE_URL, or that its disk is mounted."
        )


def _enter_left_overs(session: Session, grace: timedelta) -> list[str]:
    left = storage_checks.left_over(session, grace)
    deletions.enter(session, left, "no row came to name it")
    return left


@dataclass(frozen=True)
class _Check:
    pipeline: Pipeline
    tell: Tell
    mode: str
    fix: bool
    deep: bool
    grace: timedelta
    ledger_size: int
    tally: Counter[str]

    def look_at(self, piece: Sequence[Pair]) -> None:
        """Tells what is wrong with some keys, mends it, and notes how far the check has got."""
        self._tell_orphans([each.entry for each in piece if each.entry and not each.row])
        suspects: dict[str, Trouble] = {}
        right: dict[str, Seen] = {}
        for key, entry, row in piece:
            if row is not None:
                found = self._compared(entry, row)
                if isinstance(found, Trouble):
                    suspects[key] = found
                elif found.etag != row.etag or found.sha256 != row.sha256:
                    right[key] = found
        with self.pipeline.transaction() as session:
            storage_checks.seen(session, right)
        self._tell_lost(suspects)
        self.tally[OBJECTS] += sum(each.entry is not None for each in piece)
        with self.pipeline.transaction() as session:
            done = Progress(piece[-1].key, dict(self.tally))
            storage_checks.save_progress(session, self.mode, done)

    def _compared(self, entry: Entry | None, row: StoredObject) -> Seen | Trouble:
        """What seems to be wrong with an object, or what is known of one that is right."""
        if entry is None:
            return Trouble.MISSING
        if entry.bytes != row.bytes:
            return Trouble.OTHER_SIZE
        if not self._must_read(entry, row):
            return Seen(entry.etag, row.sha256)
        sha256 = self._digest(row.path)
        if isinstance(sha256, Trouble):
            return sha256
        return Seen(entry.etag, sha256) if row.sha256 in (None, sha256) else Trouble.OTHER_BYTES

    def _must_read(self, entry: Entry, row: StoredObject) -> bool:
        """Whether only the bytes can say that the object is right. Another name for them does not
        say that they are others: a storage gives one to an object that moves to another class."""
        if entry.is_cold:
            return False
        renamed = row.etag is not None and entry.etag != row.etag and row.sha256 is not None
        return self.deep or renamed

    def _digest(self, key: str) -> str | Trouble:
        """The SHA-256 of an object, or why it has none."""
        digest = hashlib.sha256()
        try:
            for chunk in self.pipeline.storage.stream(key):
                digest.update(chunk)
        except ObjectMissing:
            return Trouble.MISSING
        except OSError as error:  # a disk that can't read it
            self.pipeline.log.warning(f"{key} can't be read: {error.strerror}.")
            return Trouble.OTHER_BYTES
        return digest.hexdigest()

    def _tell_orphans(self, entries: Sequence[Entry]) -> None:
        ours = [each for each in entries if layout.is_ours(each.key)]
        self.tally[NOT_OURS] += len(entries) - len(ours)
        until = datetime.now(UTC) - self.grace
        old = [each.key for each in ours if each.changed_at <= until]
        if not old:
            return
        with self.pipeline.transaction() as session:
            orphans = sorted(storage_checks.unknown(session, old))
            if self.fix:
                self._refuse_most_objects(len(orphans))
                deletions.enter(session, orphans, "no row named it")
        for key in orphans:
            self._found(Trouble.ORPHAN, key, Outcome.REMOVED if self.fix else Outcome.TO_FIX)

    def _refuse_most_objects(self, number: int) -> None:
        if self.tally[Trouble.ORPHAN] + number > self.ledger_size:
            raise HeatersError(
                "Most objects in the storage have no row in this database: check DATABASE_URL and "
                "STORAGE_URL. No more of them are deleted."
            )

    def _tell_lost(self, suspects: dict[str, Trouble]) -> None:
        """Of the suspects, those that are still wrong, and needed."""
        if not suspects:
            return
        with self.pipeline.transaction() as session:
            rows = storage_checks.still_named(session, suspects, self.grace)
        for key in sorted(rows):
            trouble = self._trouble_now(rows[key])
            if suspects[key] is Trouble.OTHER_BYTES:
                trouble = trouble or Trouble.OTHER_BYTES
            if trouble is not None:
                self._lost(trouble, rows[key])

    def _lost(self, trouble: Trouble, row: StoredObject) -> None:
        outcome = before_fixing(trouble, layout.kind(row.path))
        if self.fix and outcome is Outcome.TO_FIX:
            with self.pipeline.transaction() as session:
                is_remade = lost_objects.make_again(session, row)
            outcome = Outcome.REMADE if is_remade else Outcome.ALARM
        self._found(trouble, row.path, outcome)

    def _trouble_now(self, row: StoredObject) -> Trouble | None:
        try:
            size = self.pipeline.storage.size(row.path)
        except ObjectMissing:
            return Trouble.MISSING
        return Trouble.OTHER_SIZE if size != row.bytes else None

    def enter_named(self) -> None:
        """Enters what rows name and the ledger does not know, or tells that it is gone."""
        with self.pipeline.transaction() as session:
            names = storage_checks.not_entered(session)
        for path, video_id in names:
            kind = layout.kind(path)
            try:
                size = self.pipeline.storage.size(path)
            except ObjectMissing:
                size = None
            if size is None and kind is None:
                self._found(Trouble.MISSING, path, Outcome.ALARM)
            elif size is None and kind is not None:
                row = StoredObject(path=path, source_video_id=video_id, kind=kind, bytes=0)
                self._lost(Trouble.MISSING, row)
            elif size is not None and kind is not None:
                with self.pipeline.transaction() as session:
                    ledger.record(session, video_id, {path: StoredFacts(size)})

    def look_for_left_overs(self) -> None:
        with self.pipeline.transaction() as session:
            if self.fix:
                left = _enter_left_overs(session, self.grace)
            else:
                left = storage_checks.left_over(session, self.grace)
        for key in left:
            self._found(Trouble.LEFT_OVER, key, Outcome.REMOVED if self.fix else Outcome.TO_FIX)

    def look_for_unfinished(self) -> None:
        until = datetime.now(UTC) - self.grace
        with self.pipeline.transaction() as session:
            going_on = bucket_uploads.multipart_ids(session)
        try:
            ours = (each for each in self.pipeline.storage.unfinished() if layout.is_ours(each.key))
            old = [each for each in ours if each.began_at <= until and each.id not in going_on]
        except Refused as error:
            self.pipeline.log.warning(f"Uploads that were broken off can't be listed: {error}")
            return
        for upload in old:
            if self.fix:
                self.pipeline.storage.abandon(upload)
            outcome = Outcome.REMOVED if self.fix else Outcome.TO_FIX
            self._found(Trouble.UNFINISHED, upload.key, outcome)

    def _found(self, trouble: Trouble, key: str, outcome: Outcome) -> None:
        self.tally[trouble] += 1
        self.tally[outcome] += 1
        self.tell(Finding(trouble, key, layout.kind(key), outcome))
