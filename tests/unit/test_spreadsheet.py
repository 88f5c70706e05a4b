"""Cells of a CSV: no formula runs, and what was put in front of a text comes off again."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings, strategies as st

from rebracket_core.spreadsheet import guarded, harmless, restored, unguarded

FORMULA_LIKE = st.text(st.sampled_from("'=+-@\t\r\n \x00\u200b\ufffda"), max_size=8)


@settings(max_examples=300, deadline=None)
@given(FORMULA_LIKE | st.text(max_size=20))
@example("'=1")
@example("''=1")
@example("\x00=1")
@example("'\t=1")
def test_what_stands_before_a_formula_comes_off_again(text: str) -> None:
    kept = text.replace("\x00", "\ufffd")
    assert restored(harmless(text)) == kept
    assert unguarded(guarded(text)) == kept
    assert restored(kept) == kept or kept.startswith("'")


@pytest.mark.parametrize("text", ["+1", "-2+3 were the numbers", "=SUM(A1)", "@home", "'=1", " =1", "\t1", "\uff1d1"])
def test_a_formula_and_an_apostrophe_before_one_get_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["'Twas a bell", "'", "", "a = b", "''quoted''", "3-2"])
def test_other_texts_stay_and_lose_no_apostrophe(text: str) -> None:
    assert harmless(text) == restored(text) == text
