"""The card of a dataset (`README.md`): what is in it, what was left out, and how it was split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heaters_pipeline.datasets.rows import Example
from heaters_pipeline.domain.wording import number_of

LOADED_BY: Mapping[str, str] = {
    "webdataset": 'webdataset.WebDataset(sorted(glob.glob("train-*.tar")))',
    "huggingface": 'datasets.load_dataset("path/of/this/folder")',
    "parquet": 'pyarrow.parquet.read_table(sorted(glob.glob("train-*.parquet")))',
    "fiftyone": 'fiftyone.Dataset.from_dir("path/of/this/folder", '
    "dataset_type=fiftyone.types.LegacyFiftyOneDataset)",
}


@dataclass
class Counts:
    """What a dataset holds, added up one example after the other."""

    clips: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    films: dict[str, set[str]] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    without_vector: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Clips that were chosen and are not in it, by the reason."""

    def add(self, example: Example) -> None:
        split, clip = example.split, example.handed
        self.clips[split] += 1
        self.seconds[split] = self.seconds.get(split, 0.0) + example.file.seconds
        self.films.setdefault(split, set()).add(clip.source.key)
        self.labels.update(clip.labels)
        self.without_vector += example.vector is None


@dataclass(frozen=True)
class SplitRule:
    """How the splits were made, in words."""

    shares: str
    by_film: bool
    nearer_than: float
    least_score: float
    """Of clips that count as repeats of one another."""
    seed: int
    groups: int
    without_preview: int
    """Clips that could not be compared by it."""
    without_signatures: int
    """Clips of which no repeats can be known."""


def card(title: str, kind: str, counts: Counts, rule: SplitRule, head: Mapping[str, Any]) -> str:
    """`head` is what loaders read. JSON is YAML, too."""
    lines = ["---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---", ""]
    lines = lines if head else []
    total, films = counts.clips.total(), len(set().union(*counts.films.values()))
    lines += [
        f"# {title}",
        "",
        f"{number_of(total, 'clip')} of {number_of(films, 'film')}, each approved by a "
        f"person. Load it with `{LOADED_BY[kind]}`.",
        "",
        "| split | clips | films | minutes |",
        "|---|---:|---:|---:|",
        *(
            f"| {split} | {clips} | {len(counts.films[split])} | {counts.seconds[split] / 60:.1f} |"
            for split, clips in counts.clips.items()
        ),
        "",
        "## Splits",
        "",
        f"The wanted shares were {rule.shares}, of {number_of(rule.groups, 'group')} of clips that "
        "are not torn apart. Clips of whatever film are one group if they repeat one another (the "
        "same again, also mirrored, cropped, recoloured, with a watermark, at another speed, or a "
        f"part of it: score {rule.least_score:g} or more), or if they look alike (cosine distance "
        f"of their previews up to {rule.nearer_than:g})"
        + (", and so are all clips of one film." if rule.by_film else ".")
        + f" The seed was {rule.seed}: the same clips give the same splits.",
        *_not_compared(rule),
        "",
        "## Labels",
        "",
    ]
    if counts.labels:
        named = sorted(counts.labels.items(), key=lambda each: (-each[1], each[0]))
        lines += ["| label | clips |", "|---|---:|"]
        lines += [f"| {name} | {number} |" for name, number in named]
    else:
        lines.append("No clip has a label.")
    lines += ["", "## Left out", ""]
    if counts.dropped:
        lines += ["| clips | why |", "|---:|---|"]
        lines += [f"| {number} | {why} |" for why, number in sorted(counts.dropped.items())]
    else:
        lines.append("All chosen clips are here.")
    if counts.without_vector:
        lines += ["", f"Without a vector: {number_of(counts.without_vector, 'clip')}."]
    lines += [
        "",
        "## Fields",
        "",
        "`start_frame` and `end_frame` are numbers of frames in the film, counted from 0, the end "
        "not included: those that the file holds, which may be less than the whole clip. "
        "`start_seconds` and `end_seconds` are the times of the same in the film. "
        "`duration_seconds` is how long the file plays, which is something else where it leaves "
        "frames out or holds the last one. "
        "`approved_by` and `approved_at` say who approved the clip, and when, `decision` how: by "
        "itself (approve) or as part of a group (group). `sha256` is that of "
        "the clip's file, `profile` names how it was made. `keyframe_frames` are the frames of the "
        "film that the stills show, of the whole clip. A file may hold a whole group of clips, "
        "`clip_ids`; `frame_ranges` are the frames of the film that it holds, one range after the "
        "other.",
        "",
        "## Licence",
        "",
        "Not stated. Say here who holds the rights in the films, and what others may do with them.",
        "",
    ]
    return "\n".join(lines)


def _not_compared(rule: SplitRule) -> list[str]:
    """The paragraph on clips that lack what others are compared by; none where all have it."""
    lacking = {
        "a preview": rule.without_preview,
        "signatures of their frames": rule.without_signatures,
    }
    told = [f"Without {what}: {number_of(n, 'clip')}." for what, n in lacking.items() if n]
    if not told:
        return []
    unknown = "Not every clip could be compared with the others, so that one like it may stand in "
    return ["", unknown + "another split. " + " ".join(told)]
