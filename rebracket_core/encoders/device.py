"""Which processor does the work, and how many threads it may use."""

from __future__ import annotations

import importlib.util
import os
import sys

from rebracket_core.errors import ConfigError
from rebracket_core.settings import Settings

DEVICES = ("auto", "cpu", "cuda", "mps")


def thread_count(settings: Settings) -> int:
    """The threads of one forward pass: the setting, or the cores that this process may use."""
    if settings.threads:
        return settings.threads
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def torch_device(settings: Settings) -> str:
    """The PyTorch device to use, "cuda", "mps" or "cpu"; loads torch unless the setting says cpu.

    Raises: ConfigError where the setting is unknown or asks for a device that this machine doesn't offer.
    """
    requested = settings.device
    if requested not in DEVICES and not requested.startswith("cuda:"):
        raise ConfigError(
            "The device is not known.",
            expected=f"one of {', '.join(DEVICES)}",
            found=repr(requested),
            hint="set REBRACKET_DEVICE to auto",
        )
    if requested == "cpu":
        return "cpu"
    offered = _offered()
    if requested == "auto":
        return offered[0]
    if requested.partition(":")[0] not in offered:
        raise ConfigError(
            f"The device '{requested}' is not there.",
            expected="a device that PyTorch finds",
            found=", ".join(offered),
            hint="set REBRACKET_DEVICE to auto or cpu",
        )
    return requested


def device_name(settings: Settings) -> str:
    """The short name of the device that trainings queue for: "cpu", "cuda", "cuda:1", "mps"."""
    return torch_device(settings)


def describe_device(settings: Settings) -> str:
    """One line for people, such as "CPU, ONNX Runtime, 2 threads" or "CUDA: NVIDIA H200".

    torch is asked only where it is loaded already or the setting names a device other than auto and cpu.
    """
    minilm = settings.encoder == "minilm"
    cpu = f"CPU, {'ONNX Runtime' if minilm else 'PyTorch'}, {_threads(settings)}"
    if settings.device == "cpu" or (settings.device == "auto" and "torch" not in sys.modules):
        return cpu
    try:
        device = torch_device(settings)
    except ConfigError as error:
        return f"{cpu} ({error.message})"
    if device == "cpu":
        return cpu
    name = f"CUDA: {_cuda_name(device)}" if device.startswith("cuda") else "MPS: Apple GPU"
    return f"{name}; minilm: {cpu}" if minilm else name


def _threads(settings: Settings) -> str:
    count = thread_count(settings)
    return "1 thread" if count == 1 else f"{count} threads"


def _offered() -> list[str]:
    if importlib.util.find_spec("torch") is None:
        return ["cpu"]
    import torch

    cuda = ["cuda"] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def _cuda_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name(device)
