"""How long the review app takes to answer while many others are slow."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import click
import numpy as np

from benchmarks.crowd import KINDS, READY
from benchmarks.footage import make_barcode_proxy, make_sound
from benchmarks.report import Result, benchmark
from benchmarks.reviewing import proxy_id_of, shipped_review_app
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.errors import HeatersError

RATE = 25
FRAMES = 1500
CUTS = range(0, FRAMES, 50)
TIMEOUT_SECONDS = 30

CROWDS: Mapping[str, Mapping[str, int]] = {
    "idle": {"idle": 2000},
    "slow_requests": {"slow_head": 200, "slow_body": 200},
    "stalled": {"stalled_run": 90, "stalled_file": 30},
    "players": {"player": 30},
    "upload": {"upload": 1},
}
ALL = {kind: number for crowd in CROWDS.values() for kind, number in crowd.items()}
assert ALL.keys() == KINDS.keys()


@benchmark("slow_clients")
@click.option("--requests", default=600, show_default=True, help="Under each crowd.")
@click.option("--share", default=1.0, show_default=True, help="Of each crowd.")
def main(requests: int, share: float) -> Iterator[Result]:
    """Ask for pages, health and frames, each time on a new connection, while others do nothing on
    2,000 connections; send their requests byte by byte; ask for 250 frames or a whole proxy and
    read no more than the headers; play; send 20 GB.

    Milliseconds that 99 of 100 requests were answered in, against those without anybody else, just
    before and after. A request that is not answered within 30 s takes so long.
    """
    with work_folder() as folder:
        proxy = make_barcode_proxy(folder / "proxy.mp4", FRAMES, RATE)
        sound = make_sound(folder / "proxy.wav", FRAMES / RATE)
        with shipped_review_app(folder, proxy, sound, CUTS) as (url, library):
            proxy_id = proxy_id_of(library.add())
            media = f"/media/{proxy_id}"
            asked = [f"{media}/frames/0-250", f"{media}/frames/0-75", f"{media}/proxy.mp4"]
            paths = ("/healthz", "/library", f"{media}/frames/600-625")
            address = urlsplit(url).netloc
            _milliseconds(address, paths, requests)  # the first ones import and connect
            for name, crowd in {**CROWDS, "all": ALL}.items():
                alone = _milliseconds(address, paths, requests // 2)
                with _crowd(address, asked, crowd, share):
                    among = _milliseconds(address, paths, requests)
                alone += _milliseconds(address, paths, requests // 2)
                numbers = ", ".join(f"{_some(n, share)} {kind}" for kind, n in crowd.items())
                yield Result(name, _p99(among), "ms", f"without {numbers}", _p99(alone))


def _some(number: int, share: float) -> int:
    return max(1, round(number * share))


def _p99(milliseconds: list[float]) -> float:
    return float(np.percentile(np.asarray(milliseconds), 99))


def _milliseconds(address: str, paths: tuple[str, ...], requests: int) -> list[float]:
    found: list[float] = []
    for number in range(requests):
        began = time.perf_counter()
        connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", paths[number % len(paths)])
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise HeatersError(f"{paths[number % len(paths)]} answered {answer.status}.")
        except (OSError, http.client.HTTPException):
            found.append(TIMEOUT_SECONDS * 1000)
        else:
            found.append((time.perf_counter() - began) * 1000)
        finally:
            connection.close()
    return found


@contextmanager
def _crowd(
    address: str, asked: list[str], crowd: Mapping[str, int], share: float
) -> Iterator[None]:
    """From when all of them have begun. `asked`: the paths of `crowd.Target`."""
    host, _, port = address.partition(":")
    numbers = [word for kind, n in crowd.items() for word in (kind, str(_some(n, share)))]
    command = [sys.executable, "-m", "benchmarks.crowd", host, port, *asked, *numbers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != READY:
            raise HeatersError(f"The crowd {' '.join(numbers)} could not begin.")
        yield
        if process.poll() is not None:
            raise HeatersError(f"The crowd {' '.join(numbers)} ended.")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
