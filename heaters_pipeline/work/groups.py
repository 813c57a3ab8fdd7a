"""Groups of clips, each as one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from heaters_pipeline.db import clips, deletions, group_exports, profiles, source_videos
from heaters_pipeline.db.group_exports import Missing
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.joined_range import joined, together
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.gold_master import GoldMaster, open_gold_master
from heaters_pipeline.work.objects import LocalFile, keep
from heaters_pipeline.work.outages import Outage, is_outage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.side_by_side import side_by_side
from heaters_pipeline.work.step import sentence_of


@dataclass(frozen=True)
class GroupsMade:
    made: list[str] = field(default_factory=list)
    """Storage keys."""
    failed: dict[int, str] = field(default_factory=dict)
    """Why, by the first clip of the group."""
    waiting: list[int] = field(default_factory=list)
    """The first clips of those that are tried again by themselves."""


def export_groups(pipeline: Pipeline, key: str) -> GroupsMade:
    """Makes the files that the whole groups of a video lack, each of its clips in the film's order,
    proven as a clip's file is. The caller holds the video's lock."""
    done = GroupsMade()
    with pipeline.transaction() as session:
        missing = group_exports.missing(session, key)
        video = source_videos.get(session, key)
    if not missing:
        return done
    with open_gold_master(pipeline, video, len(missing)) as gold:
        paths = side_by_side(lambda each: _made(gold, each, done), missing, gold.room.clips)
    done.made.extend(path for path in paths if path is not None)
    return done


def _made(gold: GoldMaster, wanted: Missing, done: GroupsMade) -> str | None:
    """The storage key of a group's file; None where there is none in the end."""
    pipeline = gold.pipeline
    try:
        return _make(gold, wanted)
    except Exception as error:
        if is_outage(pipeline, error):
            raise Outage(STORAGE, str(error)) from error
        reason = sentence_of(error)
        pipeline.log.error(f"Group of clip {wanted.first_clip_id}: {reason}")
        with pipeline.transaction() as session:
            if may_pass(error) and group_exports.try_later(session, wanted, reason):
                done.waiting.append(wanted.first_clip_id)
                return None
            if not may_pass(error):
                group_exports.fail(session, wanted, reason)
        done.failed[wanted.first_clip_id] = reason
        return None


def _make(gold: GoldMaster, wanted: Missing) -> str | None:
    """The storage key; None where the group has changed while its file was made, which is deleted
    then."""
    pipeline = gold.pipeline
    with pipeline.transaction() as session:
        row = profiles.get(session, wanted.profile)
        found = {clip.id: clip for clip in clips.with_ids(session, wanted.clip_ids)}
    profile = row.profile
    ranges = [
        found[each].clean_frames if profile.trimmed else found[each].frames
        for each in wanted.clip_ids
    ]
    out = gold.folder / f"group-{wanted.first_clip_id}-{row.name}.{profile.container}"
    stall_seconds = pipeline.settings.stall_seconds

    def export(parts: Sequence[GoldRange]) -> Receipt:
        return export_clip(joined(parts), out, stall_seconds=stall_seconds, profile=profile)

    receipt = gold.read_all(together(ranges), export)
    own = layout.name_of(receipt["sha256"])
    path = layout.group_export(wanted.first_clip_id, row.name, wanted.basis, own, profile.container)
    keep(pipeline, gold.video.id, {path: LocalFile(out, receipt["sha256"])})
    out.unlink()
    signed = receipt | {"profile": row.name, "profile_hash": row.hash}
    with pipeline.transaction() as session:
        clips.locked(session, wanted.clip_ids)
        if wanted not in group_exports.missing(session, gold.video.key):
            deletions.enter(session, [path], "its group changed while it was made")
            return None
        group_exports.save(session, wanted, path, ranges, signed)
    return path
