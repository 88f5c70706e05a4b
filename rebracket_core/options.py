"""Options that describe themselves: each is declared once, as a field of a frozen dataclass; everything else is derived.

A section is a frozen dataclass whose fields are made by `option`. Forms, command line help, checks, search spaces, documents
and model cards read `options_of(section)` and hold no list of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from rebracket_core.errors import ConfigError
from rebracket_core.texts import brief

_KEY = "option"
_YES, _NO = ("true", "yes"), ("false", "no")


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; `log` tries each power of ten alike; `step` 0 means any number."""

    low: float
    high: float
    log: bool = False
    step: float = 0.0

    def holds(self, value: Any) -> bool:
        """Whether a search over the range could come to the value."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        return not self.step or math.isclose((value - self.low) / self.step, round((value - self.low) / self.step))


@dataclass(frozen=True, slots=True)
class Choices:
    """A few values, words or switches, tried as they are; several text fields are one word with commas between."""

    values: tuple[str | float | bool, ...]

    def holds(self, value: Any) -> bool:
        """Whether the value is one of the choices."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option of a few words, with what people read."""

    name: str
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it was declared.

    `kind` is "bool", "int", "float", "str" or "words" (a tuple of words); `low` and `high` bound numbers; `given` are the
    choices, or a function that gives them (members of a registry do as choices: they have a name, a label and help);
    `known` are names that may stand there beside others that only have a form, such as paths, given like choices;
    `searchable` is False where a search must not vary it, a Range or Choices where one is suggested; `needs` maps another
    option to the values under which this one counts, and `or_needs` says under which others it counts as well; `basic` ones
    stand first in a form.
    """

    name: str
    section: str
    kind: str
    default: Any
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    given: tuple[Any, ...] | Callable[[], Iterable[Any]] = ()
    searchable: bool | Range | Choices = True
    needs: Mapping[str, tuple[Any, ...]] | None = None
    basic: bool = False
    known: tuple[Any, ...] | Callable[[], Iterable[Any]] = ()
    or_needs: Mapping[str, tuple[Any, ...]] | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The values that are allowed, with labels; empty where the option is no choice."""
        return _choices(self.given)

    @property
    def suggestions(self) -> tuple[Choice, ...]:
        """Names that may stand there, with labels, where others may as well; empty where the option has none."""
        return _choices(self.known)

    @property
    def allowed(self) -> str:
        """What may stand there, in words."""
        names = [choice.name for choice in self.choices]
        if names:
            return ("one or several of " + ", ".join(names)) if self.kind == "words" else " or ".join(names)
        if suggestions := self.suggestions:
            return " or ".join(choice.name for choice in suggestions)
        if self.low is not None and self.high is not None:
            whole = self.kind == "int"
            return f"{int(self.low) if whole else float(self.low)} to {int(self.high) if whole else float(self.high)}"
        return {"bool": "true or false", "words": "words with commas between"}.get(self.kind, "a word")

    def parse(self, value: Any) -> Any:
        """The value in the option's own type, from text or plain values; a ConfigError where it is of another type."""
        if self.kind == "words":
            parts = [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value
            refuse_unless(self.name, isinstance(parts, (list, tuple)), expected="a list of words", found=value)
            return tuple(str(p) for p in parts)
        if self.kind == "bool":
            if isinstance(value, str) and value.lower() in (*_YES, *_NO):
                return value.lower() in _YES
            refuse_unless(self.name, isinstance(value, bool), expected="true or false", found=value)
            return value
        if self.kind in ("int", "float"):
            return self._number(value)
        return str(value)

    def check(self, value: Any) -> None:
        """Raise a ConfigError that names the option where the value is not allowed."""
        names = [choice.name for choice in self.choices]
        if self.kind == "words" and names:
            good = bool(value) and set(value) <= set(names) and len(set(value)) == len(value)
            refuse_unless(self.name, good, expected=self.allowed, found=value)
        elif names:
            refuse_unless(self.name, value in names, expected=self.allowed, found=value)
        elif self.low is not None and self.high is not None:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            good = number and self.low <= value <= self.high and (self.kind == "float" or float(value).is_integer())
            refuse_unless(self.name, good, expected=self.allowed, found=value)
        elif self.kind == "str":
            refuse_unless(self.name, bool(str(value).strip()), expected=self.help.partition(".")[0], found=value)

    def counts(self, values: Mapping[str, Any]) -> bool:
        """Whether the option counts beside these values of the others."""
        ways = [needs for needs in (self.needs or {}, self.or_needs) if needs is not None]
        return any(all(values.get(name) in allowed for name, allowed in way.items()) for way in ways)

    def counts_where(self, *, quote: str = "") -> str:
        """Where the option counts, in words such as "method is full or lora"; "" where it always does.

        `quote` stands before and after each option's name.
        """
        ways = (_way(needs, quote=quote) for needs in (self.needs, self.or_needs) if needs)
        return ", or where ".join(ways) if self.needs else ""

    def _number(self, value: Any) -> int | float:
        try:
            if self.kind == "float":
                return float(value)
            whole = not isinstance(value, bool) and float(value) == int(value)
        except (TypeError, ValueError, OverflowError):
            refuse_unless(self.name, False, expected="a number", found=value)
        refuse_unless(self.name, whole, expected="a whole number", found=value)
        return int(value)


def option(
    default: Any,
    *,
    label: str,
    help: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[Any, ...] | Callable[[], Iterable[Any]] = (),
    searchable: bool | Range | Choices = True,
    needs: Mapping[str, tuple[Any, ...]] | None = None,
    basic: bool = False,
    known: tuple[Any, ...] | Callable[[], Iterable[Any]] = (),
    or_needs: Mapping[str, tuple[Any, ...]] | None = None,
) -> Any:
    """A field of a section, described once; see `Option` for what each part means."""
    described = Option(
        name="",
        section="",
        kind="",
        default=default,
        label=label,
        help=help,
        low=low,
        high=high,
        step=step,
        given=choices,
        searchable=searchable,
        needs=needs,
        basic=basic,
        known=known,
        or_needs=or_needs,
    )
    return field(default=default, metadata={_KEY: described})


def _way(needs: Mapping[str, tuple[Any, ...]], *, quote: str) -> str:
    def words(values: tuple[Any, ...]) -> str:
        return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)

    return "; ".join(f"{quote}{name}{quote} is {words(values)}" for name, values in needs.items())


