"""One partition per source video, as long as there is something to do with it."""

from collections.abc import Sequence

import dagster as dg
from sqlmodel import Session

from heaters_pipeline.db import retired_partitions

heaters_videos = dg.DynamicPartitionsDefinition(name="heaters_videos")


def needed(session: Session, keys: Sequence[str]) -> dg.AddDynamicPartitionsRequest:
    """What a sensor asks Dagster for before runs of these videos, whose partitions may be
    retired."""
    retired_partitions.note_return(session, keys)
    return heaters_videos.build_add_request(keys)
