"""Which training options a search may vary, and between what; checked before anything is trained."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rebracket_core.errors import ConfigError, DataError
from rebracket_core.texts import brief
from rebracket_core.training.config import TrainingConfig

# What must stay the same so that trials can be compared: the groups they are asked, the questions, and how folds are drawn.
FIXED = ("schema_version", "folds", "split", "seed", "accept_precision", "outputs")
_KEYS = ("low", "high", "log", "step")
_MOST_CHOICES = 50
_LARGEST = sys.float_info.max


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


# What the page begins with: wide enough to find something, narrow enough for some dozens of trials.
SUGGESTED: dict[str, Range | Choices] = {
    "strength": Range(1.0, 100.0, log=True),
    "vector_weight": Range(0.2, 2.0),
    "words": Choices((True, False)),
    "text": Choices(("concept", "concept,descriptions")),
    "label_smoothing": Range(0.0, 0.2),
    "smoothing": Range(0.0, 0.3),
    "class_weights": Choices(("none", "balanced")),
    "axis_loss": Choices(("kl", "mse", "huber")),
    "max_words": Range(512, 8192, log=True),
    "members": Range(1, 7, step=2),
    "album_weight": Range(0.3, 3.0, log=True),
    "axis_weight": Range(0.3, 3.0, log=True),
    "weighting": Choices(("fixed", "uncertainty")),
}
FIRST = ("strength", "vector_weight", "label_smoothing")


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The options that a search varies, by name."""

    options: Mapping[str, Range | Choices]

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, base: TrainingConfig, where: str = "") -> SearchSpace:
        """A space from plain values: `{low: 1, high: 100, log: true}` or a list of choices for each option.

        Every end and every choice must be allowed for `base`; a ConfigError names the first that is not.
        """
        known = {f.name: str(f.type) for f in fields(TrainingConfig)}
        if not isinstance(raw, Mapping) or not raw:
            raise _refused(
                "The space of the search is empty.",
                expected="option: {low: 1, high: 100}, or a list of choices",
                found=brief(raw, chars=80),
                where=where,
            )
        options: dict[str, Range | Choices] = {}
        for name, told in raw.items():
            if name not in known or name in FIXED:
                why = "which must be the same for all trials" if name in FIXED else "which is no training option"
                free = ", ".join(n for n in known if n not in FIXED)
                raise _refused(
                    f"A search cannot vary {brief(name)}.",
                    expected=f"one of {free}",
                    found=f"{brief(name)}, {why}",
                    where=where,
                )
            options[name] = _option(name, told, kind=known[name], where=where)
            _check_with(base, name, options[name])
        return cls(options)

    @classmethod
    def from_file(cls, path: Path, *, base: TrainingConfig) -> SearchSpace:
        """A space from a YAML or JSON file."""
        from rebracket_core.corpus.readers.yaml_text import load_yaml_file

        try:
            raw = load_yaml_file(path)
        except DataError as cause:
            raise _refused(
                "The space of the search cannot be read.",
                expected="a YAML or JSON mapping",
                found=f"{cause.message} {cause.found}",
                where=str(path),
            ) from cause
        return cls.from_dict(raw if isinstance(raw, dict) else {}, base=base, where=str(path))

    def to_dict(self) -> dict[str, Any]:
        """The space as plain values; `from_dict` gives it back."""
        out: dict[str, Any] = {}
        for name, option in self.options.items():
            if isinstance(option, Choices):
                out[name] = list(option.values)
            else:
                told = {"low": option.low, "high": option.high}
                out[name] = told | ({"log": True} if option.log else {}) | ({"step": option.step} if option.step else {})
        return out

    def to_yaml(self) -> str:
        """The space as the file that `rebracket search --space` takes."""
        import yaml

        return "# rebracket search DATASET --space FILE --trials 30\n" + yaml.safe_dump(self.to_dict(), sort_keys=False)

    def values_of(self, config: TrainingConfig) -> dict[str, Any] | None:
        """The config's own values of the options, or None where one lies outside of the space."""
        raw = config.to_dict()
        found = {name: ",".join(v) if isinstance(v := raw[name], list) else v for name in self.options}
        return found if all(self.options[name].holds(value) for name, value in found.items()) else None


def _option(name: str, told: Any, *, kind: str, where: str) -> Range | Choices:
    if isinstance(told, (list, tuple)):
        if len(told) > _MOST_CHOICES or not all(isinstance(v, (str, int, float, bool, list, tuple)) for v in told):
            raise _refused(
                f"The choices of '{name}' cannot be used.",
                expected=f"2 to {_MOST_CHOICES} different values",
                found=brief(told, chars=120),
                where=where,
            )
        values = tuple(",".join(map(str, v)) if isinstance(v, (list, tuple)) else v for v in told)
        good = 2 <= len(values) <= _MOST_CHOICES and len(set(map(repr, values))) == len(values)
        if not good or not all(isinstance(v, (str, int, float, bool)) for v in values):
            raise _refused(
                f"The choices of '{name}' cannot be used.",
                expected=f"2 to {_MOST_CHOICES} different values",
                found=brief(told, chars=120),
                where=where,
            )
        return Choices(values)
    if not isinstance(told, Mapping) or not {"low", "high"} <= set(told) <= set(_KEYS) or kind not in ("int", "float"):
        what = "low, high, and if wanted log or step" if kind in ("int", "float") else "a list of choices"
        raise _refused(f"The range of '{name}' cannot be read.", expected=what, found=brief(told, chars=120), where=where)
    low, high, step = (_number(name, told.get(key, 0), where=where) for key in ("low", "high", "step"))
    if kind == "int" and not all(float(n).is_integer() for n in (low, high, step)):
        raise _refused(f"The range of '{name}' cannot be used.", expected="whole numbers", found=brief(dict(told)), where=where)
    log = told.get("log", False)
    if not isinstance(log, bool) or not low < high or step < 0 or (log and (low <= 0 or step)):
        raise _refused(
            f"The range of '{name}' cannot be used.",
            expected="low below high; with log: true, low above 0 and no step",
            found=brief(dict(told)),
            where=where,
        )
    return Range(low, high, log=log, step=step or (1.0 if kind == "int" and not log else 0.0))


def _number(name: str, value: Any, *, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise _refused(f"The range of '{name}' cannot be read.", expected="numbers", found=brief(value), where=where)
    return value


def _check_with(base: TrainingConfig, name: str, option: Range | Choices) -> None:
    """Nothing; raises the ConfigError of the training option where an end or a choice is not allowed."""
    for value in (option.low, option.high) if isinstance(option, Range) else option.values:
        base.with_(**{name: value})


def _refused(message: str, *, expected: str, found: str, where: str) -> ConfigError:
    return ConfigError(message, expected=expected, found=found, hint="change the space of the search", where=where)
