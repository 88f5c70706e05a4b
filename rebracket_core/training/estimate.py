"""What a training will take at most, from a probe: a part of the texts read, a few steps of a fit, on this machine, now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from rebracket_core.encoders import Encoder
from rebracket_core.encoders.transformers import trainable_folder
from rebracket_core.errors import ConfigError
from rebracket_core.models import N_OUTPUTS
from rebracket_core.settings import Settings
from rebracket_core.training.config.training_config import TrainingConfig
from rebracket_core.training.finetuning.cost import smaller_tuning, tuning_bytes, tuning_seconds

_PROBE_ROWS = 120
_PROBE_STEPS = 4
_L_BFGS_VECTORS = 29  # 12 pairs of its history, the weights, their gradient, the direction, two copies
_FLOAT = 4
_ENGINE_BYTES = 700_000_000  # torch, the encoder and the libraries, as a worker with the starter corpus was measured


@dataclass(frozen=True, slots=True)
class Estimate:
    """At most so many seconds and bytes, for `n_rows` texts and `n_fits` fits of the heads.

    The seconds take every fit to its last step, which most stop before.
    """

    seconds: float
    memory_bytes: int
    n_rows: int
    n_fits: int

    def to_dict(self) -> dict[str, float | int]:
        """The estimate as plain values."""
        return asdict(self)


def estimate_training(
    frame: pd.DataFrame, *, config: TrainingConfig, encoder: Encoder, settings: Settings | None = None
) -> Estimate:
    """What a training on these rows takes, from a probe of some seconds; texts that the probe reads are remembered.

    Where the encoder is trained along, `settings` say where its files lie; the probe then takes a few steps of that as well.

    Raises what the training itself would raise for these rows and this config.
    """
    import numpy as np

    from rebracket_core.training.heads.crossfit import fit_ensemble
    from rebracket_core.training.rows import prepare_rows

    part = _some_groups(frame)
    read_s = _seconds(lambda: encoder.encode([text for field in config.data.text for text in part[field].tolist()]))
    rows = prepare_rows(part, config=config, encoder=encoder)
    steps = min(_PROBE_STEPS, config.heads.max_steps)
    short = config.with_(max_steps=steps, patience_steps=steps)
    fit_s = _seconds(lambda: fit_ensemble(rows, train=np.arange(len(rows)), config=short, seed=config.data.seed))
    n, probed = len(frame), len(rows)
    width = len(config.data.text) * encoder.dim + config.features.n_terms
    work = (n * min(n, width)) / (probed * min(probed, width)) * config.heads.max_steps / steps
    n_fits = config.evaluation.folds + 1 + (frame["origin"].nunique() if frame["origin"].nunique() > 1 else 0)
    tuned_s, tuned_bytes = 0.0, 0
    if settings is not None and config.finetuning.tunes:
        base = trainable_folder(config.features.encoder, settings=settings)
        tuned_s = tuning_seconds(part, n=n, config=config, settings=settings)
        tuned_bytes = tuning_bytes(base, config=config)
    return Estimate(
        seconds=read_s * n / max(1, len(part)) + (fit_s * work + tuned_s) * n_fits,
        memory_bytes=_memory(n, width=width, members=config.heads.ensemble_size) + tuned_bytes,
        n_rows=n,
        n_fits=n_fits,
    )


def refuse_too_large(n_rows: int, *, config: TrainingConfig, dim: int, free: int | None, base: Path | None = None) -> None:
    """Raise a ConfigError that suggests what would fit, unless `free` bytes suffice or nobody knows them.

    `dim` is the width of the encoder's vectors; `base` the folder of its weights where it is trained along.
    """
    vectors = len(config.data.text) * dim
    heads = _memory(n_rows, width=vectors + config.features.n_terms, members=config.heads.ensemble_size)
    needed = heads + (tuning_bytes(base, config=config) if base is not None else 0)
    if free is None or needed <= free:
        return
    if base is not None and heads <= free:
        raise ConfigError(
            "Training the encoder would not fit into the memory.",
            expected=f"at most {free / 1e9:.1f} GB, which is free",
            found=f"about {needed / 1e9:.1f} GB",
            hint=smaller_tuning(base, config=config, free=free - heads),
        )
    raise ConfigError(
        "The training would not fit into the memory.",
        expected=f"at most {free / 1e9:.1f} GB, which is free",
        found=f"about {needed / 1e9:.1f} GB",
        hint=_smaller(n_rows, config=config, dim=vectors, free=free),
    )


def available_memory() -> int | None:
    """The bytes that this process may still take, from the kernel; None where it doesn't say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").split("\n")
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):
        return None


def _memory(n: int, *, width: int, members: int) -> int:
    """Features three times (whole, a fold's part, its rotation), their Gram matrix where it is made, the optimiser."""
    rank = min(n, width)
    gram = 3 * 8 * n * n if n < width else 0
    return _ENGINE_BYTES + 3 * _FLOAT * n * width + gram + _L_BFGS_VECTORS * _FLOAT * members * rank * N_OUTPUTS


def _smaller(n: int, *, config: TrainingConfig, dim: int, free: int) -> str:
    """The largest training of fewer TF-IDF terms or members that fits, in words."""
    most = config.features.n_terms
    for terms in dict.fromkeys(n for n in (most, 2048, 1024, 512) if n <= most):
        for members in range(config.heads.ensemble_size, 0, -1):
            if _memory(n, width=dim + terms, members=members) <= free:
                return f"set {f'max_tfidf_terms={terms} and ' if terms else ''}ensemble_size={members}"
    return "train on a part of the data, or free some memory"


def _some_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole groups from all over the frame, about 120 rows."""
    groups = list(dict.fromkeys(frame["group_id"].tolist()))
    wanted = max(8, round(len(groups) * _PROBE_ROWS / max(1, len(frame))))
    chosen = set(groups[:: max(1, len(groups) // wanted)])
    return frame[frame["group_id"].isin(chosen)].reset_index(drop=True)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
