"""Collections: what is in them, in which order, and what becomes of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import collections, replaced
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.collections import moved
from heaters_pipeline.domain.decisions import Action, Merge, Side, Split
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from tests.decisions import decide, undo
from tests.rows import ready_video


def order(engine: Engine, collection_id: int) -> list[int]:
    with transaction(engine) as session:
        found = collections.members(session, collection_id)
        return [each.clip_id for each in found if each.taken_out_at is None]


def test_moved_clips_keep_their_own_order() -> None:
    assert moved([1, 2, 3, 4], [4, 1], 3) == [2, 4, 1, 3]
    assert moved([1, 2, 3, 4], [2], None) == [1, 3, 4, 2]
    assert moved([1, 2, 3, 4], [2, 3], 3) == [1, 2, 3, 4]
    assert moved([1, 2], [9], 1) == [9, 1, 2]


def test_a_collection_has_each_clip_once_in_an_order_that_survives_taking_out(
    engine: Engine,
) -> None:
    _, (first, second, third) = ready_video(engine)
    ids = [first.id, second.id, third.id]
    with transaction(engine) as session:
        best = collections.create(session, "  Best  of ", "ann").id
        assert collections.put(session, best, [ids[2], ids[0], ids[2]], "ann") == [ids[2], ids[0]]
        assert collections.put(session, best, [ids[0], ids[1]], "bob") == [ids[1]]
    assert order(engine, best) == [ids[2], ids[0], ids[1]]
    with transaction(engine) as session:
        assert collections.move(session, best, [ids[1]], ids[2]) == [ids[1], ids[2], ids[0]]
        assert collections.take_out(session, best, [ids[2], ids[2] + 99]) == [ids[2]]
    assert order(engine, best) == [ids[1], ids[0]]
    with transaction(engine) as session:
        assert collections.put_back(session, best, [ids[2], ids[0]]) == [ids[2]]
        (listed,) = collections.listed(session, [ids[0], ids[2]])
        assert (listed.collection.name, listed.clip_count, listed.held) == ("Best of", 3, 2)
        assert (listed.seconds, listed.first_clip_id) == (4.0, ids[1])
        assert [each.name for each in collections.of_clips(session, ids)[ids[2]]] == ["Best of"]
    assert order(engine, best) == [ids[1], ids[2], ids[0]]
    with transaction(engine) as session, pytest.raises(NotFound, match="There is no clip"):
        collections.put(session, best, [ids[2] + 99], "ann")


def test_a_removed_collection_comes_back_unless_its_name_is_taken(engine: Engine) -> None:
    with transaction(engine) as session:
        best = collections.create(session, "Best", "ann").id
        with pytest.raises(Conflict, match="There is a collection Best already"):
            collections.create(session, "Best", "ann")
        collections.remove(session, best)
        with pytest.raises(NotFound, match="somebody may have removed it"):
            collections.put(session, best, [], "ann")
        assert collections.listed(session) == []
        other = collections.create(session, "Best", "bob").id
        with pytest.raises(Conflict):
            collections.restore(session, best)
        collections.rename(session, other, "Second best")
        collections.restore(session, best)
        names = [each.collection.name for each in collections.listed(session)]
        assert names == ["Best", "Second best"]
        for refused in ("", "12, 13", "x" * 61):
            with pytest.raises(InputError):
                collections.rename(session, other, refused)


def test_what_became_of_a_replaced_clip_is_followed_to_its_end(engine: Engine) -> None:
    _, (first, second, third) = ready_video(engine)
    merged = decide(engine, second.id, Merge(Side.PREVIOUS)).clips[-1]
    split = decide(engine, merged.id, Split((20,)))
    parts = sorted(
        (clip for clip in split.clips if clip.id != merged.id),
        key=lambda clip: clip.cut_points["start_frame"],
    )
    with transaction(engine) as session:
        found = replaced.replaced(session, [first.id, second.id, third.id])
        assert found.keys() == {first.id, second.id}
        assert found[first.id] == (Action.MERGE, "ann", [parts[0].id])
        assert found[second.id].successors == [clip.id for clip in parts]
        best = collections.create(session, "Best", "ann").id
        collections.put(session, best, [third.id, second.id, first.id], "ann")
        collections.replace(session, best, second.id, found[second.id].successors, "ann")
    assert order(engine, best) == [third.id, parts[0].id, parts[1].id, first.id]
    undo(engine)
    undo(engine)
    with transaction(engine) as session:
        again = replaced.replaced(session, [first.id, parts[1].id])
    assert again == {parts[1].id: (Action.UNDO, "ann", [second.id])}
