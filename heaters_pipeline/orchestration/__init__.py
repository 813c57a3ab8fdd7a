"""Dagster's view of the pipeline: an asset opens its resources and calls one function of `work`."""
