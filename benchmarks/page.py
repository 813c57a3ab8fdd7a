"""How long the library page takes to answer words, among many clips."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.encoder import make_model
from benchmarks.report import Result
from heaters_pipeline.db.urls import for_psycopg
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.encoder import EncoderClient, NoEncoder
from review_app import create_app

QUESTIONS = 200
WANTED_MS = 300.0
"""What a page that follows one's typing may take."""

SYLLABLES = ("ba", "co", "di", "fu", "ga", "hel", "in", "jor", "ka", "lum", "mo", "nes", "or", "pi")
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
"""2,744, most of them rare, as in any language (Zipf)."""

LITERAL = "ARRAY['" + "','".join(WORDS) + "']"

TEXTS = (
    # The n-th word is n times as rare as the first.
    f"""CREATE FUNCTION pg_temp.some() RETURNS text LANGUAGE sql VOLATILE RETURN
        ({LITERAL})[floor(exp(random() * ln({len(WORDS)})))::int]""",
    """UPDATE source_videos SET title = initcap(concat_ws(' ', pg_temp.some(), pg_temp.some(),
        pg_temp.some())), url = '/films/' || pg_temp.some() || '_' || id || '.mov'""",
    """UPDATE clips SET labels = labels || pg_temp.some(),
        note = CASE WHEN id % 10 = 0 THEN concat_ws(' ', pg_temp.some(), pg_temp.some(),
            pg_temp.some(), pg_temp.some(), pg_temp.some(), pg_temp.some()) END
        WHERE id % 3 = 0 OR id % 10 = 0""",
)


def tell(url: str) -> None:
    """Gives the films titles and file names, some four of ten clips a label, one of ten a note."""
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        for statement in TEXTS:
            connection.execute(statement)


def page_p95(url: str, folder: Path, rows: int) -> Iterable[Result]:
    """From the request to the whole answer of /library/found, with the encoder warm: a CLIP of the
    size of ViT-B/32 with random weights, on the CPU, in the search process."""
    home = folder / "home"
    with _encoder(home, folder / "model"):
        settings = Settings(home=home, database_url=url)
        client = create_app(settings).test_client()
        draw = random.Random(1)
        questions = [_question(draw) for _ in range(QUESTIONS + 10)]
        seconds = []
        for question in questions:
            began = time.perf_counter()
            answer = client.get("/library/found", query_string={"words": question})
            seconds.append(time.perf_counter() - began)
            if answer.status_code != 200 or "Words are not looked for in pictures" in answer.text:
                raise RuntimeError(f"{question!r} was not answered in full: {answer.text[:500]}")
    # The first ones read the tables, and are no part of it.
    p95 = float(np.percentile(np.asarray(seconds[10:]) * 1000, 95))
    yield Result("page_p95", p95, "ms", f"the most that is wanted, {rows:,} clips", WANTED_MS)


def _question(draw: random.Random) -> str:
    """One to three words, one in five with a mistake, one in five not typed to its end."""
    words = [WORDS[int(len(WORDS) ** draw.random()) - 1] for _ in range(draw.choice((1, 1, 2, 3)))]
    kind, last = draw.random(), words[-1]
    if kind < 0.2:
        at = draw.randrange(1, len(last) - 1)
        words[-1] = f"{last[:at]}z{last[at + 1 :]} "
    elif kind < 0.4:
        words[-1] = last[:4]
    else:
        words[-1] = f"{last} "
    return " ".join(words)


@contextmanager
def _encoder(home: Path, model: Path) -> Iterator[None]:
    make_model(model)
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.encoder", str(home), str(model)])
    try:
        end = time.monotonic() + 120
        while True:
            try:
                EncoderClient(home).words("warm")
                break
            except NoEncoder:
                if time.monotonic() > end or process.poll() is not None:
                    raise
                time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()
