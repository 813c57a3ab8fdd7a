"""One partition per source video."""

import dagster as dg

heaters_videos = dg.DynamicPartitionsDefinition(name="heaters_videos")
