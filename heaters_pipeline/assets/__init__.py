"""Dagster's view of the pipeline: assets read state, call `media`, write state."""
