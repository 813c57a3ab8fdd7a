"""Export profiles: the page on which people see, change and use them. What a change would make is
said before it is made."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import profiles
from heaters_pipeline.domain import profile_texts
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.wording import number_of
from review_app.presenters import filters, profile_form
from review_app.services import transaction

blueprint = Blueprint("profiles", __name__)


@blueprint.get("/profiles")
def index() -> ResponseReturnValue:
    with transaction() as session:
        return render_template(
            "profiles.html",
            rows=profile_form.rows(session),
            inputs=profile_form.INPUTS,
            **filters.choices(session),
        )


@blueprint.post("/profiles")
def add() -> ResponseReturnValue:
    """A new profile, like the one that `like` names."""
    name, like = request.form.get("name", "").strip(), request.form.get("like", "")
    with transaction() as session:
        if name in {row.name for row in profiles.listed(session)}:
            raise Conflict(f"There is a profile {name} already: choose another name.")
        profiles.save(session, name, profiles.get(session, like).profile)
    flash(f"{name} is added: no clip uses it yet.")
    return redirect(url_for("profiles.index", _anchor=name), 303)


@blueprint.post("/profiles/<name>")
def change(name: str) -> ResponseReturnValue:
    texts = {each.name: request.form.get(each.name, "") for each in profile_form.INPUTS}

    def save(session: Session) -> None:
        before = profiles.get(session, name).profile
        profiles.save(session, name, profile_texts.changed(before, texts))

    return _with_warning(name, save, f"{name} is saved.")


@blueprint.post("/profiles/<name>/uses")
def use(name: str) -> ResponseReturnValue:
    """For the clips of `video`, with the `label`; for all where neither is named."""

    def add_use(session: Session) -> None:
        profiles.use(session, name, **_named())

    return _with_warning(name, add_use, f"{name} is for these clips now.")


@blueprint.post("/profiles/<name>/uses/remove")
def stop_using(name: str) -> ResponseReturnValue:
    with transaction() as session:
        profiles.stop_using(session, name, **_named())
        profiles.recount(session)
    flash(f"{name} makes no more files of these clips; those that exist stay.")
    return redirect(url_for("profiles.index", _anchor=name), 303)


@blueprint.post("/profiles/<name>/retire")
def retire(name: str) -> ResponseReturnValue:
    with transaction() as session:
        profiles.retire(session, name)
        profiles.recount(session)
    flash(f"{name} makes no more files; those that exist stay.")
    return redirect(url_for("profiles.index", _anchor=name), 303)


@blueprint.post("/profiles/<name>/revive")
def revive(name: str) -> ResponseReturnValue:
    def bring_back(session: Session) -> None:
        profiles.retire(session, name, retired=False)

    return _with_warning(name, bring_back, f"{name} makes files again.")


@blueprint.post("/profiles/<name>/again")
def again(name: str) -> ResponseReturnValue:
    """Has its files that failed made again."""
    with transaction() as session:
        count = profiles.retry(session, name, None)
        profiles.recount(session)
    flash(f"{number_of(count, 'file')} of {name} {'is' if count == 1 else 'are'} tried again.")
    return redirect(url_for("profiles.index", _anchor=name), 303)


def _named() -> dict[str, str | None]:
    form = request.form
    return {"video_key": form.get("video") or None, "label": form.get("label") or None}


def _with_warning(name: str, change: Callable[[Session], None], done: str) -> ResponseReturnValue:
    """Makes the change, or, where it would have files made and nobody has agreed to that, only says
    so."""
    with transaction() as session:
        before = profiles.lack_now(session, name)
        change(session)
        after = profiles.recount(session)[name]
        if after.files > before.files and "agreed" not in request.form:
            session.rollback()
            return render_template(
                "profile_warning.html",
                name=name,
                files=after.files - before.files,
                videos=after.videos,
                form=request.form,
            )
    flash(done)
    return redirect(url_for("profiles.index", _anchor=name), 303)
