"""Timed lyrics (LRC) → lines with start and end in seconds. They belong to a song and are never texts of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rebracket_core.corpus.limits import MAX_CELL_CHARS
from rebracket_core.corpus.sources.base import Format, Record, Skip, Unclaimed
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.errors import DataError

LAST_LINE_S = 3.0
_LOOKED_AT = 200_000
_MAX_STAMPS = 1_000
_CLOCK = r"\s*(?:(?P<h>\d{1,2}):(?P<m>\d{1,2}):(?P<s>\d{1,2})[.,](?P<f>\d{1,9})|(\d{1,3}):(\d{1,2})(?:[.:,](\d{1,9}))?)\s*"
_TIME = re.compile(rf"\[?{_CLOCK}\]?")
_STAMP = re.compile(rf"\[{_CLOCK}\]")
_WORD_TIME = re.compile(
    r"\s*(?:<\s*\d{1,3}(?::\d{1,2}){1,2}(?:[.:,]\d{1,9})?\s*>|\[\s*\d{1,3}(?::\d{1,2}){1,2}(?:[.:,]\d{1,9})?\s*\])"
)
_ODD_STAMP = re.compile(r"\[\s*[-+]?\d[^\]\n]{0,30}\]")
_TAG = re.compile(r"\[[A-Za-z#]+:.*\]\s*")
_OFFSET = re.compile(r"\[offset:\s*([-+]?\d{1,9})\s*\]\s*", re.IGNORECASE)
_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class LyricLine:
    """One sung line: its words, and its start and end in seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Lyrics:
    """The sung lines in order of time, and the lines of the file whose time cannot be read, as "line 3: [0:75]words"."""

    lines: tuple[LyricLine, ...]
    unread: tuple[str, ...] = ()


def parse_time(text: str) -> float:
    """The seconds meant by "[mm:ss.mmm]" (brackets optional, a comma for the point, up to nine digits of fraction).

    "[hh:mm:ss.mmm]" is read too. Raises DataError for anything else and for 60 seconds or more.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None or not _is_time(match):
        raise DataError(
            "This time cannot be read.",
            expected="[mm:ss.mmm], such as [03:46.193]",
            found=repr(text)[:80],
            hint="correct the time",
        )
    return _seconds(match)


def _is_time(match: re.Match[str]) -> bool:
    """Whether a match is a time of the clock: two digits of seconds, below 60 (and minutes, where there are hours)."""
    minutes, seconds = (match["m"], match["s"]) if match["h"] else ("0", match[6])
    return len(seconds) == 2 and int(seconds) < 60 and int(minutes) < 60


def _seconds(match: re.Match[str]) -> float:
    if match["h"]:
        whole, fraction = int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"]), match["f"]
    else:
        whole, fraction = int(match[5]) * 60 + int(match[6]), match[7] or "0"
    return whole + int(fraction) / 10 ** len(fraction)


def parse_lrc(text: str) -> list[LyricLine]:
    """The sung lines in order of time; a stamp may stand on a line of its own or before its words, and may repeat.

    A line ends where the next one starts, the last one 3 s after its start. A stamp without words gives no line, but
    ends the line before it. Header tags are left out; lines before the first stamp too. Raises DataError for times or words
    without end.
    """
    return list(read_lyrics(text).lines)


def read_lyrics(text: str) -> Lyrics:
    """The sung lines as `parse_lrc` gives them, and those that cannot be read.

    "[offset:500]" moves all lines 500 ms to the front, as players do. Times of words ("<00:05.50>") and of a second voice
    within a line are left out of the words.
    """
    unread: list[str] = []
    offset = 0.0
    stamped: list[tuple[float, list[str]]] = []
    open_times: list[float] = []
    fresh = False
    for number, line in enumerate(text.split("\n"), start=1):
        times, rest = _leading_stamps(line.strip())
        if moved := _OFFSET.fullmatch(rest):
            offset = int(moved[1]) / 1000
        rest = _WORD_TIME.sub(" ", rest).strip() if "<" in rest or "[" in rest[1:] else rest
        if _ODD_STAMP.match(rest):
            unread.append(f"line {number}: {line.strip()[:_SHOWN_CHARS]}")
            open_times, fresh = [], False
        elif times:
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
    timed = zip(stamped, ends, strict=True)
    lines = (LyricLine("\n".join(words), max(0.0, a - offset), max(0.0, b - offset)) for (a, words), b in timed if words)
    return Lyrics(tuple(lines), tuple(unread))


def _leading_stamps(line: str) -> tuple[list[float], str]:
    times: list[float] = []
    at = 0
    while len(times) <= _MAX_STAMPS and (match := _STAMP.match(line, at)) and _is_time(match):
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
        """Tell timed lyrics by their name, by the song that names them, or by the share of stamped lines."""
        return suffix in self.suffixes or head.named_as_lyrics or looks_like_lrc(head.text)

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give no record; say where lyrics belong, for those that no song has read."""
        yield Unclaimed(entry.name, "these are lyrics without a song", "put the song's manifest beside them")
