"""Every training option in words, for the command line, for `docs/options.md` and for model cards: derived, never written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rebracket_core.aliases import OLD_KEYS
from rebracket_core.options import Choices, Option, Range
from rebracket_core.training.config.training_config import SECTIONS, all_options

_HEAD = """# Training options

Every option of a training, with its default, what may stand there and what it means. This page is made of the options
themselves: `rebracket options --markdown` prints it.

Options are given by name on the command line (`rebracket train DATASET --set ensemble_size=3`), in a YAML or JSON file
(`--config FILE`, alone or below their section), and as ranges or choices in the space of a search (`--space FILE`).
"""


def sections() -> dict[str, list[Option]]:
    """The options by section, those of a kind of head below "head:KIND"."""
    out: dict[str, list[Option]] = {}
    for option in all_options().values():
        out.setdefault(option.section, []).append(option)
    return out


def section_title(section: str) -> str:
    """What people read above a section."""
    return (
        f"Heads of the kind {section.partition(':')[2]}"
        if ":" in section
        else section.capitalize().replace("Finetuning", "Fine-tuning")
    )


def section_about(section: str) -> str:
    """The sentence that says what a section is about."""
    return str(SECTIONS[section].__doc__ or "") if section in SECTIONS else "They count where `head` is this kind."


def shown(value: Any) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)


def plain_options() -> list[dict[str, Any]]:
    """The options as plain values, for `rebracket options --json`."""
    old = {new: name for name, new in OLD_KEYS.items()}
    return [
        {
            "name": o.name,
            "section": o.section,
            "kind": o.kind,
            "default": list(o.default) if o.kind == "words" else o.default,
            "low": o.low,
            "high": o.high,
            "choices": [choice.name for choice in o.choices],
            "known": [choice.name for choice in o.suggestions],
            "label": o.label,
            "help": o.help,
            "searchable": o.searchable is not False,
            "suggested": _suggestion(o.searchable),
            "needs": {name: list(values) for name, values in (o.needs or {}).items()},
            "or_needs": {name: list(values) for name, values in (o.or_needs or {}).items()},
            "older_name": old.get(o.name),
        }
        for o in all_options().values()
    ]


def options_markdown() -> str:
    """The page `docs/options.md`."""
    parts = [_HEAD]
    for section, options in sections().items():
        parts += [f"## {section_title(section)}\n", f"{section_about(section)}\n"]
        parts += [_table(("option", "default", "allowed", "meaning"), [_row(option) for option in options])]
        parts += [
            _choices(option) for option in options if any(choice.help for choice in (*option.choices, *option.suggestions))
        ]
    parts += [
        "## Older names\n",
        "Files, specs of older runs, `--set` and spaces of searches may use these too.\n",
        _table(("older name", "name"), [(f"`{old}`", f"`{new}`") for old, new in OLD_KEYS.items()]),
    ]
    return "\n".join(parts)


def changed_table(changed: Mapping[str, tuple[Option, Any]]) -> list[tuple[str, str, str]]:
    """(label, name=value, help) of options that do not stand at their default."""
    return [(option.label, f"{name}={shown(value)}", option.help) for name, (option, value) in changed.items()]


def _row(option: Option) -> tuple[str, str, str, str]:
    needs = option.counts_where(quote="`")
    kept = " The same for all trials of a search." if option.searchable is False else ""
    return (
        f"`{option.name}`",
        f"`{shown(option.default)}`" if shown(option.default) else "empty",
        option.allowed,
        f"**{option.label}.** {option.help}{f' Counts where {needs}.' if needs else ''}{kept}",
    )


def _choices(option: Option) -> str:
    return (
        f"`{option.name}`:\n\n"
        + "\n".join(f"- `{c.name}`, {c.label}: {c.help}" for c in (*option.choices, *option.suggestions))
        + "\n"
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"


def _suggestion(found: bool | Range | Choices) -> Any:
    if isinstance(found, Range):
        return {"low": found.low, "high": found.high, "log": found.log, "step": found.step}
    return list(found.values) if isinstance(found, Choices) else None
