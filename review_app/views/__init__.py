"""What addresses answer: one blueprint a page or resource, none knows another."""

from review_app.views import (
    clip_files,
    clips,
    decisions,
    health,
    labels,
    library,
    media,
    progress,
    queue,
    review,
    reviewer,
    saved_views,
    sheet,
    sources,
    statistics,
)

BLUEPRINTS = tuple(
    view.blueprint
    for view in (
        *(health, review, queue, progress, decisions, reviewer, sheet, media),
        *(library, clips, clip_files, labels, saved_views, sources, statistics),
    )
)
