"""The use cases: what is done with videos and clips, without Dagster and without Flask."""
