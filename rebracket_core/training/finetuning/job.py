"""One fine-tuning as a folder can hold it: texts, targets and options, so that it can be run here or by several processes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.files import write_bytes, write_json
from rebracket_core.models import HeadTargets
from rebracket_core.training.config import TrainingConfig

_JOB, _ARRAYS = "job.json", "job.safetensors"
_HEAD = "head."
_PLAIN = ("base", "device", "threads", "seed", "texts")


@dataclass(frozen=True, slots=True)
class TuningJob:
    """n rows and how an encoder is trained on them.

    `base` the folder of the encoder to begin with; `device` and `threads` of each process; `config` the run's, whole; `texts`
    by field; `words` (n, V) and `targets` as heads take them; `weight` (M, h, 27) and `bias` (M, 27) of the heads to begin
    with, `hidden` their other arrays by name; `member_weights` (M, n), 0 where a member leaves a row out; `held` (n,) bool,
    the rows that are held back to find the best epoch.
    """

    base: str
    device: str
    threads: int
    seed: int
    config: TrainingConfig
    texts: dict[str, list[str]]
    words: np.ndarray
    targets: HeadTargets
    weight: np.ndarray
    bias: np.ndarray
    member_weights: np.ndarray
    held: np.ndarray
    hidden: dict[str, np.ndarray] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the job into a folder, arrays first."""
        from safetensors.numpy import save

        arrays = {name: getattr(self, name) for name in ("words", "weight", "bias", "member_weights", "held")}
        arrays |= {f"target.{name}": getattr(self.targets, name) for name in HeadTargets.__slots__}
        arrays |= {f"{_HEAD}{name}": value for name, value in self.hidden.items()}
        write_bytes(folder / _ARRAYS, save({k: np.ascontiguousarray(v) for k, v in arrays.items()}))
        plain = {name: getattr(self, name) for name in _PLAIN}
        write_json(folder / _JOB, {**plain, "config": self.config.to_dict()})

    @classmethod
    def load(cls, folder: Path) -> TuningJob:
        """The job that `save` wrote."""
        from safetensors.numpy import load_file

        plain = json.loads((folder / _JOB).read_text(encoding="utf-8"))
        arrays: dict[str, Any] = load_file(folder / _ARRAYS)
        hidden = {name.removeprefix(_HEAD): arrays.pop(name) for name in list(arrays) if name.startswith(_HEAD)}
        targets = HeadTargets(*(arrays.pop(f"target.{name}") for name in HeadTargets.__slots__))
        config = TrainingConfig.from_dict(plain["config"])
        return cls(**{**plain, "config": config}, targets=targets, hidden=hidden, **arrays)


def forget_job(folder: Path) -> None:
    """Remove the job's own files from a folder; what was trained stays."""
    for name in (_JOB, _ARRAYS):
        (folder / name).unlink(missing_ok=True)
