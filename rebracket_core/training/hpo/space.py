"""Which training options a search may vary, and between what; checked before anything is trained."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebracket_core.aliases import modern_name, modern_value
from rebracket_core.errors import ConfigError, DataError
from rebracket_core.options import Choices, Range
from rebracket_core.texts import brief
from rebracket_core.training.config.training_config import TrainingConfig, all_options

_KEYS = ("low", "high", "log", "step")
_MOST_CHOICES = 50
_LARGEST = sys.float_info.max


FIRST = ("inverse_l2", "embedding_weight", "label_smoothing")


def fixed() -> tuple[str, ...]:
    """The options that must stay the same so that trials can be compared: groups, tasks, and how folds are drawn."""
    return tuple(name for name, option in all_options().items() if option.searchable is False)


def suggested() -> dict[str, Range | Choices]:
    """What the page begins with, by option: wide enough to find something, narrow enough for some dozens of trials."""
    return {name: o.searchable for name, o in all_options().items() if isinstance(o.searchable, Range | Choices)}


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The options that a search varies, by name."""

    options: Mapping[str, Range | Choices]

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, base: TrainingConfig, where: str = "") -> SearchSpace:
        """A space from plain values: `{low: 1, high: 100, log: true}` or a list of choices for each option.

        Every end and every choice must be allowed for `base`; a ConfigError names the first that is not.
        """
        known, kept = all_options(), fixed()
        if not isinstance(raw, Mapping) or not raw:
            raise _refused(
                "The space of the search is empty.",
                expected="option: {low: 1, high: 100}, or a list of choices",
                found=brief(raw, chars=80),
                where=where,
            )
        options: dict[str, Range | Choices] = {}
        for given, content in raw.items():
            name = modern_name(str(given))
            if name not in known or name in kept:
                why = "which must be the same for all trials" if name in kept else "which is no training option"
                free = ", ".join(n for n in known if n not in kept)
                raise _refused(
                    f"A search cannot vary {brief(name)}.",
                    expected=f"one of {free}",
                    found=f"{brief(name)}, {why}",
                    where=where,
                )
            options[name] = _option(name, modern_value(name, content), kind=known[name].kind, where=where)
            _check_with(base, name, options[name])
        return cls(options)

    @classmethod
    def from_file(cls, path: Path, *, base: TrainingConfig) -> SearchSpace:
        """A space from a YAML or JSON file."""
        from rebracket_core.corpus.readers import load_yaml_file

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
                document = {"low": option.low, "high": option.high}
                out[name] = document | ({"log": True} if option.log else {}) | ({"step": option.step} if option.step else {})
        return out

    def to_yaml(self) -> str:
        """The space as the file that `rebracket search --space` takes."""
        import yaml

        return "# rebracket search DATASET --space FILE --trials 30\n" + yaml.safe_dump(self.to_dict(), sort_keys=False)

    def values_of(self, config: TrainingConfig) -> dict[str, Any] | None:
        """The config's own values of the options, or None where one lies outside of the space."""
        raw = config.values()
        found = {name: ",".join(v) if isinstance(v := raw[name], list) else v for name in self.options}
        return found if all(self.options[name].holds(value) for name, value in found.items()) else None


def _option(name: str, raw: Any, *, kind: str, where: str) -> Range | Choices:
    if isinstance(raw, (list, tuple)):
        if len(raw) > _MOST_CHOICES or not all(isinstance(v, (str, int, float, bool, list, tuple)) for v in raw):
            raise _refused(
                f"The choices of '{name}' cannot be used.",
                expected=f"2 to {_MOST_CHOICES} different values",
                found=brief(raw, chars=120),
                where=where,
            )
        values = tuple(",".join(map(str, v)) if isinstance(v, (list, tuple)) else v for v in raw)
        good = 2 <= len(values) <= _MOST_CHOICES and len(set(map(repr, values))) == len(values)
        if not good or not all(isinstance(v, (str, int, float, bool)) for v in values):
            raise _refused(
                f"The choices of '{name}' cannot be used.",
                expected=f"2 to {_MOST_CHOICES} different values",
                found=brief(raw, chars=120),
                where=where,
            )
        return Choices(values)
    if not isinstance(raw, Mapping) or not {"low", "high"} <= set(raw) <= set(_KEYS) or kind not in ("int", "float"):
        what = "low, high, and if wanted log or step" if kind in ("int", "float") else "a list of choices"
        raise _refused(f"The range of '{name}' cannot be read.", expected=what, found=brief(raw, chars=120), where=where)
    low, high, step = (_number(name, raw.get(key, 0), where=where) for key in ("low", "high", "step"))
    if kind == "int" and not all(float(n).is_integer() for n in (low, high, step)):
        raise _refused(f"The range of '{name}' cannot be used.", expected="whole numbers", found=brief(dict(raw)), where=where)
    log = raw.get("log", False)
    if not isinstance(log, bool) or not low < high or step < 0 or (log and (low <= 0 or step)):
        raise _refused(
            f"The range of '{name}' cannot be used.",
            expected="low below high; with log: true, low above 0 and no step",
            found=brief(dict(raw)),
            where=where,
        )
    return Range(low, high, log=log, step=step or (1.0 if kind == "int" and not log else 0.0))


def _number(name: str, value: Any, *, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise _refused(f"The range of '{name}' cannot be read.", expected="numbers", found=brief(value), where=where)
    return value


def _check_with(base: TrainingConfig, name: str, option: Range | Choices) -> None:
    """Raise the ConfigError of the training option where an end or a choice is not allowed."""
    for value in (option.low, option.high) if isinstance(option, Range) else option.values:
        base.with_(**{name: value})


def _refused(message: str, *, expected: str, found: str, where: str) -> ConfigError:
    return ConfigError(message, expected=expected, found=found, hint="change the space of the search", where=where)
