"""torch's L-BFGS without torch's compiler.

An optimiser's `add_param_group` and `zero_grad` are wrapped so that the compiler leaves them alone, and the wrapper imports the
compiler, which takes nearly as long as torch itself: most of the wait for the first step of a training that takes a second.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch


class LightLBFGS(torch.optim.LBFGS):
    """The same steps; gradients are put away with `forget`."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As torch's own."""
        inspect.unwrap(torch.optim.Optimizer.add_param_group)(self, param_group)

    def forget(self) -> None:
        """Put the gradients away, as `zero_grad` does."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
