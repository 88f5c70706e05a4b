"""One colour map, all of it from the Rainbow Table, readable on light and on dark."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import rebracket_core.charts as charts
from rebracket_core.charts import colours
from rebracket_core.rainbow import ALBUM_NAMES, ALBUMS

ROOT = Path(__file__).parents[3]


def _backgrounds() -> list[str]:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    return [theme[mode][name] for mode in ("light", "dark") for name in ("backgroundColor", "secondaryBackgroundColor")]


def test_the_colours_are_those_of_the_table() -> None:
    assert {album.name: album.hex for album in ALBUMS} == colours.ALBUM_COLOURS
    assert colours.album_colour("Red") == "#AE1E36"


def test_no_other_chart_module_writes_a_colour() -> None:
    folder = Path(charts.__file__).parent
    for path in folder.glob("*.py"):
        assert not re.search(r"#[0-9A-Fa-f]{6}\b", path.read_text()), path.name


@pytest.mark.parametrize("background", _backgrounds())
def test_the_outline_shows_on_every_background(background: str) -> None:
    assert colours.contrast(colours.OUTLINE, background) >= 3.0


@pytest.mark.parametrize("album", ALBUM_NAMES)
def test_ink_is_readable_on_every_album(album: str) -> None:
    colour = colours.ALBUM_COLOURS[album]
    assert colours.contrast(colours.ink_on(colour), colour) >= 4.5


def test_ink_is_readable_on_every_step_from_few_to_many() -> None:
    steps = colours.sequential()
    assert len(steps) == 9
    lightness = [colours.luminance(step) for step in steps]
    assert lightness == sorted(lightness, reverse=True) and len(set(lightness)) == 9
    assert all(colours.contrast(colours.ink_on(step), step) >= 3.8 for step in steps)


def test_contrast_and_mixture_have_their_known_values() -> None:
    assert colours.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert colours.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert colours.mix("#000000", "#FFFFFF") == "#808080"
    assert colours.with_alpha("#FF8000", 0.5) == "rgba(255,128,0,0.5)"


def test_no_two_albums_share_a_symbol() -> None:
    assert len(set(colours.ALBUM_SYMBOLS.values())) == len(ALBUM_NAMES)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_is_readable(mode: str) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][mode]
    assert colours.contrast(theme["textColor"], theme["backgroundColor"]) >= 7.0
    assert colours.contrast(theme["textColor"], theme["secondaryBackgroundColor"]) >= 7.0
    assert colours.contrast(theme["linkColor"], theme["backgroundColor"]) >= 4.5
    assert colours.contrast("#FFFFFF", theme["primaryColor"]) >= 4.2
