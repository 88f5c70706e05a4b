"""The Rainbow Table is one table; everything else is derived from it."""

from pathlib import Path

import numpy as np
import pytest

from rebracket_core.errors import InputError
from rebracket_core.rainbow import (
    ALBUM_NAMES,
    ALBUMS,
    AXIS_NAMES,
    MODES,
    TYPE_NAMES,
    album_named,
    album_of_triple,
    album_targets,
    album_vertices,
    axis_target,
    parse_album,
    parse_modes,
    parse_types,
)

ROOT = Path(__file__).resolve().parents[3]


def test_orders_are_those_of_the_users() -> None:
    assert AXIS_NAMES == ("temporal", "spatial", "ontological")
    assert MODES == {
        "temporal": ("past", "present", "future"),
        "spatial": ("thing", "place", "person"),
        "ontological": ("imagined", "forgotten", "known"),
    }
    assert "".join(a.key for a in ALBUMS) == "ZROYGBIVA"
    assert TYPE_NAMES[0] == "spatial" and TYPE_NAMES[7] == "identity" and len(TYPE_NAMES) == 8


def test_targets_are_the_golden_ones() -> None:
    assert axis_target("temporal", {"past"}) == pytest.approx((0.933333, 0.033333, 0.033333), abs=1e-6)
    assert axis_target("temporal", {"past"}, smoothing=0.05) == pytest.approx((0.966667, 0.016667, 0.016667), abs=1e-6)
    assert axis_target("temporal", {"past"}, smoothing=0.2) == pytest.approx((0.866667, 0.066667, 0.066667), abs=1e-6)
    assert axis_target("ontological", {"known", "forgotten"}) == pytest.approx((0.033333, 0.483333, 0.483333), abs=1e-6)
    assert axis_target("spatial", ()) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert np.allclose(album_targets().sum(axis=-1), 1.0)
    assert np.allclose(album_vertices().sum(axis=-1), 1.0)
    with pytest.raises(ValueError):
        album_targets()[0, 0, 0] = 1.0


def test_six_of_the_27_triples_belong_to_an_album() -> None:
    charted = [album_of_triple((t, s, o)) for t in MODES["temporal"] for s in MODES["spatial"] for o in MODES["ontological"]]
    assert len(charted) == 27
    assert [a.name for a in charted if a] == ["Orange", "Red", "Blue", "Violet", "Yellow", "Green"]
    assert album_of_triple(("past", "person", "known")) is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Z", "Black"),
        ("a", "White"),
        ("  violet ", "Violet"),
        ({"color_name": "Red"}, "Red"),
        ({"color_name": None, "mnemonic_character_value": "Y"}, "Yellow"),
    ],
)
def test_albums_are_read_by_letter_name_and_mapping(value: object, name: str) -> None:
    album = parse_album(value)
    assert album is not None and album.name == name


@pytest.mark.parametrize("nothing", [None, "", "none", float("nan"), {}])
def test_nothing_is_no_album(nothing: object) -> None:
    assert parse_album(nothing) is None


@pytest.mark.parametrize(
    ("value", "modes"),
    [
        ("Known, Forgotten", {"known", "forgotten"}),
        (["KNOWN"], {"known"}),
        ("['forgotten']", {"forgotten"}),
        (None, set()),
        ("None", set()),
        ("imagined and known", {"imagined", "known"}),
        ([None, "known"], {"known"}),
    ],
)
def test_modes_are_sets(value: object, modes: set[str]) -> None:
    assert parse_modes("ontological", value) == modes


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(InputError, match="mauve"):
        parse_album("mauve")
    with pytest.raises(InputError, match="yesterday"):
        parse_modes("temporal", "past, yesterday")
    with pytest.raises(InputError, match="experiential"):
        parse_types("spatial, experiential")
    with pytest.raises(InputError, match="Mauve"):
        album_named("Mauve")


def test_no_second_copy_of_the_table() -> None:
    """A hex of the table anywhere else in the code is a second copy."""
    hexes = [album.hex.lower() for album in ALBUMS]
    for folder in ("rebracket_core", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8").lower()
            assert not [h for h in hexes if h in text], path
            assert text.count("'past', 'thing'") + text.count('"past", "thing"') == 0, path
    assert len(ALBUM_NAMES) == 9
