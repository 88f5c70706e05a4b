"""A config file, whoever wrote it, with a line for each of its keys: taken, changed, or refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rebracket_core.aliases import modern, modern_name, modern_value
from rebracket_core.errors import ConfigError, DataError
from rebracket_core.options import Option
from rebracket_core.texts import brief
from rebracket_core.training.config import pipeline
from rebracket_core.training.config.document import shown
from rebracket_core.training.config.pipeline import CHANGED, REFUSED, TAKEN
from rebracket_core.training.config.training_config import SECTIONS, TrainingConfig, all_options


@dataclass(frozen=True, slots=True)
class KeyReading:
    """What a key of a file came to: `outcome` is "taken", "changed" or "refused", `options` what it set, by name."""

    key: str
    value: Any
    outcome: str
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def becomes(self) -> str:
        """The options as `--set` takes them, with commas between."""
        return ", ".join(f"{name}={shown(value)}" for name, value in self.options.items())

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Key, value, outcome, what it becomes, and why."""
        value = self.value if isinstance(self.value, str) else brief(self.value, chars=40)
        return (self.key, value[:40], self.outcome, self.becomes, self.note)


READING_COLUMNS = ("key", "value", "outcome", "becomes", "why")


@dataclass(frozen=True, slots=True)
class ConfigReading:
    """A config, and how each key of the file that it was read from was understood."""

    config: TrainingConfig
    keys: tuple[KeyReading, ...]

    @property
    def summary(self) -> str:
        """How many keys were taken, changed and refused, in a sentence."""
        n = {outcome: sum(key.outcome == outcome for key in self.keys) for outcome in (TAKEN, CHANGED, REFUSED)}
        return f"{len(self.keys)} keys: {n[TAKEN]} taken, {n[CHANGED]} changed, {n[REFUSED]} refused."

    @property
    def plain(self) -> bool:
        """Whether every key was taken as it stands."""
        return all(key.outcome == TAKEN for key in self.keys)


def read_config_file(path: Path, *, changes: Mapping[str, Any] | None = None) -> ConfigReading:
    """A training config from a YAML or JSON file, Rebracket's own or the users' pipeline's; `changes` are made to it.

    Raises ConfigError for a file that cannot be read, an unknown key of a file of our own, or options that do not go together.
    """
    from rebracket_core.corpus.readers import load_yaml_file

    try:
        raw = load_yaml_file(path)
    except DataError as cause:
        raise _unreadable(cause, where=str(path)) from cause
    return read_config(raw, where=str(path), changes=changes)


def read_config_text(text: str, *, where: str = "") -> ConfigReading:
    """A training config from the text of such a file; raises as `read_config_file` does."""
    from rebracket_core.corpus.readers import load_yaml

    try:
        raw = load_yaml(text, where=where)
    except DataError as cause:
        raise _unreadable(cause, where=where) from cause
    return read_config(raw, where=where)


def read_config(raw: Any, *, where: str = "", changes: Mapping[str, Any] | None = None) -> ConfigReading:
    """A training config from the values of a file; raises as `read_config_file` does."""
    if not isinstance(raw, Mapping):
        raise ConfigError(
            "The config is no mapping.",
            expected="option: value",
            found=type(raw).__name__,
            hint="write one option a line",
            where=where,
        )
    known = all_options()
    own, theirs = _parted(raw, known)
    if theirs and not any(map(pipeline.is_known, theirs)):
        own, theirs = dict(raw), {}
    first = TrainingConfig.from_dict(own)  # what is no option of ours is refused here, with its name
    given = _given(own, known)
    keys = [KeyReading(key, value, TAKEN, _as_options(key, value, known)) for key, value in given.items()]
    options, source = {name: first.values()[name] for name in map(_bare, given) if name in known}, dict[str, str]()
    for key, value in theirs.items():
        reading = _read(key, value, whole=theirs, known=known)
        keys.append(_merge(reading, options, source=source))
    over = modern({_bare(name): value for name, value in (changes or {}).items()})
    config = TrainingConfig.from_dict({**options, **over})
    return ConfigReading(config, tuple(_after(key, config, over=over) for key in keys))


