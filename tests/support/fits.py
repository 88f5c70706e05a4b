"""Fits of heads without a run: their config from options by name, and the kind that the config names."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from rebracket_core.models import FitConfig, HeadsConfig, HeadTargets, OptimiserConfig, TasksConfig
from rebracket_core.models.heads import HEADS, Head
from rebracket_core.options import options_of

T = TypeVar("T")


def fit_config(*, seed: int = 0, **options: Any) -> FitConfig:
    """A fit's config from options by name; a weight may be 0 here, so that a part can be looked at alone."""
    options = {"inverse_l2": 10.0, **options}
    kind = HEADS.get(options.get("head", "linear"))
    tasks, options = _section(TasksConfig, options)
    heads, options = _section(HeadsConfig, options)
    optimiser, options = _section(OptimiserConfig, options)
    own, options = _section(kind.Options, options) if kind.Options else (None, options)
    assert not options, f"no such options: {options}"
    return FitConfig(tasks=tasks, heads=heads, options=own, seed=seed, optimiser=optimiser)


def _section(section: type[T], options: dict[str, Any]) -> tuple[T, dict[str, Any]]:
    """A section of the config made of the options that are its own, and those that are left."""
    own = {o.name for o in options_of(section)}
    made = section(**{key: value for key, value in options.items() if key in own})
    return made, {key: value for key, value in options.items() if key not in own}


def fit_heads(x: np.ndarray, y: HeadTargets, *, member_weights: np.ndarray, config: FitConfig, on_step: Any = None) -> Any:
    """Heads of the kind that the config names, fitted."""
    kind: type[Head] = HEADS.get(config.heads.head)
    return kind.fit(x, y, member_weights=member_weights, config=config, on_step=on_step)
