"""The page of all options is made of the options."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.options import Option
from rebracket_core.training.config import all_options, options_markdown, plain_options

PAGE = Path(__file__).resolve().parents[3] / "docs" / "options.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == options_markdown(), "rebracket options --markdown > docs/options.md"


def test_every_option_is_told_with_its_default_and_its_meaning() -> None:
    told = {o["name"]: o for o in plain_options()}
    assert set(told) == set(all_options()) and len(told) > 50
    for option in all_options().values():
        assert f"| `{option.name}` |" in options_markdown() and option.help in options_markdown().replace("|", "")


def test_names_are_unique_over_all_sections() -> None:
    from rebracket_core.models.heads import HEADS
    from rebracket_core.options import options_of
    from rebracket_core.training.config import SECTIONS

    found: list[Option] = [o for section in SECTIONS.values() for o in options_of(section)]
    found += [o for head in HEADS if head.Options is not None for o in options_of(head.Options)]
    assert len({o.name for o in found}) == len(found) == len(all_options())
