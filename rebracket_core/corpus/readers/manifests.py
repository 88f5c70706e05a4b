"""A song's manifest (YAML) and its timed lyrics → one row for each section of its structure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from rebracket_core.corpus.readers.intake import Intake, check_repeats
from rebracket_core.corpus.readers.labels import missing, read_album
from rebracket_core.corpus.readers.lrc import LyricLine, parse_time
from rebracket_core.errors import DataError

HOUR_S = 3600.0


def is_manifest(document: object) -> bool:
    """Whether a YAML document is a song manifest: it names a manifest id or a structure of sections."""
    return isinstance(document, Mapping) and ("manifest_id" in document or isinstance(document.get("structure"), list))


def lyrics_names(document: Mapping[str, Any], *, stem: str, folder: str) -> tuple[str, ...]:
    """The file names under which the song's lyrics may lie beside it, best first; folders are ignored."""
    said = document.get("lrc_file")
    named = [said.replace("\\", "/").rsplit("/", 1)[-1]] if isinstance(said, str) else []
    return tuple(dict.fromkeys([*named, f"{stem}.lrc", f"{folder}.lrc"]))


def take_manifest(document: Mapping[str, Any], *, name: str, stem: str, lines: list[LyricLine], into: Intake) -> None:
    """Put one row for each section into the intake; a song without sections becomes one row.

    Raises DataError for a song without a concept, InputError for an unknown colour.
    """
    song = str(document.get("manifest_id") or stem)
    concept = document.get("concept")
    if missing(concept):
        raise DataError(
            "The song has no concept.",
            expected="a field 'concept'",
            found=", ".join(key for key in document if isinstance(key, str))[:200],
            hint="write the song's concept into its manifest",
            where=name,
        )
    sections = document.get("structure")
    sections = [s for s in sections if isinstance(s, Mapping)] if isinstance(sections, list) else []
    common: dict[str, Any] = {
        "group_id": song,
        "origin": "songs",
        "title": _word(document.get("title")),
        "concept": concept,
        "album": read_album(document.get("rainbow_color")),
    }
    if not sections:
        into.note("Songs without a structure became one row each.")
        everything = "\n".join(line.text for line in lines)
        into.take({**common, "row_id": f"{song}_seg_0001", "where": name, "lyrics": everything})
        return
    check_repeats(document, ("concept", "title", "manifest_id", "rainbow_color"), times=len(sections), name=name)
    lyrics = _by_section(sections, lines=lines, name=name, into=into)
    for number, (section, sung) in enumerate(zip(sections, lyrics, strict=True), start=1):
        into.take(
            {
                **common,
                "row_id": f"{song}_seg_{number:04d}",
                "where": f"{name}:section {number}",
                "descriptions": _word(section.get("description")),
                "lyrics": sung,
            }
        )


def _by_section(sections: list[Mapping[str, Any]], *, lines: list[LyricLine], name: str, into: Intake) -> list[str]:
    starts: list[float | None] = []
    for section in sections:
        try:
            starts.append(parse_time(str(section.get("start_time"))))
        except DataError:
            starts.append(None)
            into.note(f"{name}: a section has no readable start time and got no lyrics.")
    known = [start for start in starts if start is not None]
    if lines and known and lines[0].start_s >= HOUR_S > max(known):
        # Time code of a studio starts at hour one: the song is an hour "late" in its lyrics.
        into.note(f"{name}: the lyrics' time code starts at one hour; the hour was taken off.")
        lines = [replace(line, start_s=line.start_s - HOUR_S, end_s=line.end_s - HOUR_S) for line in lines]
    return ["\n".join(sung) for sung in assign_lines(lines, starts=starts)]


def assign_lines(lines: list[LyricLine], *, starts: list[float | None]) -> list[list[str]]:
    """The words of each section: a line belongs to the last section that has begun when the line starts.

    `starts` are seconds, None for a section without a readable time. Lines before the first section go to the first.
    """
    order = sorted((start, k) for k, start in enumerate(starts) if start is not None)
    out: list[list[str]] = [[] for _ in starts]
    if not order:
        return out
    ends = [later[0] for _, later in pairwise(order)] + [float("inf")]
    for line in lines:
        out[order[bisect_right(ends, line.start_s)][1]].append(line.text)
    return out


def _word(value: object) -> str:
    return "" if missing(value) or isinstance(value, (Mapping, list)) else str(value)
