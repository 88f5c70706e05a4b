"""Where an interrupted fine-tuning stood, as safetensors and JSON alone: nothing of it is ever unpickled."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rebracket_core.files import write_json

OPTIMISER, SCHEDULE, SCALER = "optimiser.safetensors", "schedule.json", "scaler.json"
_PLAIN = "plain"


def save_optimiser(folder: Path, optimiser: Any, schedule: Any) -> None:
    """Write what an optimiser remembers of each parameter, and where the schedule of its learning rate stands."""
    state = optimiser.state_dict()
    tensors = {
        f"{at}.{name}": _tensor(value) for at, own in state["state"].items() for name, value in own.items() if value is not None
    }
    save_file(tensors, folder / OPTIMISER, metadata={_PLAIN: json.dumps(state["param_groups"])})
    write_json(folder / SCHEDULE, schedule.state_dict())


def load_optimiser(folder: Path, optimiser: Any, schedule: Any) -> None:
    """Put an optimiser and its schedule back to where `save_optimiser` found them."""
    with safe_open(folder / OPTIMISER, framework="pt") as file:
        groups = json.loads(file.metadata()[_PLAIN])
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in load_file(folder / OPTIMISER).items():
        at, _, name = key.partition(".")
        state.setdefault(int(at), {})[name] = value
    for group in groups:
        group["betas"] = tuple(group["betas"])
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    schedule.load_state_dict(json.loads((folder / SCHEDULE).read_text(encoding="utf-8")))


def save_chance(folder: Path, *, rank: int) -> None:
    """Write the state of every source of random numbers of this process."""
    kind, keys, at, has_gauss, gauss = np.random.get_state()  # transformers draws from numpy's own
    numbers = torch.from_numpy(np.asarray(keys).astype(np.int64))
    tensors = {"torch": torch.random.get_rng_state(), "numpy": numbers}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{i}": value for i, value in enumerate(torch.cuda.random.get_rng_state_all())}
    plain = {"numpy": [str(kind), int(at), int(has_gauss), float(gauss)], "python": random.getstate()}
    save_file(tensors, folder / _chance(rank), metadata={_PLAIN: json.dumps(plain)})


def load_chance(folder: Path, *, rank: int) -> None:
    """Put every source of random numbers back to where `save_chance` found it."""
    path = folder / _chance(rank)
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        plain = json.loads(file.metadata()[_PLAIN])
    version, drawn, gauss = plain["python"]
    random.setstate((version, tuple(drawn), gauss))
    kind, at, has_gauss, spare = plain["numpy"]
    np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), at, has_gauss, spare))
    torch.random.set_rng_state(tensors["torch"])
    cuda = [tensors[f"cuda.{i}"] for i in range(len(tensors)) if f"cuda.{i}" in tensors]
    if cuda and torch.cuda.is_available():
        torch.cuda.random.set_rng_state_all(cuda)


def _chance(rank: int) -> str:
    return f"chance-{rank}.safetensors"


def _tensor(value: Any) -> torch.Tensor:
    return value.detach().cpu().contiguous() if isinstance(value, torch.Tensor) else torch.tensor(float(value))
