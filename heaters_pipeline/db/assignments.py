"""Work that is given to people: the clips of a selection, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db import people, review_queue
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Assignment, Person
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.selection import Order, Selection, Shown

EVERY_STATE = (Shown.PENDING, Shown.SKIPPED, Shown.ARCHIVED, Shown.APPROVED)
MOST = 200
"""More are not listed: what is done is taken off the list."""


class Assigned(NamedTuple):
    assignment: Assignment
    person: str
    decided: int
    """Of its clips."""
    total: int

    @property
    def left(self) -> dict[str, str]:
        return left(self.assignment)


def assign(
    session: Session, person_name: str, name: str, selection: Selection, actor: str
) -> Assignment:
    """Gives the clips of a selection to a person, whatever is decided on them. Raises NotFound for
    a person who is not there, Conflict where they have that work already."""
    person = people.named(session, person_name)
    arguments = replace(selection, state=(), order=Order.TIME, differ=None).arguments()
    same = sa.exists().where(
        col(Assignment.person_id) == person.id, col(Assignment.arguments) == arguments
    )
    if session.scalar(sa.select(same)):
        raise Conflict(f"{person.name} has {name} already.")
    made = Assignment(person_id=person.id, name=name, arguments=arguments, assigned_by=actor)
    session.add(made)
    session.flush()
    return made


def take_back(session: Session, assignment_id: int) -> None:
    assignment = session.get(Assignment, assignment_id)
    if assignment is None:
        raise NotFound("Somebody has taken this work back already.")
    session.delete(assignment)


def listed(
    session: Session, person_name: str | None = None, likeness: Likeness | None = None
) -> list[Assigned]:
    """What is given to a person, or to all, by name, the oldest first."""
    rows = session.execute(
        sa.select(Assignment, col(Person.name))
        .join(Person, col(Person.id) == col(Assignment.person_id))
        .where(sa.true() if person_name is None else col(Person.name) == person_name)
        .order_by(sa.func.lower(Person.name), col(Assignment.id))
        .limit(MOST)
    ).all()
    return [
        Assigned(assignment, name, *_progress(session, assignment, likeness))
        for assignment, name in rows
    ]


def _progress(
    session: Session, assignment: Assignment, likeness: Likeness | None
) -> tuple[int, int]:
    """How many of its clips are decided on, and how many it has."""
    selection = Selection.parse(assignment.arguments)

    def number(*states: Shown) -> int:
        return review_queue.count(session, replace(selection, state=states), likeness=likeness)

    total = number(*EVERY_STATE)
    return total - number(Shown.PENDING), total


def of_person(session: Session, name: str) -> Sequence[Assignment]:
    """The oldest first."""
    return session.exec(
        select(Assignment)
        .join(Person)
        .where(Person.name == name)
        .order_by(col(Assignment.id))
        .limit(MOST)
    ).all()


def left(assignment: Assignment) -> dict[str, str]:
    """The arguments of an address that shows what is left to decide of it."""
    return {**assignment.arguments, "state": Shown.PENDING}


def names(session: Session) -> Sequence[str]:
    """Of the people who can be given work."""
    return [person.name for person in people.listed(session)]
