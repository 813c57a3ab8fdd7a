"""Final Cut Pro's XML (FCPXML 1.9, which DaVinci Resolve and Final Cut Pro 10.4.9 and later read).

Own code: OpenTimelineIO's adapter for it ends at Python 3.8 (it imports `cElementTree`), runs
ffprobe to learn a size, and cuts rates to whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from heaters_pipeline.domain.timecode import Counting
from heaters_pipeline.domain.timeline import RECORD_START, Media, Take, main_rate
from heaters_pipeline.editors.urls import media_url

VERSION = "1.9"

_CONFORMED = {
    **{Fraction(nominal * 1000, 1001): text for nominal, text in ((24, "23.98"), (30, "29.97"))},
    **{Fraction(rate): str(rate) for rate in (24, 25, 30, 50, 60)},
    Fraction(60000, 1001): "59.94",
}
"""What `srcFrameRate` can say."""


def write_fcpxml(title: str, takes: Sequence[Take]) -> str:
    """The takes one after the other in one project, at the rate of most of their media. A take of
    another rate begins at its first frame exactly, and lasts as many whole frames of the timeline
    as it has: less than one frame of its end is left out, and none of the next shot shows."""
    rate = main_rate(takes)
    root = Element("fcpxml", version=VERSION)
    resources = SubElement(root, "resources")
    names = _Resources(resources)
    first = next(take.media for take in takes if take.media.rate == rate)
    format_id = names.format(first)
    event = SubElement(SubElement(root, "library"), "event", name=title)
    sequence = SubElement(
        SubElement(event, "project", name=title),
        "sequence",
        format=format_id,
        tcStart=_time(Fraction(Counting.of(rate).frame(RECORD_START)) / rate),
        tcFormat="NDF",
    )
    spine = SubElement(sequence, "spine")
    position = Counting.of(rate).frame(RECORD_START)
    begin = position
    for take in takes:
        length = max(1, int(take.frames.length / take.media.rate * rate))
        _place(spine, names, take, Fraction(position) / rate, Fraction(length) / rate, rate)
        position += length
    sequence.set("duration", _time(Fraction(position - begin) / rate))
    _make_writable(root)
    indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
    return head + tostring(root, encoding="unicode") + "\n"


class _Resources:
    """Formats and assets, each once."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._formats: dict[tuple[Fraction, int, int], str] = {}
        self._assets: dict[str, str] = {}

    def format(self, media: Media) -> str:
        key = (media.rate, media.width, media.height)
        if key not in self._formats:
            self._formats[key] = self._next()
            SubElement(
                self._element,
                "format",
                id=self._formats[key],
                frameDuration=_time(1 / media.rate),
                width=str(media.width),
                height=str(media.height),
            )
        return self._formats[key]

    def asset(self, media: Media) -> str:
        if media.path not in self._assets:
            format_id = self.format(media)
            self._assets[media.path] = self._next()
            asset = SubElement(
                self._element,
                "asset",
                id=self._assets[media.path],
                name=media.name,
                start=_time(Fraction(media.start.first) / media.rate),
                duration=_time(Fraction(media.length) / media.rate),
                hasVideo="1",
                format=format_id,
            )
            if media.has_audio:
                asset.set("hasAudio", "1")
            SubElement(asset, "media-rep", kind="original-media", src=media_url(media.path))
            metadata = SubElement(asset, "metadata")
            SubElement(metadata, "md", key="com.apple.proapps.studio.reel", value=media.reel)
        return self._assets[media.path]

    def _next(self) -> str:
        return f"r{len(self._formats) + len(self._assets) + 1}"


def _place(
    spine: Element,
    names: _Resources,
    take: Take,
    offset: Fraction,
    duration: Fraction,
    rate: Fraction,
) -> None:
    media, clip = take.media, take.clip
    start = Fraction(media.start.first + take.frames.start) / media.rate
    element = SubElement(
        spine,
        "asset-clip",
        ref=names.asset(media),
        name=clip.name,
        offset=_time(offset),
        start=_time(start),
        duration=_time(duration),
        format=names.format(media),
        tcFormat="DF" if media.start.counting.drop else "NDF",
    )
    if clip.remarks:
        SubElement(element, "note").text = clip.remarks
    if media.rate != rate:
        conform = SubElement(element, "conform-rate", scaleEnabled="0")
        if media.rate in _CONFORMED:
            conform.set("srcFrameRate", _CONFORMED[media.rate])
    for label in clip.labels:
        SubElement(element, "keyword", start=_time(start), duration=_time(duration), value=label)


_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML may have (XML 1.0, 2.2), as notes and names of files can."""


def _make_writable(root: Element) -> None:
    for element in root.iter():
        for name, value in element.items():
            element.set(name, _REFUSED.sub(" ", value))
        if element.text:
            element.text = _REFUSED.sub(" ", element.text)


def _time(seconds: Fraction) -> str:
    """Rational seconds, as in `1001/30000s`."""
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{seconds.numerator}/{seconds.denominator}s"
