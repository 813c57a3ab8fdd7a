"""Groups of clips: the list, and the page of one, on which it is named and taken apart."""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import artifacts, clips, group_exports, groups, labels, reviews
from heaters_pipeline.db import source_videos as videos
from heaters_pipeline.domain.decisions import Ungroup
from heaters_pipeline.domain.errors import NotFound
from review_app.reviewer import reviewer_name
from review_app.services import transaction
from review_app.streams import send_export

blueprint = Blueprint("groups", __name__)

PAGE = 60


@blueprint.get("/groups")
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    with transaction() as session:
        found = groups.listed(session, PAGE + 1, (page - 1) * PAGE)
        return render_template(
            "groups.html",
            groups=found[:PAGE],
            keyframes=artifacts.keyframes_of(session, [each.first_clip_id for each in found]),
            page=page,
            has_more=len(found) > PAGE,
        )


@blueprint.get("/groups/<int:clip_id>")
def group(clip_id: int) -> ResponseReturnValue:
    """The group that the clip belongs to."""
    with transaction() as session:
        first = groups.first_of(session, clip_id)
        members = clips.group(session, first)
        return render_template(
            "group.html",
            first=first,
            clips=members,
            title=videos.with_ids(session, [first.source_video_id])[first.source_video_id].title,
            seconds=sum(
                clip.cut_points["end_time_seconds"] - clip.cut_points["start_time_seconds"]
                for clip in members
            ),
            files=group_exports.of_group(session, first.id),
            keyframes=artifacts.keyframes_of(session, [clip.id for clip in members]),
            colours=labels.colours(session),
        )


@blueprint.post("/groups/<int:clip_id>/name")
def rename(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        name = groups.name(session, clip_id, request.form.get("name", ""))
    flash(f"The group is called {name}." if name else "The group has no name.")
    return redirect(url_for("groups.group", clip_id=clip_id), 303)


@blueprint.post("/groups/<int:clip_id>/apart")
def take_apart(clip_id: int) -> ResponseReturnValue:
    """A decision like others: it can be undone."""
    with transaction() as session:
        outcome = reviews.decide(
            session,
            actor=reviewer_name(),
            clip_id=clip_id,
            version=request.form.get("version", 0, int),
            decision=Ungroup(),
        )
    count = len(outcome.clips)
    flash(f"The group is taken apart: its {count} clips stay, each by itself. Undo it here.")
    return redirect(url_for("clips.index", clip_id=outcome.clips[0].id), 303)


@blueprint.post("/groups/<int:clip_id>/again")
def again(clip_id: int) -> ResponseReturnValue:
    """Has files that failed made again."""
    with transaction() as session:
        group_exports.retry(session, groups.first_of(session, clip_id).id)
    flash("The files that failed are made again.")
    return redirect(url_for("groups.group", clip_id=clip_id), 303)


@blueprint.get("/groups/<int:clip_id>/<profile>")
def file(clip_id: int, profile: str) -> Response:
    """The file that the profile made of the group; `?download` saves it."""
    with transaction() as session:
        first = groups.first_of(session, clip_id).id
        made = group_exports.of_group(session, first)
    path = next((each.filepath for each in made if each.profile == profile), None)
    if path is None:
        raise NotFound(f"The group of clip {clip_id} has no file of the profile {profile}.")
    suffix = PurePosixPath(path).suffix
    return send_export(
        path,
        name=f"group-{first}-{profile}{suffix}",
        as_attachment="download" in request.args,
    )
