"""One partition per source video."""

import dagster as dg

heaters_videos = dg.DynamicPartitionsDefinition(name="heaters_videos")

VIDEO_TAG = "heaters/video"
"""Tag of every run, by which the queue keeps the runs of one video apart."""
