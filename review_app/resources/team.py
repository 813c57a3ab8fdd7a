"""On which clips two people decide, and what is assigned to whom."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session

from heaters_pipeline.db import assignments, opinions
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.selection import Selection
from review_app.api.operation import Answer, Body, Nothing, described
from review_app.api.scopes import RuleScope
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("api_team", __name__)


class NewOpinionRule(RuleScope):
    share: int = Field(ge=0, le=100)
    """Of how many clips in a hundred two people decide."""


class OpinionRuleJson(Answer):
    video: str | None
    label: str | None
    share: int


class OpinionRulesJson(Answer):
    rules: list[OpinionRuleJson]
    """The one for all clips first. A label's goes before a source video's, and that before the one
    for all."""
    once: int
    """Clips on which one of two people has decided."""
    differ: int
    """Clips on which two have decided differently."""


class NewAssignment(Body):
    person: str
    name: str = Field(min_length=1, max_length=200)
    """What the clips are, in words."""
    arguments: dict[str, str]
    """Of the address of a selection, by name."""


class AssignmentJson(Answer):
    id: int
    person: str
    name: str
    arguments: dict[str, str]
    decided: int
    total: int


class AssignmentsJson(Answer):
    assignments: list[AssignmentJson]


@blueprint.get("/api/v1/opinion-rules")
@described()
def rules() -> OpinionRulesJson:
    """The rules by which two people decide on a clip."""
    with transaction() as session:
        return _rules(session)


@blueprint.put("/api/v1/opinion-rules")
@described()
def ask_two(body: NewOpinionRule) -> OpinionRulesJson:
    """Sets the rule for all clips, those of a video, or those with a label. It counts for clips
    that nobody has decided on."""
    with transaction() as session:
        opinions.put(session, body.scope, body.share)
        return _rules(session)


@blueprint.post("/api/v1/opinion-rules/remove")
@described()
def ask_one(body: RuleScope) -> OpinionRulesJson:
    """Drops a rule. Clips with one opinion still get their second."""
    with transaction() as session:
        opinions.drop(session, body.scope)
        return _rules(session)


@blueprint.get("/api/v1/assignments")
@described()
def assigned() -> AssignmentsJson:
    """What is assigned to whom, and how far they are."""
    with transaction() as session:
        found = assignments.listed(session, likeness=services().likeness())
    return AssignmentsJson(
        assignments=[
            AssignmentJson(
                id=each.assignment.id,
                person=each.person,
                name=each.assignment.name,
                arguments=each.assignment.arguments,
                decided=each.decided,
                total=each.total,
            )
            for each in found
        ]
    )


@blueprint.post("/api/v1/assignments")
@described(Conflict)
def assign(body: NewAssignment) -> Nothing:
    """Gives somebody the clips of a selection to decide on."""
    selection = Selection.parse(body.arguments)
    with transaction() as session:
        assignments.assign(session, body.person, body.name, selection, reviewer_name())
    return {}


@blueprint.post("/api/v1/assignments/<int:assignment_id>/take-back")
@described()
def take_back(assignment_id: int) -> Nothing:
    """Takes work back. What is decided stays."""
    with transaction() as session:
        assignments.take_back(session, assignment_id)
    return {}


def _rules(session: Session) -> OpinionRulesJson:
    still_open = opinions.still_open(session)
    return OpinionRulesJson(
        rules=[
            OpinionRuleJson(video=scope.source_key, label=scope.label, share=share)
            for scope, share in opinions.listed(session)
        ],
        once=still_open.once,
        differ=still_open.differ,
    )
