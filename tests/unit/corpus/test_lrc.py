"""Timed lyrics: stamps, fractions, ends, and their place in a song's sections."""

from __future__ import annotations

import pytest

from rebracket_core.corpus.sources.formats.lrc import looks_like_lrc, parse_lrc, parse_time
from rebracket_core.corpus.sources.formats.manifest import assign_lines
from rebracket_core.errors import DataError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("[01:26.47]", 86.47), ("[03:46.193]", 226.193), ("00:00.000", 0.0), ("[00:01.22]", 1.22), ("[61:06.382]", 3666.382)],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "[1.2.3]", "[00:75.000]", "soon", "[00:1.000]", "None"])
def test_what_is_no_time_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(DataError, match="time"):
        parse_time(text)


def test_stamps_on_lines_of_their_own() -> None:
    lines = parse_lrc("[ti: A]\n[ar: B]\n[00:01.22]\nfirst line\n[00:03.500]\nsecond line\n")
    assert [(line.text, line.start_s, line.end_s) for line in lines] == [("first line", 1.22, 3.5), ("second line", 3.5, 6.5)]


def test_inline_stamps_and_a_line_sung_twice() -> None:
    lines = parse_lrc("[00:10.00][00:02.00] refrain\n[00:05.00]verse")
    assert [(line.text, line.start_s) for line in lines] == [("refrain", 2), ("verse", 5), ("refrain", 10)]


def test_a_stamp_without_words_ends_the_line_before_it() -> None:
    lines = parse_lrc("[00:01.00]sung\n[00:04.00]\n[00:09.00]again")
    assert [(line.text, line.end_s) for line in lines] == [("sung", 4.0), ("again", 12.0)]


def test_stamps_alone_give_no_lines() -> None:
    assert parse_lrc("[00:01.00]\n[00:02.00]\n") == []
    assert parse_lrc("") == []


def test_words_on_several_lines_belong_to_the_last_stamp() -> None:
    (line,) = parse_lrc("[00:01.00]\none\ntwo")
    assert line.text == "one\ntwo"


def test_lines_go_to_the_section_that_has_begun() -> None:
    lines = parse_lrc("[00:01.00]early\n[00:09.999]last of one\n[00:10.00]first of two\n[01:00.00]late")
    assert assign_lines(lines, starts=[5.0, 10.0]) == [["early", "last of one"], ["first of two", "late"]]
    assert assign_lines(lines, starts=[None, None]) == [[], []]


def test_what_looks_like_lyrics() -> None:
    assert looks_like_lrc("[ti: A]\n[00:01.00]\nwords\n")
    assert not looks_like_lrc("At [00:01] the bell rang.\nNobody came.")
    assert not looks_like_lrc('["a", "b"]')
