"""`heaters doctor --running`: sends a film of two seconds through a running Heaters, from upload to
search, and takes it away again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine

from heaters_pipeline.client import Client
from heaters_pipeline.db import clips as stored_clips
from heaters_pipeline.db import embeddings, opinions, people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import trial_lock
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.states import SourceState
from heaters_pipeline.domain.trial_film import DOCTOR, file_name
from heaters_pipeline.domain.wording import number_of
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.demo_film import Scene, make_demo_film
from heaters_pipeline.platform.doctor import Finding
from heaters_pipeline.platform.trial_remains import clear_away
from heaters_pipeline.settings import Settings
from heaters_pipeline.work import people as letting_in

SCENE_SECONDS = 1.0
LOOK_SECONDS = 0.5
TOKEN_DAYS = 1

Say = Callable[[Finding], None]
Drawn = dict[str, str | int | float]
"""Options of a source of pictures."""


def check_running(
    engine: Engine, settings: Settings, server: str | None, patience_seconds: float, say: Say
) -> bool:
    """Whether everything works. `say` gets a finding for each step as it ends. `server` is the
    address of the review app, if it is not on this machine; each step may take
    `patience_seconds`. Whatever happens, the film is taken away again; what an earlier check had to
    leave is taken away first. Raises Conflict while another check is at work."""
    with trial_lock(engine):
        _clear(engine, settings, say, "leftovers", silent=True)
        try:
            with _client(engine, settings, server) as client:
                trial = Trial(engine, settings, client, patience_seconds)
                return all(_step(name, step, say) for name, step in trial.steps().items())
        finally:
            _clear(engine, settings, say, "taken away")


def _step(name: str, step: Callable[[], str], say: Say) -> bool:
    begun = time.monotonic()
    try:
        text, is_good = step(), True
    except HeatersError as error:
        text, is_good = str(error), False
    say(Finding(name, f"{time.monotonic() - begun:5.1f} s  {text}", is_good))
    return is_good


def _clear(
    engine: Engine, settings: Settings, say: Say, name: str, *, silent: bool = False
) -> None:
    """`silent`: where there is nothing, nothing is said."""
    begun = time.monotonic()
    with suppress(HeatersError), transaction(engine) as session:
        person = people.find(session, DOCTOR)
        if person is not None:
            letting_in.remove(session, _who(), person)
    cleared = clear_away(engine, settings)
    seconds = f"{time.monotonic() - begun:5.1f} s  "
    for sentence in cleared.left:
        say(Finding(name, seconds + sentence, False))
    if cleared.films or (not silent and not cleared.left):
        told = f"{number_of(cleared.films, 'film')}, {number_of(cleared.objects, 'object')}"
        say(Finding(name, f"{seconds}{told}: with their rows and runs", True))


@contextmanager
def _client(engine: Engine, settings: Settings, server: str | None) -> Iterator[Client]:
    """Where people sign in, with a token of a person who is there as long as the check lasts."""
    with transaction(engine) as session:
        token = None
        if people.exist(session):
            person = people.add(session, DOCTOR, Role.OPERATOR)
            token = letting_in.add_token(session, _who(), person, DOCTOR, None, TOKEN_DAYS)
    yield Client(server or settings.local_address, token, any_certificate=server is None)


def _who() -> Who:
    return Who(DOCTOR, "command line")


@dataclass
class Trial:
    """One film on its way through Heaters."""

    engine: Engine
    settings: Settings
    client: Client
    patience_seconds: float

    def __post_init__(self) -> None:
        self.mark = secrets.token_hex(16)
        self.key = ""
        self.clip = 0
        self._seen = ""
        """What was seen last, where a step waits in vain."""

    def steps(self) -> dict[str, Callable[[], str]]:
        """By name, in their order: each says what it saw, or raises HeatersError."""
        return {
            "review app": self.answers,
            "upload": self.upload,
            "ingest": self.ingest,
            "decision": self.decide,
            "export": self.export,
            "keyframes": self.keyframes,
            "vector": self.vector,
            "search": self.search,
        }

    def answers(self) -> str:
        return f"lets {self.client.get('me')['name'] or 'whoever opens it'} in"

    def upload(self) -> str:
        with scratch_folder(self.settings.home) as folder:
            film = folder / file_name(self.mark)
            make_demo_film(
                film, scenes=_scenes(self.mark), stall_seconds=self.settings.stall_seconds
            )
            size = film.stat().st_size
            self.client.upload(film, pipeline=ClipPipeline.VIRTUAL)
        found = self.client.get("sources", find=self.mark)["sources"]
        if not found:
            raise HeatersError("The film was sent, and the list of sources does not have it.")
        self.key = found[0]["key"]
        return f"{size:,} bytes, now {self.key}"

    def ingest(self) -> str:
        def ready() -> str | None:
            film = self.client.get(f"sources/{self.key}")
            if film["state"] == SourceState.READY and film["clips"]:
                return f"{film['frame_count']} frames, {number_of(film['clips']['total'], 'clip')}"
            if film["error"] and not film["retry_at"]:
                raise HeatersError(film["error"])
            self._seen = f"the film is {film['told']}" + _because(film["error"])
            return None

        return self._wait(ready, "Dagster's daemon, its sensor new_source_videos, and the queue")

    def decide(self) -> str:
        with transaction(self.engine) as session:  # whatever the rules say of all clips
            opinions.put(session, Scope(source_key=self.key), 0)
        clips = self.client.get("clips", video=self.key, state="pending")["clips"]
        if not clips:
            raise HeatersError("The film is ready, and none of its clips waits for a reviewer.")
        first, *others = clips
        for clip, action in ((first, "approve"), *((other, "skip") for other in others)):
            decision = {"action": action, "version": clip["version"]}
            self.client.post(f"clips/{clip['id']}/decisions", decision)
        self.clip = first["id"]
        return f"clip {self.clip} approved, {len(others)} skipped"

    def export(self) -> str:
        def exported() -> str | None:
            files = self._files()
            for failure in files["failures"]:
                if not failure["retry_at"]:
                    raise HeatersError(failure["error"])
            if not files["exports"]:
                self._seen = f"clip {self.clip} has no file" + _because(self._error())
                return None
            first = files["exports"][0]
            content = self.client.fetch(first["url"])
            if sha256(content).hexdigest() != first["sha256"]:
                raise HeatersError(f"{first['url']} is not what was exported: its bytes differ.")
            return f"{len(content):,} bytes by {first['profile']}, as they were made"

        window = f"the undo window of {self.settings.undo_window_seconds:g} s"
        return self._wait(exported, f"{window}, the sensor approved_clips, and the pool export")

    def keyframes(self) -> str:
        def taken() -> str | None:
            stills = self._files()["keyframes"]
            self._seen = f"clip {self.clip} has no keyframes" + _because(self._error())
            if not stills:
                return None
            content = self.client.fetch(stills[0]["url"])
            return f"{number_of(len(stills), 'still')}, the first of {len(content):,} bytes"

        return self._wait(taken, "the run of `library` in Dagster")

    def vector(self) -> str:
        model = self.settings.embedding_model

        def made() -> str | None:
            if not self.client.get("clips", ids=self.clip, state="library")["clips"]:
                self._seen = f"clip {self.clip} is not in the library" + _because(self._error())
                return None
            with transaction(self.engine) as session:
                vector = embeddings.of_clips(session, [self.clip], model).get(self.clip)
                reason = embeddings.why_missing(session, model)
            if vector is None and reason is None:
                self._seen = f"clip {self.clip} has no vector by {model}"
                return None
            if vector is None:
                return f"none: {reason}; the clip is in the library all the same"
            return f"{len(vector)} numbers by {model}"

        return self._wait(made, "the run of `library` in Dagster, and the pool model")

    def search(self) -> str:
        def found() -> str | None:
            hits = self.client.get("search", words=self.mark)["hits"]
            self._seen = f"a search does not find clip {self.clip}"
            if self.clip not in [hit["clip_id"] for hit in hits]:
                return None
            return f"finds clip {self.clip} by the film's name"

        return self._wait(found, "the log of the review app")

    def _files(self) -> Any:
        return self.client.get(f"clips/{self.clip}/files")

    def _error(self) -> str | None:
        """What stopped the clip, for now or for good."""
        with transaction(self.engine) as session:
            return stored_clips.get(session, self.clip).error

    def _wait(self, look: Callable[[], str | None], where: str) -> str:
        """What `look` says once it says something. `where` a person looks if it never does."""
        self._seen = ""
        end = time.monotonic() + self.patience_seconds
        while True:
            said = look()
            if said is not None:
                return said
            if time.monotonic() > end:
                raise HeatersError(
                    f"After {self.patience_seconds:g} seconds {self._seen}: look at {where}."
                )
            time.sleep(LOOK_SECONDS)


def _because(error: str | None) -> str:
    return f" ({error.rstrip('.')})" if error else ""


def _scenes(mark: str) -> list[Scene]:
    """A cut after a second, and pictures that no film had before."""
    seed = int(mark[:7], 16)
    drawn: Drawn = {"s": "160x90", "nb_colors": 4, "speed": 0.01}
    life: Drawn = {"s": "64x36", "mold": 12, "ratio": 0.3, "death_color": "0x3d5afe"}
    return [
        Scene("gradients", {**drawn, "seed": seed}, SCENE_SECONDS, (220.0, 277.2, 329.6)),
        Scene("life", {**life, "seed": seed}, SCENE_SECONDS, (196.0, 246.9, 293.7), smooth=False),
    ]
