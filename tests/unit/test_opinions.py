"""Two people decide on a clip: what follows from what they say, and how well they agree."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.decisions import touched
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.kappa import agreed
from heaters_pipeline.domain.opinions import Opinion, Rules, Weighed, share, told, weigh


def opinions(*given: str) -> list[Opinion]:
    """`ann approve`"""
    return [Opinion(actor=each.split()[0], action=each.split()[1]) for each in given]


def weighed(*given: str, people: int = 5, waits: bool = True, is_admin: bool = False) -> Weighed:
    *earlier, latest = opinions(*given)
    return weigh(
        earlier,
        latest["actor"],
        latest["action"],
        clip_id=7,
        waits=waits,
        is_admin=is_admin,
        people=people,
    )


def test_a_clip_is_settled_once_two_agree_or_by_a_third() -> None:
    said = ("ann approve", "ben approve")
    assert not weighed(said[0]).holds
    assert weighed(*said) == (opinions(*said), True)
    assert not weighed("ann approve", "ben skip").holds
    for third in ("cyd approve", "cyd archive"):
        assert weighed("ann approve", "ben skip", third).holds


def test_nobody_decides_twice() -> None:
    with pytest.raises(Conflict, match="You have decided on clip 7"):
        weighed("ann approve", "ann approve")
    for who in ("ann approve", "ben skip"):
        with pytest.raises(Conflict, match="one of the two who differ on clip 7"):
            weighed("ann approve", "ben skip", who)


def test_an_admin_settles_it_where_there_is_no_third_and_else_does_not() -> None:
    said = ("ann approve", "ben skip", "ann approve")
    assert weighed(*said, is_admin=True, people=2).holds
    with pytest.raises(Conflict, match="one of the two"):
        weighed(*said, is_admin=True, people=3)
    with pytest.raises(Conflict, match="one of the two"):
        weighed(*said, people=2)


def test_what_is_settled_only_an_admin_decides_anew() -> None:
    with pytest.raises(Conflict, match="settled by several people: ask an admin"):
        weighed("ann skip", "ben skip", "cyd approve", waits=False)
    assert weighed("ann skip", "ben skip", "cyd approve", waits=False, is_admin=True).holds


def test_one_opinion_is_told_to_nobody() -> None:
    assert told(opinions("ann skip")) == []
    assert told(opinions("ann skip", "ben skip")) == opinions("ann skip", "ben skip")


def test_a_labels_rule_goes_before_a_films_and_that_before_all() -> None:
    rules = Rules(of_all=100, of_videos={1: 0}, of_labels={"hard": 100, "easy": 0})
    assert rules.ask(7, 2, [])
    assert not rules.ask(7, 1, ["other"])
    assert rules.ask(7, 1, ["easy", "hard"])
    assert not rules.ask(7, 2, ["easy"])
    assert not Rules().ask(7, 1, [])


def test_a_share_is_drawn_evenly_and_the_same_each_time() -> None:
    rules = Rules(of_all=20)
    drawn = [clip_id for clip_id in range(10_000) if rules.ask(clip_id, 1, [])]
    assert drawn == [clip_id for clip_id in range(10_000) if rules.ask(clip_id, 1, [])]
    for part in range(0, 10_000, 1000):
        assert 150 < sum(part <= clip_id < part + 1000 for clip_id in drawn) < 250
    assert set(drawn) < {
        clip_id for clip_id in range(10_000) if Rules(of_all=50).ask(clip_id, 1, [])
    }


@pytest.mark.parametrize("text", ["", "-1", "101", "half", "1.5", "٣"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be a whole number, 0 to 100 per cent"):
        share(text)
    assert (share(" 20 % "), share("0"), share("100")) == (20, 0, 100)


def test_an_opinion_does_not_count_as_a_change_of_state() -> None:
    was = {"id": 1, "state": "pending_review", "version": 1, "start_frame": 0, "end_frame": 9}
    now = {**was, "version": 2, "opinions": opinions("ann skip")}
    assert touched([{**was, "opinions": []}], [now]) == {1: {"opinions"}}


YES, NO = "approve", "skip"


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        # Two readers judge fifty proposals, and two worked examples that agree equally often: in
        # the article on Cohen's kappa of the English Wikipedia.
        ((20, 5, 10, 15), 0.4),
        ((45, 15, 25, 15), 0.1304),
        ((25, 35, 5, 35), 0.2593),
        ((5, 0, 0, 5), 1),
        ((0, 5, 5, 0), -1),
        ((5, 5, 5, 5), 0),
    ],
)
def test_kappa_is_that_of_worked_examples(table: tuple[int, ...], kappa: float) -> None:
    pairs = dict(zip([(YES, YES), (YES, NO), (NO, YES), (NO, NO)], table, strict=True))
    found = agreed(pairs)
    assert found.kappa == pytest.approx(kappa, abs=5e-5)
    assert found.number == sum(table)
    assert found.share == pytest.approx((table[0] + table[3]) / sum(table))
    turned = agreed({(b, a): n for (a, b), n in pairs.items()})
    assert turned == found, "whoever comes first"


def test_kappa_of_three_kinds_is_that_of_the_definition() -> None:
    table = {
        ("a", "a"): 44,
        ("a", "b"): 5,
        ("a", "c"): 1,
        ("b", "a"): 7,
        ("b", "b"): 20,
        ("b", "c"): 3,
        ("c", "a"): 9,
        ("c", "b"): 5,
        ("c", "c"): 6,
    }
    seen = (44 + 20 + 6) / 100
    chance = 0.50 * 0.60 + 0.30 * 0.30 + 0.20 * 0.10
    assert agreed(table).kappa == pytest.approx((seen - chance) / (1 - chance))


def test_where_both_only_ever_decide_one_way_kappa_says_nothing() -> None:
    assert agreed({(YES, YES): 9}) == (9, 1.0, None)
    assert agreed({}) == (0, 0.0, None)
    assert agreed({(YES, NO): 9}).kappa == 0
