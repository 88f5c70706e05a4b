"""The device is named without loading torch unless it has to be."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from rebracket_core.encoders import describe_device, thread_count, torch_device
from rebracket_core.errors import ConfigError
from rebracket_core.settings import Settings


def test_threads_come_from_the_setting_or_the_cores(settings: Settings) -> None:
    assert thread_count(replace(settings, threads=3)) == 3
    assert thread_count(settings) >= 1


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_the_default_is_onnx_runtime_on_the_cpu(device: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    here = replace(settings, device=device, threads=2)
    assert describe_device(here) == "CPU, ONNX Runtime, 2 threads"
    assert describe_device(replace(here, threads=1)) == "CPU, ONNX Runtime, 1 thread"
    assert describe_device(replace(here, encoder=".")) == "CPU, PyTorch, 2 threads"
    assert "torch" not in sys.modules


def test_a_device_that_is_not_there(settings: Settings) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ConfigError, match="'cuda' is not there"):
        torch_device(replace(settings, device="cuda"))
    assert "'cuda' is not there" in describe_device(replace(settings, device="cuda"))
    assert torch_device(replace(settings, device="cpu")) == "cpu"


def test_an_unknown_device(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="not known"):
        torch_device(replace(settings, device="gpu"))
