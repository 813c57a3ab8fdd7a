"""How near the previews of clips that look alike are: cosine distances.

That two clips show the same frames is another question (`domain.repeats`).
"""

from __future__ import annotations

BORDER = 0.012
"""Clips nearer than this are kept together when a dataset is split: cautious, because it also takes
in clips that only look alike."""

RESEMBLANCE = 0.05
"""The greatest distance of clips that are worth a look beside one another."""
