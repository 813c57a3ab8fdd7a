"""The files that configure Dagster, made of the shipped ones and the settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.settings import Settings

CODE_SOCKET, BROKER = "HEATERS_CODE_SOCKET", "HEATERS_BROKER_URL"

LOGS = "dagster-logs"
"""Where the runs' logs lie in a bucket: beside Heaters' own objects, not among them."""

POOL_LIMITS = {"download": 2, "transcode": 1, "export": 1, "model": 1}
"""How many runs of one machine may use each at the same time."""

START_SECONDS = 600
"""A run that no worker has begun after so long is taken for lost."""

RUNS_A_WORKER = 4
"""At the same time: `max_concurrent_runs` of dagster.yaml, by which the queue counts."""

ANY_WORKER = "dagster"
"""The queue of runs for whichever worker is free (`dagster_celery.defaults`)."""

CELERY: dict[str, Any] = {
    # A run that waits is for whichever worker is free first.
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "result_expires": 30 * 24 * 3600,
    "result_extended": True,  # with the worker's name
    "broker_connection_retry_on_startup": True,
    "worker_redirect_stdouts": False,  # Dagster keeps what a run prints
    "broker_transport_options": {"socket_keepalive": True, "health_check_interval": 20},
    "redis_socket_keepalive": True,
    "redis_backend_health_check_interval": 20,
}
"""Celery's settings, of workers and of the daemon."""


JSON_LINES = {
    "handlers": {"lines": {"class": "logging.StreamHandler", "level": "INFO", "formatter": "json"}},
    "formatters": {"json": {"()": "heaters_pipeline.files.logs.JsonLines"}},
}
"""What runs tell, as the other programs tell it (logging.config, dictionary schema)."""


def queue_of(worker: str) -> str:
    """The queue of runs for one worker; `worker` is its name at Celery, `heaters@HOST`."""
    return f"{ANY_WORKER}.{worker.partition('@')[2]}"


def shipped(name: str) -> Path:
    """A file of the repository's root: in a checkout, or in the place where a wheel installs it."""
    places = [Path(__file__).resolve().parents[2], Path(sys.prefix) / "share" / "heaters"]
    for place in places:
        if (place / name).is_file():
            return place / name
    raise HeatersError(
        f"{name} is neither in {places[0]} nor in {places[1]}: install Heaters again."
    )


def instance_config(settings: Settings) -> dict[str, Any]:
    """What dagster.yaml says under these settings. Raises InputError for a HEATERS_DAGSTER_CONFIG
    that can't be used."""
    config = _read(shipped("dagster.yaml"))
    runs = config["concurrency"]["runs"]
    runs["max_concurrent_runs"] *= settings.workers
    for limit in runs["tag_concurrency_limits"]:
        if limit["key"] == "heaters/half":
            limit["limit"] *= settings.workers
    if settings.is_on_s3:
        config["compute_logs"] = _logs_in_bucket(settings)
    if settings.broker_url is not None:
        config["run_launcher"] = _celery()
        config["run_monitoring"]["start_timeout_seconds"] = START_SECONDS
    if settings.log_format == "json":
        config["python_logs"] = {"dagster_handler_config": JSON_LINES}
    return config | _others(settings.dagster_config)


def workspace_config(settings: Settings) -> dict[str, Any]:
    """What workspace.yaml says: where the code server is."""
    config = _read(shipped("workspace.yaml"))
    if settings.code_server is not None:
        (entry,) = config["load_from"]
        del entry["grpc_server"]["socket"]
        entry["grpc_server"] |= settings.code_server._asdict()
    return config


def write(config: dict[str, Any], path: Path) -> None:
    """Whole or not at all: other processes read it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(yaml.safe_dump(config, sort_keys=False))
    partial.replace(path)


def _logs_in_bucket(settings: Settings) -> dict[str, Any]:
    """Credentials, profile and region are boto3's own business, as those of the storage are."""
    parts = urlsplit(str(settings.storage_url))
    prefix = parts.path.strip("/")
    endpoint = settings.s3_endpoint_url
    return {
        "module": "dagster_aws.s3",
        "class": "S3ComputeLogManager",
        "config": {
            "bucket": parts.netloc,
            "prefix": f"{prefix}-{LOGS}" if prefix else LOGS,
            "local_dir": {"env": "HEATERS_DAGSTER_FILES"},
            "upload_interval": 30,
            "skip_empty_files": True,
            **({"endpoint_url": endpoint} if endpoint else {}),
        },
    }


def _celery() -> dict[str, Any]:
    """The address of the broker, which may have a password, stays in the environment."""
    return {
        "module": "heaters_pipeline.orchestration.celery_launcher",
        "class": "CeleryLauncher",
        "config": {
            "broker": {"env": BROKER},
            "backend": {"env": BROKER},
            "config_source": CELERY,
        },
    }


def _others(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return _read(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InputError(
            f"HEATERS_DAGSTER_CONFIG names {path}, which can't be used: {why}"
        ) from None


def _read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text())
    if not isinstance(found, dict):
        raise ValueError("it has to hold keys with values.")
    return found
