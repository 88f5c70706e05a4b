"""The guide to the eight types: each with what labellers need, in words that the Rainbow Table knows."""

from __future__ import annotations

import re

from rebracket_core.rainbow import TYPES
from rebracket_core.ui.annotate.labelling.guideline import types_guide
from rebracket_core.ui.site import ROOT


def test_every_type_has_its_definition_traits_words_and_an_example() -> None:
    text = (ROOT / "docs" / "types.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## )", text, flags=re.M | re.S))
    for kind in TYPES:
        part = parts[kind.name.capitalize()].replace("\n", " ")
        for name in ("**Definition.**", "**Traits.**", "**Marker words.**", "> "):
            assert name in part, (kind.name, name)
        named = part.partition("**Marker words.**")[2].partition(".")[0]
        assert {word.strip() for word in named.split(",")} <= set(kind.words), kind.name
        assert f"| [{kind.name}](#{kind.name}) | {kind.redraws} |" in text


def test_the_page_shows_it_without_links_that_lead_nowhere() -> None:
    guide = types_guide()
    assert guide.startswith("A text rebrackets") and "#### How to label" in guide
    assert all(target.startswith("#") for target in re.findall(r"\]\(([^)]+)\)", guide))
