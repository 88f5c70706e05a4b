"""A song's manifest (YAML) and its timed lyrics → one row for each section of its structure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from rebracket_core.corpus.readers.columns import plain_id
from rebracket_core.corpus.readers.labels import missing, read_album
from rebracket_core.corpus.sources.base import Format, Record, Row, Skip, skip_of
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.formats.lrc import LyricLine, Lyrics, parse_time, read_lyrics
from rebracket_core.corpus.sources.repeats import check_repeats
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError

HOUR_S = 3600.0


def is_manifest(document: object) -> bool:
    """Whether a YAML document is a song manifest: it names a manifest id or a structure of sections."""
    return isinstance(document, Mapping) and ("manifest_id" in document or isinstance(document.get("structure"), list))


def lyrics_names(document: Mapping[str, Any], *, stem: str, folder: str) -> tuple[str, ...]:
    """The file names under which the song's lyrics may lie beside it, best first; folders are ignored."""
    named_file = document.get("lrc_file")
    named = [named_file.replace("\\", "/").rsplit("/", 1)[-1]] if isinstance(named_file, str) else []
    return tuple(dict.fromkeys([*named, f"{stem}.lrc", f"{folder}.lrc"]))


_NAMES_LYRICS = re.compile(rb"^[ \t]*(?:lrc_file|\"lrc_file\"|'lrc_file')[ \t]*:[ \t]*(.{1,300})", re.MULTILINE)


def named_lyrics(data: bytes) -> tuple[str, ...]:
    """The names of the lyrics files that the text of a YAML file names, folders left out; nothing of it is interpreted."""
    found = (match[1].decode("utf-8", "replace").split(" #")[0].strip().strip("\"'") for match in _NAMES_LYRICS.finditer(data))
    return tuple(name for named_file in found if (name := named_file.replace("\\", "/").rsplit("/", 1)[-1]))


class ManifestFormat(Format):
    """A song's manifest: one record, which makes a row a section."""

    name = "manifest"
    label = "Song manifest"
    help = "A song's manifest in YAML, with its sections and the timed lyrics beside it."
    suffixes = (".yml", ".yaml")

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell a manifest by its keys."""
        return is_manifest(head.yaml)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give the song; every section has the same concept, so it is one record."""
        document = stream.document()
        sections = document.get("structure")
        described = [s.get("description") for s in sections if isinstance(s, Mapping)] if isinstance(sections, list) else []
        values = {**{str(k): v for k, v in document.items() if k != "lyrics"}, "descriptions": described}
        folder = PurePosixPath(entry.name).parent.name or stream.root
        lyrics = stream.beside(lyrics_names(document, stem=entry.stem, folder=folder))
        rows = partial(_rows, document, entry=entry, lyrics=lyrics, stream=stream)
        yield Record(entry.name, values, document.get("concept"), origin="songs", rows=rows)


def _rows(document: Mapping[str, Any], *, entry: Entry, lyrics: Entry | None, stream: Stream) -> Iterator[Row | Skip]:
    """One row for each section; a song without sections is one row.

    Raises DataError for a song without a concept, InputError for an unknown colour.
    """
    name = entry.name
    song = plain_id(document.get("manifest_id")) or entry.stem
    common = _common(document, song=song, name=name)
    lines: list[LyricLine] = []
    if lyrics is not None:
        try:
            sung_lines = read_lyrics(stream.text_of(lyrics))
            lines = list(sung_lines.lines)
            yield from _unread(sung_lines, name=lyrics.name)
        except DataError as error:
            yield skip_of(error, where=lyrics.name)
    elif document.get("lrc_file"):
        stream.note("Some songs name a lyrics file that is not there; they have no lyrics.")
    found = document.get("structure")
    sections = [s for s in found if isinstance(s, Mapping)] if isinstance(found, list) else []
    if not sections:
        stream.note("Songs without a structure became one row each.")
        everything = "\n".join(line.text for line in lines)
        yield {**common, "row_id": f"{song}_seg_0001", "where": name, "lyrics": everything}
        return
    check_repeats(document, ("concept", "title", "manifest_id", "rainbow_color"), times=len(sections), name=name)
    sung = _by_section(sections, lines=lines, name=name, note=stream.note)
    for number, (section, words) in enumerate(zip(sections, sung, strict=True), start=1):
        yield {
            **common,
            "row_id": f"{song}_seg_{number:04d}",
            "where": f"{name}:section {number}",
            "descriptions": _word(section.get("description")),
            "lyrics": words,
        }


def _unread(lyrics: Lyrics, *, name: str) -> Iterator[Skip]:
    """What of a lyrics file was not read, as one Skip; the song's own rows stay."""
    if lyrics.unread:
        reason = f"{len(lyrics.unread)} lines have a time that cannot be read ({'; '.join(lyrics.unread[:3])})"
        yield Skip(name, reason, "write it as [mm:ss.xx], such as [01:15.00]")
    if not lyrics.lines:
        yield Skip(name, "holds no line with a time, so the song has no lyrics", "write [mm:ss.xx] before each line")


def _common(document: Mapping[str, Any], *, song: str, name: str) -> Row:
    concept = document.get("concept")
    if missing(concept):
        raise DataError(
            "The song has no concept.",
            expected="a field 'concept'",
            found=", ".join(key for key in document if isinstance(key, str))[:200],
            hint="write the song's concept into its manifest",
            where=name,
        )
    return {
        "group_id": song,
        "origin": "songs",
        "title": _word(document.get("title")),
        "concept": concept,
        "album": read_album(document.get("rainbow_color")),
    }


def _by_section(
    sections: list[Mapping[str, Any]], *, lines: list[LyricLine], name: str, note: Callable[[str], None]
) -> list[str]:
    starts: list[float | None] = []
    for section in sections:
        try:
            starts.append(parse_time(str(section.get("start_time"))))
        except DataError:
            starts.append(None)
            note(f"{name}: a section has no readable start time and got no lyrics.")
    known = [start for start in starts if start is not None]
    if lines and known and lines[0].start_s >= HOUR_S > max(known):
        # Time code of a studio starts at hour one: the song is an hour "late" in its lyrics.
        note(f"{name}: the lyrics' time code starts at one hour; the hour was taken off.")
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
