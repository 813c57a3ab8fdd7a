"""Dagster's code server: `python -m heaters_pipeline.platform.code_server` with the arguments of
`dagster api grpc`.

It starts a process for each run, which imports this module before anything else (multiprocessing,
"spawn"). Dagster and Heaters make some hundred thousand objects while they are imported, and all of
them stay. By default Python looks through them for garbage again and again, which takes a quarter
of the time until a run begins.
"""

from __future__ import annotations

import gc

gc.set_threshold(100_000)

if __name__ == "__main__":
    from dagster._cli.api import grpc_command

    grpc_command()
