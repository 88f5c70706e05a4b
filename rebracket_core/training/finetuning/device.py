"""How much of a GPU a training uses, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

_ASK_S = 2.0


def device_use(device: Any) -> dict[str, float]:
    """`gpu_memory_bytes` (the most that was taken so far) and `gpu_utilisation` (a share) of a CUDA device; {} for others.

    The utilisation is left out where the driver's nvidia-smi is not there or does not answer.
    """
    import torch

    if torch.device(device).type != "cuda":
        return {}
    use = {"gpu_memory_bytes": float(torch.cuda.max_memory_allocated(device))}
    busy = _utilisation(str(torch.cuda.get_device_properties(device).uuid))
    return use if busy is None else {**use, "gpu_utilisation": busy}


def _utilisation(uuid: str) -> float | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    name = uuid if uuid.startswith("GPU-") else f"GPU-{uuid}"
    command = [program, f"--id={name}", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_S, check=True)
        return float(done.stdout.strip()) / 100.0
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
