"""The list of labels that reviewers are offered. Clips hold labels by name.

A name that a label had before still leads to it: in filters that somebody has kept, on pages that
are open, and in decisions that are undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session, col, select

from heaters_pipeline.db import clips, profiles
from heaters_pipeline.db.models import Clip, Label
from heaters_pipeline.domain.annotations import label as tidied
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.labels import Colour, free_colour


def listed(session: Session) -> Sequence[Label]:
    """All labels of the list in its order, the retired ones, too."""
    return session.exec(select(Label).order_by(col(Label.place), col(Label.id))).all()


def colours(session: Session) -> dict[str, Colour]:
    """By name. Labels that are not on the list have none."""
    return {each.name: Colour(each.colour) for each in listed(session)}


def add(session: Session, name: str, colour: Colour | None = None, key: int | None = None) -> Label:
    """A new label at the end of the list; a retired one of that name is offered again. Without a
    colour it gets one that few others have. Raises Conflict where the list has it."""
    name = tidied(name)
    found = listed(session)
    known = next((each for each in found if each.name == name), None)
    if known is not None and not known.retired:
        raise Conflict(f"The label {name} is on the list already.")
    last = 1 + max((each.place for each in found), default=0)
    free = free_colour(each.colour for each in found)
    made = known or Label(name=name, colour=free, place=last)
    made.retired, made.colour, made.place = False, colour or made.colour, last
    _give_up_name(session, name)
    _give_key(session, made, key)
    session.add(made)
    session.flush()
    return made


def change(session: Session, label_id: int, name: str, colour: Colour, key: int | None) -> Label:
    """Gives a label another name, on all clips that have it, another colour and another key, which
    is taken from the label that had it. Raises Conflict where another label has that name."""
    label, name = locked(session, label_id), tidied(name)
    if name != label.name:
        if session.exec(select(Label.id).where(Label.name == name)).first() is not None:
            raise Conflict(f"There is a label {name} already: choose another name.")
        _give_up_name(session, name)
        _rename_on_clips(session, label.name, name)
        profiles.rename_label(session, label.name, name)
        label.former_names = [*label.former_names, label.name]
        label.name = name
    label.colour = colour
    _give_key(session, label, key)
    session.flush()
    return label


def move(session: Session, label_id: int, by: int) -> None:
    """Moves a label that is offered up (-1) or down (1) among those."""
    locked(session, label_id)
    offered = [each for each in listed(session) if not each.retired]
    at = next((i for i, each in enumerate(offered) if each.id == label_id), None)
    if at is None or not 0 <= at + by < len(offered):
        return
    offered.insert(at + by, offered.pop(at))
    for place, each in enumerate(offered, start=1):
        each.place = place


def retire(session: Session, label_id: int) -> Label:
    """Offers a label no more; the clips that have it keep it."""
    label = locked(session, label_id)
    label.retired, label.key = True, None
    return label


def current(session: Session, names: Iterable[str]) -> list[str]:
    """The names as they are now, each once."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return []
    columns = [current_name(name).label(f"n{at}") for at, name in enumerate(wanted)]
    return list(dict.fromkeys(session.execute(sa.select(*columns)).one()))


def current_name(name: str) -> Any:
    """SQL for the name that the label has now which had this one before; else this one."""
    renamed = (
        sa.select(col(Label.name))
        .where(col(Label.former_names).contains([name]))
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(renamed, sa.literal(name, sa.Text))


def has_all(names: Sequence[str]) -> Any:
    """SQL that is true of clips with all of these labels."""
    wanted = array([current_name(each) for each in names], type_=sa.Text)
    # The second for the index, which leaves clips without labels out.
    return sa.and_(col(Clip.labels).contains(wanted), col(Clip.labels) != sa.literal_column("'{}'"))


def get(session: Session, label_id: int) -> Label:
    found = session.get(Label, label_id)
    if found is None:
        raise NotFound(f"There is no label {label_id}.")
    return found


def locked(session: Session, label_id: int) -> Label:
    """Kept from others until the transaction ends."""
    session.get(Label, label_id, with_for_update=True)
    return get(session, label_id)


def _give_key(session: Session, label: Label, key: int | None) -> None:
    if key is not None:
        session.execute(sa.update(Label).where(col(Label.key) == key).values(key=None))
    label.key = key


def _give_up_name(session: Session, name: str) -> None:
    """The name is a label's own from now on, and leads to no other."""
    session.execute(
        sa.update(Label)
        .where(col(Label.former_names).contains([name]))
        .values(former_names=sa.func.array_remove(Label.former_names, name))
    )


def _rename_on_clips(session: Session, old: str, new: str) -> None:
    """A clip that has both keeps one. Versions stay: nobody's decision is refused for it."""
    has_old = sa.and_(
        col(Clip.labels).contains([old]), col(Clip.labels) != sa.literal_column("'{}'")
    )
    ids = list(clips.locked(session, session.scalars(sa.select(col(Clip.id)).where(has_old))))
    session.execute(
        sa.update(Clip)
        .where(col(Clip.id).in_(ids))
        .values(
            labels=sa.case(
                (col(Clip.labels).contains([new]), sa.func.array_remove(Clip.labels, old)),
                else_=sa.func.array_replace(Clip.labels, old, new),
            )
        )
        .execution_options(synchronize_session=False)
    )
