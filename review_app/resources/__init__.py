"""What the API has besides the requests of the pages: whatever a page shows or does with a form, a
program reads and does here. None knows another."""

from review_app.resources import (
    clips,
    collections,
    groups,
    handover,
    keyframe_rules,
    labels,
    me,
    people,
    profiles,
    sources,
    statistics,
    team,
    themes,
)

BLUEPRINTS = tuple(
    resource.blueprint
    for resource in (
        *(clips, collections, groups, handover, keyframe_rules, labels, me, people),
        *(profiles, sources, statistics, team, themes),
    )
)
