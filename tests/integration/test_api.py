"""The API below /api/v1: what its document says, what all operations share, what they refuse."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings, strategies
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import collections, idempotency
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import ClipTheme, Theme
from heaters_pipeline.domain.roles import LEAST, Role
from heaters_pipeline.domain.selection import Order
from heaters_pipeline.work import register
from review_app import LARGEST_FORM, adding
from review_app.api import idempotency as api_idempotency
from review_app.api.document import PREFIX, operations
from tests.people import add_people, token
from tests.rows import new_video, ready_video

DOCS = Path(__file__).parents[2] / "docs"
IN_THE_LIBRARY = (
    "UPDATE clips SET state = 'embedded', is_virtual = false, clip_filepath = 'f',"
    " exported_frames = '{}' WHERE id = :clip"
)


class Program(FlaskClient):
    """A client with an admin's token."""

    bearer: dict[str, str]

    def open(self, *args: Any, headers: Any = None, **kwargs: Any) -> Any:
        return super().open(*args, headers={**self.bearer, **(headers or {})}, **kwargs)


@pytest.fixture
def program(app: Flask, engine: Engine) -> Program:
    """On a film with clips of frames 0 to 9, 10 to 49, 50 to 69 and 70 to 99."""
    ready_video(engine, frame_count=100, cuts=[10, 50, 70])
    add_people(engine, ann=Role.ADMIN)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Program
    client = app.test_client()
    assert isinstance(client, Program)
    client.bearer = token(engine, "ann")
    return client


def clip_ids(program: Program) -> list[int]:
    return [clip["id"] for clip in program.get(f"{PREFIX}clips?state=pending").json["clips"]]


def test_the_document_has_every_route_with_its_types_and_its_role(
    app: Flask, program: Program
) -> None:
    document = program.get(f"{PREFIX}openapi.json").json
    assert document["openapi"] == "3.1.0"
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIX)}
    described = {
        told["operationId"]: told
        for methods in document["paths"].values()
        for told in methods.values()
    }
    assert {route.replace(".", "_") for route in routes} - {"api_document"} == described.keys()
    for rule, method, view in operations(app):
        told = described[rule.endpoint.replace(".", "_")]
        assert told["summary"] and told["x-role"] == LEAST[rule.endpoint], rule.endpoint
        assert {"200", "400", "401", "403"} <= told["responses"].keys(), rule.endpoint
        assert ("requestBody" in told) == bool(view.body or view.takes), rule.endpoint
        asked = {each["name"] for each in told["parameters"] if each["in"] == "path"}
        assert asked == rule.arguments
        assert method != "get" or view.body is None
    assert "__" not in "".join(document["components"]["schemas"]), "two types have one name"