def _choices(given: tuple[Any, ...] | Callable[[], Iterable[Any]]) -> tuple[Choice, ...]:
    """Words, or members of a registry, as choices; a member may say how its name is written."""
    found = given() if callable(given) else given
    return tuple(
        Choice(c, c, "") if isinstance(c, str) else Choice(str(getattr(c, "written", "") or c.name), str(c.label), str(c.help))
        for c in found
    )


def options_of(section: type, *, name: str = "", needs: Mapping[str, tuple[Any, ...]] | None = None) -> tuple[Option, ...]:
    """The options of a section in the order of its fields; `name` is the section's, `needs` is added to each option's own."""
    found = []
    for made in fields(section):
        described: Option | None = made.metadata.get(_KEY)
        if described is not None:
            kind = str(made.type) if not isinstance(made.type, type) else made.type.__name__
            kind = "words" if kind.startswith("tuple") else kind
            both = {**(needs or {}), **(described.needs or {})} or None
            found.append(replace(described, name=made.name, section=name, kind=kind, needs=both))
    return tuple(found)


def refuse_unless(name: str, good: bool, *, expected: str, found: object) -> None:
    """Raise a ConfigError that names a training option, what may stand there, and what stands there, unless it is good."""
    if not good:
        raise ConfigError(
            f"The training option '{name}' is not allowed.", expected=expected, found=brief(found), hint=f"change {name}"
        )
