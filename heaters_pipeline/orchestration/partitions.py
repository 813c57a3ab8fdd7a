"""One partition per source video, as long as there is something to do with it."""

from collections.abc import Collection, Sequence

import dagster as dg
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import retired_partitions
from heaters_pipeline.db.engine import transaction

NAME = "heaters_videos"

heaters_videos = dg.DynamicPartitionsDefinition(name=NAME)


def needed(session: Session, keys: Sequence[str]) -> dg.AddDynamicPartitionsRequest:
    """What a sensor asks Dagster for before runs of these videos, whose partitions may be
    retired."""
    retired_partitions.note_return(session, keys)
    return heaters_videos.build_add_request(keys)


def bring_back(instance: dg.DagsterInstance, engine: Engine, keys: Collection[str]) -> None:
    """Puts partitions into Dagster's list again, with all that Dagster knows of them."""
    if not keys:
        return
    instance.add_dynamic_partitions(NAME, [*keys])
    with transaction(engine) as session:
        retired_partitions.note_return(session, keys)
