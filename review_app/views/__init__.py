"""What addresses answer: one blueprint a page or resource, none knows another."""

from review_app.views import (
    api,
    clip_files,
    clips,
    collections,
    comments,
    decisions,
    groups,
    handover,
    health,
    invites,
    keyframe_rules,
    labels,
    library,
    login,
    media,
    metrics,
    people,
    profiles,
    progress,
    queue,
    reel,
    review,
    reviewer,
    saved_views,
    search,
    sheet,
    sources,
    statistics,
    team,
    themes,
)

BLUEPRINTS = tuple(
    view.blueprint
    for view in (
        *(health, login, invites, people, review, queue, progress, decisions, reviewer),
        *(sheet, media),
        *(library, clips, clip_files, labels, profiles, saved_views, sources, statistics),
        *(api, collections, comments, groups, handover, keyframe_rules, metrics, reel, search),
        *(team, themes),
    )
)
