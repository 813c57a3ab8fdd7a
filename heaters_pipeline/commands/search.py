"""`heaters search`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.commands.remote import remote

if TYPE_CHECKING:
    from heaters_pipeline.client import Client
    from heaters_pipeline.db.review_queue import QueuedClip
    from heaters_pipeline.work.search import Hit

_FILTERS = (
    ("--source", "video", "KEY", "Of this video."),
    ("--state", "state", "STATE", "pending, skipped, archived, approved or library (the default)."),
    ("--label", "label", "NAME", "With this label; several with commas between: all of them."),
    ("--min-rating", "min_rating", "N", "Rated so high or higher."),
    ("--min-seconds", "min_seconds", "N", "So long or longer."),
    ("--max-seconds", "max_seconds", "N", "So long or shorter."),
    ("--since", "since", "DATE", "Decided on this day or later, as in 2026-11-29."),
    ("--until", "until", "DATE", "Decided on this day or earlier."),
    ("--reviewer", "reviewer", "NAME", "Decided by this person."),
)


def _filters(command: Any) -> Any:
    for flag, name, metavar, text in reversed(_FILTERS):
        command = click.option(flag, name, metavar=metavar, help=text)(command)
    return command


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--picture",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Clips that look like this picture.",
)
@click.option("--clip", type=int, metavar="ID", help="Clips that look like this clip.")
@click.option("--frame", type=int, metavar="N", help="With --clip: like this keyframe of it.")
@click.option("--model", help="Whose vectors are compared; without it the configured one's.")
@click.option("--limit", type=click.IntRange(1, 240), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_filters
@remote
def search(
    words: tuple[str, ...],
    picture: Path | None,
    clip: int | None,
    frame: int | None,
    model: str | None,
    limit: int,
    as_json: bool,
    client: Client | None,
    **filters: str | None,
) -> None:
    """Find clips by WORDS in their texts and pictures, by a picture, or by another clip.

    Words find pictures while `heaters up` runs, which keeps the model ready."""
    from heaters_pipeline.db import review_queue
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain.searching import Search
    from heaters_pipeline.domain.selection import Selection
    from heaters_pipeline.storage import open_storage
    from heaters_pipeline.work.search import open_searcher

    if not words and picture is None and clip is None:
        raise click.UsageError("Say what to look for: words, --picture or --clip.")
    if client is not None:
        if picture is not None:
            raise click.UsageError("--picture is for the Heaters of this machine.")
        asked_there = {"words": " ".join(words) or None, "like": clip, "frame": frame}
        return _search_there(client, {**asked_there, "model": model, **filters}, limit, as_json)
    known = settings()
    selection = Selection.parse({name: value for name, value in filters.items() if value})
    asked = {"words": " ".join(words), "model": model or ""}
    asked |= {"like": str(clip or ""), "frame": "" if frame is None else str(frame)}
    with database(known) as engine:
        storage = open_storage(
            known.storage_url,
            known.home,
            endpoint_url=known.s3_endpoint_url,
            class_by_kind=known.storage_classes,
            cache=known.cache,
        )
        searcher = open_searcher(engine, storage, known)
        if picture is not None:
            asked["picture"] = searcher.keep_picture(picture.read_bytes(), model)
        found = searcher.find(Search.parse(asked), selection, limit=limit)
        with transaction(engine) as session:
            ids = [hit.clip_id for hit in found.hits]
            entries = {each.clip.id: each for each in review_queue.queued(session, ids)}
    if as_json:
        hits = [{**hit.as_json(), **_facts(entries[hit.clip_id])} for hit in found.hits]
        rest = {"total": found.total, "notes": found.notes, "model": found.model}
        click.echo(json.dumps({"hits": hits, **rest}, indent=2, default=str))
        return
    _show(found.notes, [(hit, entries[hit.clip_id].video.title) for hit in found.hits])


def _search_there(client: Client, asked: Mapping[str, object], limit: int, as_json: bool) -> None:
    from heaters_pipeline.db.text_search import Mention
    from heaters_pipeline.work.search import Alike, Hit

    found = client.get("search", limit=limit, **asked)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    hits = [
        Hit(
            hit["clip_id"],
            hit["score"],
            [Mention(**each) for each in hit["mentions"]],
            [Alike(**each) for each in hit["alike"]],
        )
        for hit in found["hits"]
    ]
    titles = [hit["video"]["title"] for hit in found["hits"]]
    _show(found["notes"], list(zip(hits, titles, strict=True)))


def _show(notes: Sequence[str], hits: Sequence[tuple[Hit, str]]) -> None:
    for note in notes:
        click.echo(note, err=True)
    for hit, title in hits:
        click.echo(f"{hit.clip_id:>8}  {title}  {'; '.join(why(hit))}")
    if not hits:
        click.echo("No clip was found.", err=True)


def why(hit: Hit) -> list[str]:
    """Why a clip was found, in a few words each."""
    texts = [f"“{word}” in {field} “{text}”" for field, text, word in hit.mentions]
    pictures = [
        f"{likeness:.2f} like the {to}{'' if frame is None else f', frame {frame}'}"
        for to, likeness, frame in hit.alike
    ]
    return [*texts, *pictures]


def _facts(entry: QueuedClip) -> dict[str, object]:
    clip, video = entry.clip, entry.video
    return {
        "video": video.key,
        "title": video.title,
        "state": str(clip.state),
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "labels": clip.labels,
        "rating": clip.rating,
        "note": clip.note,
    }
