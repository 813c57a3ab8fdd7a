"""An asset of one's own beside those of Heaters: a caption for each clip of the library.

`HEATERS_EXTRA_DEFINITIONS=examples.captions heaters up` loads it (docs/own-assets.md). It works as
any program does, over the API: it reads the clips of a video, looks at the middle keyframe of each,
and writes the caption as the clip's note, which the search finds and a person can change or undo.
"""

import os
from collections.abc import Iterator
from typing import Any

import cv2  # noqa: TID253 - an asset's module may take what it needs
import dagster as dg
import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.client import Client
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.orchestration.partitions import heaters_videos

HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
"""60 degrees each, the first one around 0."""


def caption(picture: NDArray[np.uint8]) -> str:
    """What is to be seen in a picture (height, width, 3; BGR), as far as its colours tell. A model
    takes the place of this function: the asset asks it once for each clip."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).reshape(-1, 3).astype(int)
    brightness = hsv[:, 2].mean()
    light = "dark" if brightness < 70 else "bright" if brightness > 170 else "even light"
    colourful = hsv[(hsv[:, 1] > 60) & (hsv[:, 2] > 40)]
    if len(colourful) < len(hsv) / 10:
        return f"{light}, hardly any colour"
    share = np.bincount(((colourful[:, 0] + 15) // 30) % 6, minlength=6)  # OpenCV: 180 hues
    return f"{light}, mostly {HUES[share.argmax()]}"


@dg.asset(
    deps=["clip_embeddings"],
    partitions_def=heaters_videos,
    group_name="captions",
    kinds={"python"},
    pool="model",
)
def clip_captions(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """A caption of every clip in the library that has no note yet, as its note."""
    heaters = Client(
        os.environ.get("HEATERS_SERVER", "http://127.0.0.1:8765"), os.environ.get("HEATERS_TOKEN")
    )
    written = {}
    for clip, text in _captions(heaters, context.partition_key):
        note = {"action": "annotate", "note": text, "version": clip["version"]}
        try:
            heaters.post(f"clips/{clip['id']}/decisions", note)
        except Conflict as error:  # a person was first
            context.log.info(str(error))
        else:
            written[f"clip {clip['id']}"] = text
    return dg.MaterializeResult(metadata={"captions": written})


def _captions(heaters: Client, key: str) -> Iterator[tuple[Any, str]]:
    """Each clip of a video that lacks a note, with its caption."""
    for clip in heaters.each("clips", "clips", video=key, state="library"):
        stills = heaters.get(f"clips/{clip['id']}/files")["keyframes"]
        if clip["note"] or not stills:
            continue
        content = heaters.fetch(stills[len(stills) // 2]["url"])
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if picture is not None:
            yield clip, caption(np.asarray(picture, np.uint8))


captions_job = dg.define_asset_job(
    "captions", selection=[clip_captions], executor_def=dg.in_process_executor
)


@dg.asset_sensor(
    asset_key=dg.AssetKey("clip_embeddings"),
    job=captions_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def clips_to_caption(
    context: dg.SensorEvaluationContext, event: dg.EventLogEntry
) -> dg.SensorResult | dg.SkipReason:
    """Captions the clips of a video once they have come into the library."""
    made = event.asset_materialization
    if made is None or made.partition is None:
        return dg.SkipReason("Nothing of a video.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{made.partition}:{context.cursor}", partition_key=made.partition
            )
        ],
        dynamic_partitions_requests=[heaters_videos.build_add_request([made.partition])],
    )


defs = dg.Definitions(assets=[clip_captions], jobs=[captions_job], sensors=[clips_to_caption])