def _parted(raw: Mapping[str, Any], known: Mapping[str, Option]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of our own as they stand, and the keys of the pipeline's, dotted."""
    own, theirs = dict[str, Any](), dict[str, Any]()
    for name, value in raw.items():
        section, dot, bare = str(name).partition(".")
        if not dot and section in SECTIONS and isinstance(value, Mapping):
            mine = {inner: v for inner, v in value.items() if modern_name(str(inner)) in known}
            if mine:
                own[section] = mine
            others = {inner: v for inner, v in value.items() if inner not in mine}
            theirs |= _leaves(section, others) if section in pipeline.SECTIONS_OF_THE_PIPELINE else {}
            own |= (
                {} if section in pipeline.SECTIONS_OF_THE_PIPELINE else {f"{section}.{inner}": v for inner, v in others.items()}
            )
        elif section in pipeline.SECTIONS_OF_THE_PIPELINE and not (dot and section in SECTIONS and modern_name(bare) in known):
            theirs |= _leaves(str(name), value)
        else:
            own[str(name)] = value
    return own, theirs


def _leaves(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    return {key: leaf for inner, content in value.items() for key, leaf in _leaves(f"{name}.{inner}", content).items()}


def _given(own: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """The options of our own as the file names them, those below a section dotted."""
    out = dict[str, Any]()
    for name, value in own.items():
        out |= _leaves(name, value) if name in SECTIONS and isinstance(value, Mapping) else {name: value}
    return {name: value for name, value in out.items() if name != "schema_version"}


def _bare(name: str) -> str:
    section, dot, bare = name.partition(".")
    return modern_name(bare if dot and section in SECTIONS else name)


def _as_options(key: str, value: Any, known: Mapping[str, Option]) -> dict[str, Any]:
    name = _bare(key)
    return {name: known[name].parse(modern_value(name, value))}


def _read(key: str, value: Any, *, whole: Mapping[str, Any], known: Mapping[str, Option]) -> KeyReading:
    """What a key of the pipeline's came to alone, its options in their own types and checked."""
    found = pipeline.read_key(key, value, whole)
    options = {}
    for name, given in found.options.items():
        try:
            options[name] = known[name].parse(modern_value(name, given))
            known[name].check(options[name])
        except ConfigError as error:
            return KeyReading(key, value, REFUSED, note=f"{name} can be {error.expected}")
    return KeyReading(key, value, found.outcome, options, found.note)


def _merge(reading: KeyReading, options: dict[str, Any], *, source: dict[str, str]) -> KeyReading:
    """The reading, refused where another key says otherwise; else what it sets is put beside the rest."""
    for name, value in reading.options.items():
        before = options.get(name, value)
        if (list(before) if isinstance(before, tuple) else before) != (list(value) if isinstance(value, tuple) else value):
            return replace(reading, outcome=REFUSED, options={}, note=f"{source.get(name, name)} says {name}={shown(before)}")
    for name, value in reading.options.items():
        options[name] = list(value) if isinstance(value, tuple) else value
        source.setdefault(name, reading.key)
    return reading


def _after(reading: KeyReading, config: TrainingConfig, *, over: Mapping[str, Any]) -> KeyReading:
    """The reading beside the whole config: what --set replaced, and what has no effect."""
    if reading.options and set(reading.options) <= set(over):
        return replace(
            reading, outcome=CHANGED, note=f"replaced by --set {', '.join(f'{n}={over[n]}' for n in reading.options)}"
        )
    idle = config.idle()
    if reading.options and set(reading.options) <= set(idle):
        where = idle[next(iter(reading.options))][0].counts_where()
        return replace(reading, outcome=REFUSED, note=f"no effect here: it counts where {where}")
    return reading


def _unreadable(cause: DataError, *, where: str) -> ConfigError:
    return ConfigError(
        "The config cannot be read.",
        expected="a YAML or JSON mapping",
        found=f"{cause.message} {cause.found}",
        hint="check the file",
        where=where,
    )
