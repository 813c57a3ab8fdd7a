"""Errors whose text is shown to a person as it stands: one sentence, what, where, what to do."""

from __future__ import annotations

from datetime import timedelta

from heaters_pipeline.domain.redaction import without_login


class HeatersError(Exception):
    """Base of every error that Heaters raises on purpose. Addresses in it show no login."""

    def __init__(self, sentence: str) -> None:
        super().__init__(without_login(sentence))


class InputError(HeatersError):
    """The input can't be used; trying again without changing it is no use."""


class NotFound(InputError):
    """Nothing has the id, key or number that the input names."""


class Conflict(HeatersError):
    """Somebody else was first: the row has changed since it was read."""


class Gone(Conflict):
    """What was to be done has been done already."""


class Forbidden(HeatersError):
    """The person may not do that: somebody else has to."""


class TooMany(HeatersError):
    """Somebody asks for more than anybody needs: they have to wait."""


class Refused(HeatersError):
    """Something outside answers, and says no: a person has to change something first."""


class Faulty(HeatersError):
    """What was made does not hold what it must: made again from the same, it would be the same."""


class Unavailable(HeatersError):
    """Something outside does not answer, or not now. Whatever needs it waits until it does."""

    def __init__(self, thing: str, sentence: str, wish: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.thing = thing
        self.wish = wish
        """For how long it wants to be left alone, where it says so."""


class TransitionError(HeatersError):
    """A state change that the table of allowed transitions does not know."""
