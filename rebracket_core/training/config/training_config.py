"""One validated training config, the same from the command line, a file and the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rebracket_core.aliases import modern
from rebracket_core.errors import ConfigError, DataError
from rebracket_core.models import VERDICT_TASKS, FitConfig, HeadsConfig, OptimiserConfig, TasksConfig
from rebracket_core.models.heads import HEADS, HOUSE_KINDS, Head
from rebracket_core.options import Option, options_of
from rebracket_core.texts import brief
from rebracket_core.training.config.checks import CHECKS, a_weighting_has_something_to_balance
from rebracket_core.training.config.finetuning import FinetuningConfig
from rebracket_core.training.config.sections import DataConfig, EvaluationConfig, FeaturesConfig

SCHEMA_VERSION = 2
_READ = (1, 2)
SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "features": FeaturesConfig,
    "tasks": TasksConfig,
    "heads": HeadsConfig,
    "finetuning": FinetuningConfig,
    "optimiser": OptimiserConfig,
    "evaluation": EvaluationConfig,
}
_OF_A_HEAD = "head:"


def all_options() -> dict[str, Option]:
    """Every option by its name: the sections' in their order, then those of the kinds of head, under "head:KIND"."""
    found = {o.name: o for name, section in SECTIONS.items() for o in options_of(section, name=name)}
    for head in HEADS:
        if head.Options is not None:
            own = options_of(head.Options, name=f"{_OF_A_HEAD}{head.name}", needs={"head": (head.name,)})
            found |= {o.name: o for o in own}
    return found


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a run is trained, by section; see `docs/options.md` for every option. All values are checked.

    `head_options` are those of each kind of head that has any, so that a kind can be chosen and left again without loss.
    Options are read as `config.heads.ensemble_size`; on command lines, in files and in JSON they go by their names alone,
    which are unique. Build one with `TrainingConfig.of(ensemble_size=3)` or from plain values with `from_dict`.
    """

    data: DataConfig = field(default_factory=DataConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    tasks: TasksConfig = field(default_factory=TasksConfig)
    heads: HeadsConfig = field(default_factory=HeadsConfig)
    finetuning: FinetuningConfig = field(default_factory=FinetuningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    head_options: tuple[Any, ...] = field(default_factory=lambda: tuple(h.Options() for h in HEADS if h.Options is not None))

    def __post_init__(self) -> None:
        a_weighting_has_something_to_balance(self)
        for each in all_options().values():
            each.check(self.value(each))
        for check in CHECKS:
            check(self)

    @classmethod
    def of(cls, **options: Any) -> TrainingConfig:
        """A config from options by name; the rest stands at its default."""
        return cls.from_dict(options)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> TrainingConfig:
        """A config from plain values: options by name, `section.name`, or sections as mappings; older names are read too.

        Raises ConfigError that names an unknown option, one of the wrong type, or one that is not allowed.
        """
        known = all_options()
        flat = modern(_flat(raw, known))
        version = flat.pop("schema_version", SCHEMA_VERSION)
        if version not in _READ:
            raise ConfigError(
                "The config has another schema.",
                expected=" or ".join(map(str, _READ)),
                found=brief(version),
                hint="write it anew with this version",
            )
        values: dict[str, dict[str, Any]] = {}
        for name, value in flat.items():
            if name not in known:
                raise ConfigError(
                    "There is no such training option.",
                    expected=", ".join(known),
                    found=brief(name),
                    hint="check the spelling; see: rebracket options",
                )
            values.setdefault(known[name].section, {})[name] = known[name].parse(value)
        kinds = [head for head in HEADS if head.Options is not None]
        return cls(
            **{name: section(**values.get(name, {})) for name, section in SECTIONS.items()},
            head_options=tuple(head.Options(**values.get(f"{_OF_A_HEAD}{head.name}", {})) for head in kinds),
        )

    @classmethod
    def from_file(cls, path: Path) -> TrainingConfig:
        """A config from a YAML or JSON file.

        Raises ConfigError for a file that cannot be read, an unknown option or a value that is not allowed.
        """
        from rebracket_core.corpus.readers import load_yaml_file

        try:
            raw = load_yaml_file(path)
        except DataError as cause:
            raise ConfigError(
                "The config cannot be read.",
                expected="a YAML or JSON mapping",
                found=f"{cause.message} {cause.found}",
                hint="check the file",
                where=str(path),
            ) from cause
        if not isinstance(raw, dict):
            raise ConfigError(
                "The config is no mapping.",
                expected="option: value",
                found=type(raw).__name__,
                hint="write one option a line",
                where=str(path),
            )
        return cls.from_dict(raw)

    def to_dict(self) -> dict[str, Any]:
        """The options by name as plain values; `from_dict` gives the config back.

        A kind of head from outside leaves its options only where it is chosen, so that a run of another kind can be read
        where it is not installed.
        """
        kept = {*(f"{_OF_A_HEAD}{kind}" for kind in (*HOUSE_KINDS, self.heads.head)), *SECTIONS}
        names = [name for name, option in all_options().items() if option.section in kept]
        values = self.values()
        return {"schema_version": SCHEMA_VERSION, **{name: values[name] for name in names}}

    def values(self) -> dict[str, Any]:
        """Every option by name as a plain value, those of kinds of head that are not chosen too."""
        plain = {name: self.value(option) for name, option in all_options().items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    def to_json(self) -> str:
        """The config as canonical JSON."""
        return json.dumps(self.to_dict(), sort_keys=True)

    def with_(self, **changes: Any) -> TrainingConfig:
        """A copy with some options replaced, by name, checked again."""
        return TrainingConfig.from_dict({**self.values(), **modern(_flat(changes, all_options()))})

    def value(self, option: Option) -> Any:
        """The value of an option."""
        if not option.section.startswith(_OF_A_HEAD):
            return getattr(getattr(self, option.section), option.name)
        return getattr(self._options_of(HEADS.get(option.section.removeprefix(_OF_A_HEAD))), option.name)

    def changed(self) -> dict[str, tuple[Option, Any]]:
        """The options that do not stand at their default and count beside the others, with their values."""
        values = self.values()
        values_of = {name: (option, self.value(option)) for name, option in all_options().items()}
        return {name: (o, value) for name, (o, value) in values_of.items() if value != o.default and o.counts(values)}

    def idle(self) -> dict[str, tuple[Option, Any]]:
        """The options that do not stand at their default and have no effect beside the others, with their values."""
        values = self.values()
        values_of = {name: (option, self.value(option)) for name, option in all_options().items()}
        return {name: (o, value) for name, (o, value) in values_of.items() if value != o.default and not o.counts(values)}

    @property
    def head(self) -> type[Head]:
        """The kind of head that is fitted."""
        return HEADS.get(self.heads.head)

    def fit_config(self, *, seed: int | None = None) -> FitConfig:
        """What a fit of heads reads: whole sections, and the options of the kind of head."""
        chosen = self.data.seed if seed is None else seed
        return FitConfig(
            tasks=self.tasks, heads=self.heads, options=self._options_of(self.head), seed=chosen, optimiser=self.optimiser
        )

    @property
    def n_predictions(self) -> int:
        """How many predictions a text gets: one a member of the ensemble, unless the kind of head gives more."""
        return self.head.n_predictions(self.fit_config())

    @property
    def gives_verdicts(self) -> bool:
        """Whether a run with this config can give verdicts: these need the axes and the album."""
        return set(VERDICT_TASKS) <= set(self.tasks.tasks)

    def _options_of(self, head: type[Head]) -> Any:
        if head.Options is None:
            return None
        return next((own for own in self.head_options if isinstance(own, head.Options)), head.Options())


def _flat(raw: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """Options by their bare names, whether they stand alone, as `section.name` or below their section."""
    out: dict[str, Any] = {}
    for name, value in raw.items():
        if name in SECTIONS and isinstance(value, Mapping):
            out |= {str(inner): content for inner, content in value.items()}
            continue
        section, dot, bare = str(name).partition(".")
        out[bare if dot and section in SECTIONS else str(name)] = value
    return out
