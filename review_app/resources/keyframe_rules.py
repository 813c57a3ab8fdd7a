"""The rules that say which frames become the keyframes of clips."""

from __future__ import annotations

from flask import Blueprint
from sqlmodel import Session
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import keyframe_rules
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.stills import ImageFormat, KeyframeRule, Strategy
from review_app.api.operation import Answer, described, refuse_if_changed
from review_app.api.scopes import RuleScope
from review_app.services import transaction

blueprint = Blueprint("api_keyframe_rules", __name__)


class NewKeyframeRule(RuleScope):
    strategy: Strategy
    percentages: list[int]
    """Of the clip's length."""
    image: ImageFormat


class KeyframeRuleJson(Answer):
    video: str | None
    label: str | None
    strategy: Strategy
    percentages: tuple[int, ...]
    image: ImageFormat


class KeyframeRulesJson(Answer):
    rules: list[KeyframeRuleJson]
    """The one for all clips first. A label's goes before a source video's, and that before the one
    for all."""


@blueprint.get("/api/v1/keyframe-rules")
@described()
def listed() -> KeyframeRulesJson:
    """All keyframe rules."""
    with transaction() as session:
        return _json(session)


@blueprint.put("/api/v1/keyframe-rules")
@described(PreconditionFailed)
def put(body: NewKeyframeRule) -> KeyframeRulesJson:
    """Sets the rule for all clips, those of a video, or those with a label. Keyframes that it
    changes are taken anew. If-Match names all rules as they were read."""
    rule = KeyframeRule(body.strategy, tuple(body.percentages), body.image)
    with transaction() as session:
        _refuse_if_changed(session)
        keyframe_rules.put(session, body.scope, rule)
        return _json(session)


@blueprint.post("/api/v1/keyframe-rules/remove")
@described(PreconditionFailed)
def remove(body: RuleScope) -> KeyframeRulesJson:
    """Drops a rule. The next one that fits counts. If-Match names all rules as they were read."""
    with transaction() as session:
        _refuse_if_changed(session)
        keyframe_rules.remove(session, body.scope)
        return _json(session)


def _refuse_if_changed(session: Session) -> None:
    """Nobody else changes a rule until the transaction ends."""
    keyframe_rules.lock(session)
    refuse_if_changed(KeyframeRulesJson, _json(session))


def _json(session: Session) -> KeyframeRulesJson:
    of_all = keyframe_rules.load(session).of_all
    others = [each for each in keyframe_rules.listed(session) if each[0] != Scope()]
    return KeyframeRulesJson(
        rules=[
            KeyframeRuleJson(
                video=scope.source_key,
                label=scope.label,
                strategy=rule.strategy,
                percentages=rule.percentages,
                image=rule.image,
            )
            for scope, rule in [(Scope(), of_all), *others]
        ]
    )
