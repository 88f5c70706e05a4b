"""Timed lyrics (LRC) → lines with start and end in seconds. They belong to a song and are never texts of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rebracket_core.corpus.limits import MAX_CELL_CHARS
from rebracket_core.corpus.sources.base import Aside, Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError

LAST_LINE_S = 3.0
_LOOKED_AT = 200_000
_MAX_STAMPS = 1_000
_TIME = re.compile(r"\[?\s*(\d{1,3}):(\d{2})(?:[.:](\d{1,3}))?\s*\]?")
_STAMP = re.compile(r"\[(\d{1,3}):(\d{2})(?:[.:](\d{1,3}))?\]")
_TAG = re.compile(r"\[[A-Za-z#]+:.*\]\s*")


@dataclass(frozen=True, slots=True)
class LyricLine:
    """One sung line: its words, and its start and end in seconds."""

    text: str
    start_s: float
    end_s: float


def parse_time(text: str) -> float:
    """The seconds meant by "[mm:ss.mmm]" (brackets optional, one to three digits of fraction, padded on the right).

    Raises DataError for anything else and for 60 seconds or more.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[2]) >= 60:
        raise DataError(
            "This time cannot be read.",
            expected="[mm:ss.mmm], such as [03:46.193]",
            found=repr(text)[:80],
            hint="correct the time",
        )
    return _seconds(match)


def _seconds(match: re.Match[str]) -> float:
    return int(match[1]) * 60 + int(match[2]) + int((match[3] or "0").ljust(3, "0")) / 1000


def parse_lrc(text: str) -> list[LyricLine]:
    """The sung lines in order of time; a stamp may stand on a line of its own or before its words, and may repeat.

    A line ends where the next one starts, the last one 3 s after its start. A stamp without words gives no line, but
    ends the line before it. Header tags are left out; lines before the first stamp too. Raises DataError for times or words
    without end.
    """
    stamped: list[tuple[float, list[str]]] = []
    open_times: list[float] = []
    fresh = False
    for line in text.split("\n"):
        times, rest = _leading_stamps(line.strip())
        if times:
            if not fresh:
                open_times = []
            open_times += times
            if len(open_times) > _MAX_STAMPS:
                raise _refused("too many times for one line of words", f"at most {_MAX_STAMPS:,}")
            fresh = not rest
            stamped.extend((t, [rest] if rest else []) for t in times)
        elif rest and not _TAG.fullmatch(rest) and open_times:
            for _, words in stamped[-len(open_times) :]:
                words.append(rest)
            fresh, open_times = False, open_times[-1:]
    stamped.sort(key=lambda item: item[0])
    starts = [t for t, _ in stamped]
    ends = [*starts[1:], starts[-1] + LAST_LINE_S] if starts else []
    if sum(len(word) for _, words in stamped for word in words) > MAX_CELL_CHARS:
        raise _refused("too many words", f"lyrics of at most {MAX_CELL_CHARS:,} characters, repeated ones counted again")
    return [LyricLine("\n".join(words), start, end) for (start, words), end in zip(stamped, ends, strict=True) if words]


def _leading_stamps(line: str) -> tuple[list[float], str]:
    times: list[float] = []
    at = 0
    while len(times) <= _MAX_STAMPS and (match := _STAMP.match(line, at)) and int(match[2]) < 60:
        times.append(_seconds(match))
        at = match.end()
        while line[at : at + 1].isspace():
            at += 1
    return times, line[at:]


def _refused(found: str, expected: str) -> DataError:
    return DataError("The timed lyrics (LRC) cannot be read.", expected=expected, found=found, hint="correct the file")


def looks_like_lrc(text: str) -> bool:
    """Whether the text is timed lyrics: among its first 40 lines, stamps and header tags are at least two in five."""
    lines = [line.strip() for line in text[:_LOOKED_AT].split("\n")[:400] if line.strip()][:40]
    stamps = sum(1 for line in lines if _STAMP.match(line))
    tags = sum(1 for line in lines if _TAG.fullmatch(line))
    return stamps > 0 and stamps + tags >= 0.4 * len(lines)


class LyricsFormat(Format):
    """Timed lyrics, which the manifest beside them reads."""

    name = "lrc"
    label = "Timed lyrics"
    help = "Lyrics with the time of each line; they belong to the song whose manifest lies beside them."
    suffixes = (".lrc",)
    companion = True

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell timed lyrics by the share of stamped lines."""
        return looks_like_lrc(head.text)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give no record; say where lyrics belong, for those that no song has read."""
        yield Aside(entry.name, "these are lyrics without a song", "put the song's manifest beside them")
