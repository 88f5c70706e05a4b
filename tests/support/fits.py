"""Fits of heads without a run: their config from options by name, and the kind that the config names."""

from __future__ import annotations

from typing import Any

import numpy as np

from rebracket_core.models import FitConfig, HeadsConfig, HeadTargets, TasksConfig
from rebracket_core.models.heads import HEADS, Head
from rebracket_core.options import options_of


def fit_config(*, seed: int = 0, **options: Any) -> FitConfig:
    """A fit's config from options by name; a weight may be 0 here, so that a part can be looked at alone."""
    options = {"inverse_l2": 10.0, **options}
    kind = HEADS.get(options.get("head", "linear"))
    parts = {}
    for name, section in (("tasks", TasksConfig), ("heads", HeadsConfig), ("options", kind.Options)):
        own = {o.name for o in options_of(section)} if section else set()
        parts[name] = section(**{key: value for key, value in options.items() if key in own}) if section else None
        options = {key: value for key, value in options.items() if key not in own}
    assert not options, f"no such options: {options}"
    return FitConfig(**parts, seed=seed)


def fit_heads(x: np.ndarray, y: HeadTargets, *, member_weights: np.ndarray, config: FitConfig, on_step: Any = None) -> Any:
    """Heads of the kind that the config names, fitted."""
    kind: type[Head] = HEADS.get(config.heads.head)
    return kind.fit(x, y, member_weights=member_weights, config=config, on_step=on_step)
