"""Cells as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from rebracket_core.corpus.readers.labels import read_album, read_axis, read_types, read_weight, read_yes_or_no
from rebracket_core.errors import DataError, InputError


@pytest.mark.parametrize(
    ("value", "album"),
    [
        ("red", "Red"),
        ("Z", "Black"),
        ("a", "White"),
        (" B ", "Blue"),
        (None, None),
        (float("nan"), None),
        ("", None),
        ("UNLABELED", None),
        ({"color_name": "Black", "mnemonic_character_value": "B"}, "Black"),
        ({"color_name": None}, None),
    ],
)
def test_albums(value: Any, album: Any) -> None:
    assert read_album(value) == album


def test_an_unknown_colour_is_named() -> None:
    with pytest.raises(InputError, match="Mauve"):
        read_album("Mauve")


@pytest.mark.parametrize(
    ("value", "modes"),
    [
        ("Known, Forgotten", ["forgotten", "known"]),
        (["Known"], ["known"]),
        ("KNOWN", ["known"]),
        ("None", []),
        ([], []),
        (None, None),
        (float("nan"), None),
        ("  ", None),
        ('["known", "imagined"]', ["imagined", "known"]),
    ],
)
def test_modes(value: Any, modes: Any) -> None:
    assert read_axis("ontological", value) == (None, modes)


@pytest.mark.parametrize("value", [{"past": 0.5, "Future": 0.5}, [0.5, 0, 0.5], '{"past": 0.5, "future": 0.5}', "[0.5,0,0.5]"])
def test_shares(value: Any) -> None:
    assert read_axis("temporal", value) == ([0.5, 0.0, 0.5], None)


@pytest.mark.parametrize(
    "value",
    [{"past": 0.5}, {"past": -1, "future": 2}, [0.5, 0.5], {"past": float("nan")}, {"past": "much"}, {}, [True, 0.5, 0.5]],
)
def test_what_is_no_distribution(value: Any) -> None:
    with pytest.raises(DataError):
        read_axis("temporal", value)


@pytest.mark.parametrize("value", ["yesterday", {"yesterday": 1.0}, "past, yesterday", 3, {"past": 0.5, "thing": 0.5}])
def test_an_unknown_mode_is_an_error_that_names_it(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        read_axis("temporal", value)
    assert "yesterday" in str(caught.value) or "thing" in str(caught.value) or "3" in str(caught.value)


def test_types() -> None:
    assert read_types("none") == []
    assert read_types(None) is None
    assert read_types("Memory; spatial") == ["spatial", "memory"]
    assert read_types('["causal"]') == ["causal"]
    with pytest.raises(InputError, match="experiential"):
        read_types("experiential")


def test_weights() -> None:
    assert read_weight(None) == 1.0
    assert read_weight("0.5") == 0.5
    for bad in ("heavy", -1, float("inf"), [1]):
        with pytest.raises(DataError, match="weight"):
            read_weight(bad)


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "1.0", "TRUE", " yes ", "y", "T"])
def test_yes(value: Any) -> None:
    assert read_yes_or_no(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "No", "n", "F"])
def test_no(value: Any) -> None:
    assert read_yes_or_no(value) is False


@pytest.mark.parametrize("value", [None, "", float("nan"), "NA"])
def test_neither_yes_nor_no(value: Any) -> None:
    assert read_yes_or_no(value) is None


@pytest.mark.parametrize("value", ["perhaps", 2, 0.5, "10"])
def test_what_is_neither_yes_nor_no_is_named(value: Any) -> None:
    with pytest.raises(InputError, match="neither yes nor no"):
        read_yes_or_no(value)
