"""Kinds of edited films: how each is shot and cut."""

from __future__ import annotations

from typing import NamedTuple


class Genre(NamedTuple):
    styles: tuple[str, ...]
    lengths: tuple[int, int]
    """Frames of a shot outside runs of very short ones."""
    runs: float
    """Share of places at which a run of very short shots begins instead of a shot."""
    figures: float
    """Share of shots in which somebody speaks."""
    takes: float
    """Share of those that a jump cut follows."""
    happenings: tuple[str, ...]
    """Of which one is in most of the shots that are long enough; the same one twice is twice as
    frequent."""
    cuts: float
    """Share of hard cuts between shots that are not very short."""
    bars: float
    """Share of films with black bars above and below."""


TRAILER = Genre(
    styles=("night", "night", "dark", "bright"),
    lengths=(16, 70),
    runs=0.05,
    figures=0.2,
    takes=0.1,
    happenings=(
        *("lightning", "lightning", "muzzle", "muzzle", "flash"),
        *("passer", "shake", "flicker", "overlay"),
    ),
    cuts=0.7,
    bars=0.7,
)
GAME = Genre(
    styles=("night", "dark", "hectic"),
    lengths=(16, 60),
    runs=0.08,
    figures=0.1,
    takes=0.1,
    happenings=(
        *("muzzle", "muzzle", "lightning", "whip", "whip"),
        *("shake", "strobe", "overlay"),
    ),
    cuts=0.8,
    bars=0.3,
)
VLOG = Genre(
    styles=("bright", "hectic"),
    lengths=(12, 80),
    runs=0.03,
    figures=0.8,
    takes=0.7,
    happenings=("whip", "whip", "overlay", "shake", "passer", "lights", "flicker"),
    cuts=0.75,
    bars=0.05,
)
SHOW = Genre(
    styles=("bright", "faint", "hectic", "dark"),
    lengths=(20, 90),
    runs=0.04,
    figures=0.3,
    takes=0.3,
    happenings=("flash", "strobe", "whip", "dawn", "corrupt", "overlay", "lightning"),
    cuts=0.5,
    bars=0.15,
)
GENRES = (TRAILER, GAME, VLOG, SHOW)
