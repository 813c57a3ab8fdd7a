"""Rules for roles, names, passwords and sign-ins."""

from __future__ import annotations

import pytest
from flask import Flask

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.people import (
    FOR_ADDRESS,
    FOR_NAME,
    Allowance,
    check_password,
    counters,
    person_name,
)
from heaters_pipeline.domain.roles import LEAST, Role, lesser
from heaters_pipeline.settings import Settings
from review_app import resources
from review_app.uploads import tus
from review_app.views import BLUEPRINTS


def test_each_role_may_do_what_those_before_it_may() -> None:
    reached = [[role.reaches(least) for least in Role] for role in Role]
    assert reached == [[True, False, False], [True, True, False], [True, True, True]]
    assert lesser(Role.ADMIN, Role.REVIEWER) == lesser(Role.REVIEWER, Role.OPERATOR) == "reviewer"


def test_pauses_grow_up_to_a_longest_one() -> None:
    some = Allowance(free=2, longest=6)
    assert [some.pause(failures) for failures in range(8)] == [0, 0, 0, 1, 2, 4, 6, 6]
    assert FOR_NAME.pause(10**6) == FOR_NAME.longest < FOR_ADDRESS.pause(10**6)


def test_a_machine_has_one_counter_whatever_it_sends() -> None:
    ann = counters(" Ann\0", "10.0.0.7")
    assert ann == counters("ann", "::ffff:10.0.0.7") == ("name ann", "address 10.0.0.7")
    assert counters("x" * 1000, "not an address") == (f"name {'x' * 40}", "address unknown")
    assert counters("a", "fd00::1").address == counters("b", "fd00::2:0:0:9").address
    assert counters("a", "fd00::1").address != counters("a", "fd00:0:0:1::1").address


def test_names_and_passwords() -> None:
    assert person_name("  Ann  Lee ") == "Ann Lee"
    for name in ("", " ", "x" * 41, "a\0b", "a\u202eb"):
        with pytest.raises(InputError, match="1 to 40 characters"):
            person_name(name)
    check_password("p" * 12)
    for password in ("p" * 11, "p" * 1001):
        with pytest.raises(InputError, match="12 to 1000 characters"):
            check_password(password)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        *(("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True)),
        *(("0.0.0.0", False), ("::", False), ("10.0.0.7", False), ("films.example.org", False)),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, is_loopback: bool) -> None:
    assert Settings(host=host).on_loopback is is_loopback


def test_every_route_stands_in_the_table_of_roles() -> None:
    app = Flask("review_app")
    for blueprint in (*BLUEPRINTS, *resources.BLUEPRINTS, tus.blueprint):
        app.register_blueprint(blueprint)
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == LEAST.keys()
