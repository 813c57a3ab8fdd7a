"""`heaters profiles`: what exported files are like, and which clips each kind is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.wording import number_of

if TYPE_CHECKING:
    from sqlmodel import Session


@click.group()
def profiles() -> None:
    """What exported files are like, and which clips each kind is for."""


@profiles.command("list")
def list_profiles() -> None:
    """All profiles: what their files are like, and which clips they are for."""
    from heaters_pipeline.db import profiles as stored
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain import profile_texts

    with database(settings()) as engine, transaction(engine) as session:
        uses = stored.uses(session)
        for row in stored.listed(session):
            used = ", ".join(map(str, uses.get(row.id, []))) or "no clip"
            click.echo(f"{row.name:<11} {'; '.join(profile_texts.in_words(row.profile))}")
            click.echo(f"{'':<12}for {'no clip (retired)' if row.retired else used}")


@profiles.command()
@click.argument("name")
def show(name: str) -> None:
    """Every field of a profile, as `set` takes it."""
    from heaters_pipeline.db import profiles as stored
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain import profile_texts

    with database(settings()) as engine, transaction(engine) as session:
        row = stored.get(session, name)
        for field, text in profile_texts.texts(row.profile).items():
            click.echo(f"{field}={text}")
        click.echo(f"# hash {row.hash}")


_yes = click.option("--yes", is_flag=True, help="Don't ask before files are made.")
_video = click.option("--video", metavar="KEY", help="Only for clips of this video.")
_label = click.option("--label", help="Only for clips with this label.")


@profiles.command("set")
@click.argument("name")
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@click.option("--like", metavar="NAME", help="The profile that a new one begins with.")
@_yes
def set_profile(name: str, fields: tuple[str, ...], like: str | None, yes: bool) -> None:
    """Change a profile, or add one. An empty value gives a field its usual one."""
    from heaters_pipeline.db import profiles as stored
    from heaters_pipeline.domain import profile_texts

    if wrong := [field for field in fields if "=" not in field]:
        raise click.UsageError(f"{wrong[0]} has no value: write it as FIELD=VALUE.")
    texts = dict(field.split("=", 1) for field in fields)

    def save(session: Session) -> None:
        known = {row.name: row.profile for row in stored.listed(session)}
        before = known.get(name) or (stored.get(session, like).profile if like else None)
        if before is None and not {"codec", "container"} <= texts.keys():
            raise NotFound(
                f"There is no profile {name} yet: add it with --like, as in `heaters profiles set "
                f"{name} --like web`, or name its codec and its container."
            )
        stored.save(session, name, profile_texts.changed(before, texts))

    _change_profile(name, save, yes)


@profiles.command("use")
@click.argument("name")
@_video
@_label
@click.option("--remove", is_flag=True, help="No more for these clips.")
@_yes
def use_profile(name: str, video: str | None, label: str | None, remove: bool, yes: bool) -> None:
    """Have a profile be for all approved clips, or only for some."""
    from heaters_pipeline.db import profiles as stored

    change = stored.stop_using if remove else stored.use
    _change_profile(name, lambda session: change(session, name, video_key=video, label=label), yes)


@profiles.command("retire")
@click.argument("name")
@click.option("--back", is_flag=True, help="Make files by it again.")
@_yes
def retire_profile(name: str, back: bool, yes: bool) -> None:
    """Make no more files by a profile; those that exist stay."""
    from heaters_pipeline.db import profiles as stored

    _change_profile(name, lambda session: stored.retire(session, name, retired=not back), yes)


@profiles.command()
@click.argument("name", required=False)
@click.option("--video", metavar="KEY", help="Only of clips of this video.")
def again(name: str | None, video: str | None) -> None:
    """Try the files again that failed: of a profile, of a video, or all."""
    from heaters_pipeline.db import profiles as stored
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        count = stored.retry(session, name, video)
        stored.recount(session)
    click.echo(f"{number_of(count, 'file')} tried again." if count else "No file failed.")


def _change_profile(name: str, change: Callable[[Session], object], yes: bool) -> None:
    """Makes the change, once somebody has agreed to the files that it makes."""
    from heaters_pipeline.db import profiles as stored
    from heaters_pipeline.db.engine import transaction

    with database(settings()) as engine, transaction(engine) as session:
        before = stored.lack_now(session, name)
        change(session)
        after = stored.recount(session)[name]
        if after.files > before.files:
            files = number_of(after.files - before.files, "file")
            click.echo(f"This makes {files} of {number_of(after.videos, 'film')}.")
            if not yes and not click.confirm("Make them?"):
                session.rollback()
                return
        row = stored.get(session, name)
        click.echo(f"{name}  {row.hash}")
