"""Runs that died without a word: Dagster learns of them all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import psutil
import pytest

from heaters_pipeline.orchestration.lost_runs import end_lost_runs
from heaters_pipeline.platform.dagster_instance import DagsterFiles, prepare
from tests.waiting import until

LONG = timedelta(days=1)

RUN = """
import dagster as dg, time

@dg.op
def sleeps():
    print("going", flush=True)
    time.sleep(600)

@dg.job
def endless():
    sleeps()

with dg.DagsterInstance.get() as instance:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    endless.execute_in_process(instance=instance, run_config=quiet)
"""


@pytest.fixture
def run(dagster_home: DagsterFiles) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a run that is in the middle of a step."""
    prepare()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], env=dict(os.environ), stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdout.readline() == b"going\n"
    yield process
    process.kill()
    process.communicate()


def test_a_run_whose_process_is_gone_has_failed(run: subprocess.Popen[bytes]) -> None:
    with dg.DagsterInstance.get() as instance:
        assert list(end_lost_runs(instance, LONG)) == [], "it lives"
        run.kill()
        run.wait()
        (under_way,) = instance.get_runs()
        assert under_way.status == dg.DagsterRunStatus.STARTED, "nobody has told Dagster"
        assert [each.run_id for each in end_lost_runs(instance, LONG)] == [under_way.run_id]
        (ended,) = instance.get_runs()
        assert ended.status == dg.DagsterRunStatus.FAILURE
        assert list(end_lost_runs(instance, LONG)) == []


def test_one_that_was_to_be_cancelled_is(run: subprocess.Popen[bytes]) -> None:
    with dg.DagsterInstance.get() as instance:
        (under_way,) = instance.get_runs()
        instance.report_run_canceling(under_way)
        run.kill()
        run.wait()
        assert len(list(end_lost_runs(instance, LONG))) == 1
        (ended,) = instance.get_runs()
        assert ended.status == dg.DagsterRunStatus.CANCELED


def test_one_that_is_stopped_and_silent_has_failed(run: subprocess.Popen[bytes]) -> None:
    with dg.DagsterInstance.get() as instance:
        assert list(end_lost_runs(instance, timedelta(0))) == [], "it is silent, and works"
        run.send_signal(signal.SIGSTOP)
        until(lambda: psutil.Process(run.pid).status() == psutil.STATUS_STOPPED)
        assert list(end_lost_runs(instance, LONG)) == []
        assert len(list(end_lost_runs(instance, timedelta(0)))) == 1
        (ended,) = instance.get_runs()
        assert ended.status == dg.DagsterRunStatus.FAILURE