def fuzz(app: Flask, program: Program, examples: int) -> None:
    """Requests of every kind that the document allows: no 5xx, and no answer that it lacks."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    kinds = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    known = {
        "clip_id": clip_ids(program)[0],
        "key": program.get(f"{PREFIX}sources").json["sources"][0]["key"],
        "name": "delivery",
        "label_id": program.post(f"{PREFIX}labels", json={"name": "night"}).json["id"],
        "collection_id": program.post(f"{PREFIX}collections", json={"name": "Best"}).json["id"],
    }
    schema = schemathesis.openapi.from_wsgi(f"{PREFIX}openapi.json", app, headers=program.bearer)
    found: dict[str, set[int]] = defaultdict(set)
    listed = [each.ok() for each in schema.get_all_operations()]
    for operation in sorted(listed, key=lambda each: "/people" in each.path):

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_known=strategies.booleans())
        def check(case: Any, is_known: bool) -> None:
            if is_known:
                case.path_parameters.update(
                    {name: known[name] for name in case.path_parameters if name in known}
                )
            response = case.call_and_validate(headers=program.bearer, checks=kinds)
            found[case.operation.label].add(response.status_code)

        check()
    assert 401 not in set().union(*found.values())
    reached = [label for label, statuses in found.items() if 200 in statuses]
    assert len(reached) > len(found) / 3, found


def test_the_app_answers_as_its_document_says(app: Flask, program: Program) -> None:
    fuzz(app, program, 3)


@pytest.mark.whole
def test_the_app_answers_as_its_document_says_at_length(app: Flask, program: Program) -> None:
    fuzz(app, program, 50)


def test_a_request_that_comes_again_counts_once(program: Program, engine: Engine) -> None:
    first, second, *_ = clip_ids(program)
    address = f"{PREFIX}clips/{first}/decisions"
    body = {"action": "approve", "version": 1}
    key = {"Idempotency-Key": "a-decision"}
    refused = program.post(address, json={**body, "version": 7}, headers=key)
    assert refused.status_code == 409, "a refused request may be sent again"

    with ThreadPoolExecutor(4) as together:
        sent = [together.submit(program.post, address, json=body, headers=key) for _ in range(4)]
        answers = [each.result() for each in sent]
    done = [each for each in answers if each.status_code == 200]
    assert done and all(each.status_code in (200, 503) for each in answers)
    again = program.post(address, json=body, headers=key)
    assert again.json == done[0].json and again.headers["Idempotent-Replayed"] == "true"
    other = program.post(f"{PREFIX}clips/{second}/decisions", json=body, headers=key)
    assert (other.status_code, other.json["detail"]) == (
        409,
        "Another request came with this Idempotency-Key: give each its own.",
    )
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE idempotent_requests SET answer = NULL"))
    lost = program.post(address, json=body, headers=key)
    assert (lost.status_code, lost.json) == (200, done[0].json), (
        "the server died before it answered"
    )
    with engine.begin() as connection:
        approvals = "SELECT count(*) FROM review_events WHERE action = 'approve'"
        assert connection.scalar(sa.text(approvals)) == 1


def test_a_request_whose_answer_is_lost_is_not_done_again(program: Program, engine: Engine) -> None:
    address, body = f"{PREFIX}labels", {"name": "night"}
    key = {"Idempotency-Key": "a-label"}
    assert program.post(address, json=body, headers=key).status_code == 200
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE idempotent_requests SET answer = NULL"))
    busy = program.post(address, json=body, headers=key)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE idempotent_requests SET at = now() - interval '2 min'"))
    unknown = program.post(address, json=body, headers=key)
    assert unknown.status_code == 409 and "its answer is not known" in unknown.json["detail"]

    with transaction(engine) as session:
        assert idempotency.forget(session) == 0
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE idempotent_requests SET at = now() - interval '25 h'"))
    with transaction(engine) as session:
        assert idempotency.forget(session) == 1


def test_no_secret_is_kept_for_a_request_that_comes_again(program: Program, engine: Engine) -> None:
    key = {"Idempotency-Key": "an-invitation"}
    made = program.post(f"{PREFIX}invites", json={"role": "reviewer"}, headers=key)
    assert made.status_code == 200
    again = program.post(f"{PREFIX}invites", json={"role": "reviewer"}, headers=key)
    assert again.status_code == 409 and "its answer is not known" in again.json["detail"]
    assert len(program.get(f"{PREFIX}invites").json["invites"]) == 1

    person = json.dumps({"name": "ben", "password": "correct horse battery", "role": "reviewer"})
    key = {"Idempotency-Key": "a-person", "Content-Type": "application/json"}
    assert program.post(f"{PREFIX}people", data=person, headers=key).status_code == 200
    with engine.begin() as connection:
        kept = connection.execute(sa.text("SELECT digest, answer FROM idempotent_requests")).all()
    guessed = sha256(b"\0".join((b"POST", f"{PREFIX}people?".encode(), person.encode())))
    assert guessed.hexdigest() not in [digest for digest, _ in kept], "a password can be guessed"
    secret = made.json["address"].rpartition("/")[2].encode()
    assert all(secret not in answer for _, answer in kept)


def test_what_is_known_is_not_sent_again_and_what_changed_not_overwritten(
    program: Program,
) -> None:
    made = program.post(f"{PREFIX}labels", json={"name": "night"}).json
    address = f"{PREFIX}labels/{made['id']}"
    read = program.get(address)
    tag = read.headers["ETag"]
    assert program.get(address, headers={"If-None-Match": tag}).status_code == 304
    changed = {"name": "nights", "colour": "red"}
    assert program.put(address, json=changed, headers={"If-Match": tag}).status_code == 200
    late = program.put(address, json={"name": "dusk", "colour": "blue"}, headers={"If-Match": tag})
    assert (late.status_code, late.mimetype) == (412, "application/problem+json")
    assert program.get(address, headers={"If-None-Match": tag}).json["name"] == "nights"
    profile = program.get(f"{PREFIX}profiles/delivery").headers["ETag"]
    for status in (200, 412):
        answer = program.put(
            f"{PREFIX}profiles/delivery",
            json={"fields": {"quality": "21"}},
            headers={"If-Match": profile},
        )
        assert answer.status_code == status


def test_views_themes_and_keyframe_rules_are_not_overwritten_either(
    program: Program, engine: Engine
) -> None:
    with transaction(engine) as session:
        theme = Theme(name="dusk", centre=[1.0, 0.0], examples=[])
        session.add(theme)
        session.flush()
        theme_id = theme.id
        session.add(ClipTheme(clip_id=clip_ids(program)[0], theme_id=theme_id, distance=0.1))
        session.execute(sa.text(IN_THE_LIBRARY), {"clip": clip_ids(program)[0]})
    view = program.post(f"{PREFIX}views", json={"name": "mine", "arguments": {}}).json["id"]
    rule = {"video": None, "label": None, "strategy": "midpoint", "percentages": [50]}

    def changed(read: str, method: str, address: str, *bodies: object) -> list[int]:
        """The answers to changes of what was read once, before the first."""
        tag = program.get(f"{PREFIX}{read}").headers["ETag"]
        return [
            program.open(
                f"{PREFIX}{address}", method=method, json=body, headers={"If-Match": tag}
            ).status_code
            for body in bodies
        ]

    one, other = {"name": "one"}, {"name": "other"}
    assert changed(f"views/{view}", "POST", f"views/{view}", one, other) == [200, 412]
    theme_name = f"themes/{theme_id}/name"
    assert changed(f"themes/{theme_id}", "PUT", theme_name, one, other) == [200, 412]
    webp, jpeg = {**rule, "image": "webp"}, {**rule, "image": "jpeg"}
    assert changed("keyframe-rules", "PUT", "keyframe-rules", webp, jpeg) == [200, 412]
    gone = {"video": None, "label": None}
    assert changed("keyframe-rules", "POST", "keyframe-rules/remove", gone, gone) == [200, 412]


def test_a_program_without_a_token_is_told_what_to_send(app: Flask) -> None:
    app.test_client_class = FlaskClient
    refused = app.test_client().post(f"{PREFIX}labels", json={"name": "night"})
    assert refused.status_code == 400
    assert "sends Authorization: Bearer" in refused.json["detail"]
    browser = app.test_client().post(
        f"{PREFIX}labels", json={"name": "night"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert "from an earlier session" in browser.json["detail"]


def test_a_large_picture_may_come_with_a_key(program: Program) -> None:
    """Noise, which no compression makes smaller than a form may be."""
    import cv2

    noise = np.random.default_rng(1).integers(0, 256, (2000, 2000, 3), np.uint8)
    picture = cv2.imencode(".png", noise)[1].tobytes()
    assert len(picture) > LARGEST_FORM
    headers = {"Idempotency-Key": "a-picture", "Content-Type": "image/png"}
    answers = [
        program.post(f"{PREFIX}search/pictures", data=picture, headers=headers).status_code
        for _ in range(2)
    ]
    assert 413 not in answers and len(set(answers)) == 1, answers


def test_the_rest_of_many_sources_is_added_when_the_request_comes_again(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """What a killed process does: nothing after it."""

    monkeypatch.setattr(adding, "AT_ONCE", 2)
    references = [f"https://example.org/{number}.mp4" for number in range(5)]
    sent: dict[str, Any] = {
        "json": {"references": references},
        "headers": {"Idempotency-Key": "many"},
    }
    with monkeypatch.context() as dying:
        dying.setattr(adding, "add_source", _dies_at(register.add_source, 4, Died))
        dying.setattr(api_idempotency.Claim, "end", lambda *_: None)
        with pytest.raises(Died):
            program.post(f"{PREFIX}sources", **sent)
    assert len(program.get(f"{PREFIX}sources?find=example.org").json["sources"]) == 2
    again = program.post(f"{PREFIX}sources", **sent)
    assert again.status_code == 200 and len(again.json["added"]) == 5
    assert len(program.get(f"{PREFIX}sources?find=example.org").json["sources"]) == 5
    assert program.post(f"{PREFIX}sources", **sent).json == again.json


def _dies_at(work: Any, call: int, death: type[BaseException]) -> Any:
    calls = itertools.count(1)

    def dying(*given: Any, **named: Any) -> Any:
        if next(calls) == call:
            raise death
        return work(*given, **named)

    return dying


def followed(program: Program, address: str, name: str) -> Iterator[Any]:
    following: str | None = address
    while following:
        part = program.get(following)
        assert part.status_code == 200, part.text
        yield from part.json[name]
        following = part.json["next"]


def test_lists_come_in_parts_that_nothing_shifts(program: Program, engine: Engine) -> None:
    ready_video(engine, "film-2", frame_count=100, cuts=[30, 60])
    ids = clip_ids(program)
    assert len(ids) == 7
    for first in ids[:3]:
        body = {"action": "approve", "version": 1}
        assert program.post(f"{PREFIX}clips/{first}/decisions", json=body).status_code == 200
    with transaction(engine) as session:
        collection = collections.create(session, "Best", "ann")
        collections.put(session, collection.id, ids[::-1], "ann")
    orders = [(order, "video=film-1") for order in Order]
    orders += [(Order.GIVEN, f"collection={collection.id}")]
    orders += [(Order.GIVEN, f"ids={ids[2]},{ids[0]},{ids[1]}")]
    for order, filtered in orders:
        query = f"{PREFIX}clips?order={order}&state=pending,approved&{filtered}"
        whole = [clip["id"] for clip in program.get(query).json["clips"]]
        parts = followed(program, f"{query}&limit=2", "clips")
        assert [clip["id"] for clip in parts] == whole, query
        assert len(whole) > 2

    for number in range(3, 8):
        new_video(engine, f"film-{number}")
    sources = followed(program, f"{PREFIX}sources?limit=2", "sources")
    keys = [next(sources)["key"]]
    new_video(engine, "film-8")
    keys += [each["key"] for each in sources]
    assert keys == [f"film-{number}" for number in range(7, 0, -1)]
    for address, name in (("groups", "groups"), ("audit-log", "entries")):
        whole = program.get(PREFIX + address).json[name]
        assert list(followed(program, f"{PREFIX}{address}?limit=1", name)) == whole
    lost = program.get(f"{PREFIX}clips?place=bm90IGpzb24")
    assert (lost.status_code, lost.json["detail"]) == (
        400,
        "The place in the list is none of this list: begin again without it.",
    )


def test_groups_come_in_parts_too(program: Program) -> None:
    first, second, third, fourth = clip_ids(program)
    for clip in (second, fourth):
        body = {"action": "group", "version": 1}
        answer = program.post(f"{PREFIX}clips/{clip}/decisions", json=body)
        assert answer.status_code == 200, answer.text
    parts = [*followed(program, f"{PREFIX}groups?limit=1", "groups")]
    assert [each["first_clip_id"] for each in parts] == [third, first]
    assert [each["has_failed"] for each in parts] == [False, False]
    going_on = followed(program, f"{PREFIX}groups?limit=1", "groups")
    assert next(going_on)["first_clip_id"] == third
    version = program.get(f"{PREFIX}clips/{third}").json["clip"]["version"]
    apart = program.post(f"{PREFIX}groups/{third}/apart", json={"version": version})
    assert apart.status_code == 200
    assert [each["first_clip_id"] for each in going_on] == [first]


def test_a_group_is_named_and_taken_apart(program: Program) -> None:
    first, second, third, other = clip_ids(program)
    for clip_id in (second, third):
        body = {"action": "group", "version": 1}
        program.post(f"{PREFIX}clips/{clip_id}/decisions", json=body)
    address = f"{PREFIX}groups/{third}"
    named = program.put(f"{address}/name", json={"name": " The  opening "})
    assert (named.status_code, named.json["name"]) == (200, "The opening")
    assert (named.json["first_clip_id"], named.json["clips"]) == (first, [first, second, third])
    assert program.put(f"{address}/name", json={"name": "a" * 81}).status_code == 400
    assert program.get(address).json == named.json
    assert program.put(f"{address}/name", json={"name": ""}).json["name"] is None
    assert program.put(f"{PREFIX}groups/{other}/name", json={"name": "x"}).status_code == 404

    assert program.post(f"{address}/apart", json={}).status_code == 400
    assert program.post(f"{address}/apart", json={"version": 1}).status_code == 409
    version = program.get(f"{PREFIX}clips/{third}").json["clip"]["version"]
    apart = program.post(f"{address}/apart", json={"version": version})
    assert apart.status_code == 200 and program.get(address).status_code == 404
    undone = program.post(f"{PREFIX}undo", json={"event_id": apart.json["event_id"]})
    assert undone.status_code == 200
    assert program.get(address).json["clips"] == [first, second, third]


def test_reading_changes_nothing(app: Flask, program: Program, engine: Engine) -> None:
    def state() -> list[Any]:
        with engine.begin() as connection:
            tables = connection.scalars(
                sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all()
            return [
                (
                    each,
                    connection.scalar(
                        sa.text(
                            f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {each} t"
                        )
                    ),
                )
                for each in sorted(tables)
                if each != "tokens"  # says when it was last used
            ]

    before = state()
    adapter = app.url_map.bind("localhost")
    for rule, method, _ in operations(app):
        if method == "get":
            values = dict.fromkeys(rule.arguments, 1)
            program.get(adapter.build(rule.endpoint, values, "GET"))
    assert state() == before


def test_what_is_too_large_or_no_json_is_refused(program: Program) -> None:
    address = f"{PREFIX}views"
    large = b'{"name": "' + b"a" * 10_000_000 + b'"}'
    deep = b"[" * 1_000_000
    for content, status in ((large, 413), (deep, 400), (b"{", 400), (b"", 400), (b"null", 400)):
        refused = program.post(address, data=content, content_type="application/json")
        assert (refused.status_code, refused.mimetype) == (status, "application/problem+json")
        assert refused.json["status"] == status and refused.json["detail"].endswith(".")
    plain = program.post(address, data=b'{"name": "a"}', content_type="text/plain")
    assert plain.status_code == 400
    address_of_one = f"{PREFIX}clips/{clip_ids(program)[0]}/decisions"
    for body, said in (
        (
            {"action": "bless"},
            "action is 'bless'; it must be one of 'approve', 'skip', 'archive', ",
        ),
        ({}, "The request needs action."),
        ({"action": "skip"}, "The request needs version."),
        ({"action": "skip", "version": "1"}, "version is '1'; it must be a valid integer."),
        ({"action": "merge", "version": 1, "side": "up"}, "side is 'up'; it must be 'previous' or"),
    ):
        refused = program.post(address_of_one, json=body)
        assert refused.status_code == 400 and refused.json["detail"].startswith(said), body
    misspelled = program.post(address, json={"nmae": "a", "name": "b", "arguments": {}})
    assert "nmae" in misspelled.json["detail"]


@pytest.mark.parametrize(
    "content", [b"<html><script>x()</script></html>", b'<svg onload="x()" xmlns="x"/>']
)
def test_an_uploaded_page_is_never_a_page(program: Program, content: bytes) -> None:
    """Nothing that somebody sends comes back as a document that a browser runs."""
    for kind in ("image/svg+xml", "text/html", "image/jpeg", "application/octet-stream"):
        sent = program.post(f"{PREFIX}search/pictures", data=content, content_type=kind)
        assert sent.status_code == 400, sent.text
    named = program.post(f"{PREFIX}collections", json={"name": content.decode()[:40]})
    shown = program.get(f"{PREFIX}collections")
    for answer in (named, shown, program.get(f"{PREFIX}clips/999999")):
        assert answer.mimetype in ("application/json", "application/problem+json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = program.get("/collections").text
    assert content.decode()[:40] not in page


def test_the_document_is_a_page_without_scripts_of_others(program: Program) -> None:
    page = program.get("/api")
    assert page.status_code == 200
    assert "decisions_decide" in page.text and "//" not in "".join(
        re.findall(r'(?:src|href)="([^"]+)"', page.text)
    )


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / "api.md").read_text(), re.S)


def test_the_examples_of_the_docs_run(
    program: Program, app: Flask, address: str, engine: Engine
) -> None:
    first, *_ = clip_ids(program)
    annotated = {"action": "annotate", "version": 1, "labels": ["night"]}
    assert program.post(f"{PREFIX}clips/{first}/decisions", json=annotated).status_code == 200
    secret = program.bearer["Authorization"].removeprefix("Bearer ")
    given = {**os.environ, "HEATERS_SERVER": address, "HEATERS_TOKEN": secret}
    for command, language in ((["bash", "-euc"], "bash"), ([sys.executable, "-c"], "python")):
        for example in examples(language):
            done = subprocess.run(
                [*command, example], env=given, capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
    assert "monday" in program.get(f"{PREFIX}sources").json["sources"][0]["address"]
    with engine.begin() as connection:
        events = connection.scalars(sa.text("SELECT action FROM review_events ORDER BY id")).all()
    assert events[-2:] == ["approve", "undo"]


def test_commands_work_on_a_heaters_elsewhere(
    program: Program, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_SERVER", address)
    monkeypatch.setenv("HEATERS_TOKEN", program.bearer["Authorization"].removeprefix("Bearer "))
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    monkeypatch.setattr("heaters_pipeline.client.PIECE", 700)
    film = tmp_path / "Some film.mp4"
    film.write_bytes(b"no film" * 300)
    run = CliRunner().invoke
    sent = run(main, ["add", "--title", "Sent", str(film)])
    assert (sent.exit_code, sent.output) == (0, f"{film}  sent\n"), sent.output
    added = run(main, ["add", "https://films.example.org/a.mp4"])
    assert added.output.endswith("  added\n")
    titles = [each["title"] for each in program.get(f"{PREFIX}sources").json["sources"]]
    assert titles == ["a", "Sent", "Film-1"]
    assert run(main, ["retry", "--failed"]).output == "Tried again: nothing.\n"
    found = run(main, ["search", "Sent"])
    assert found.exit_code == 0 and "No clip was found." in found.output
    lost = run(main, ["search", "--clip", "999"])
    assert (lost.exit_code, lost.output) == (1, "heaters: There is no clip 999.\n")
    wrong = run(main, ["search", "x", "--token", "heaters_wrong"])
    assert "You are not signed in" in wrong.output
    away = run(main, ["search", "x", "--server", "http://127.0.0.1:1"])
    assert away.exit_code == 1 and "does not answer: check the address" in away.output
