"""The ways to weigh tasks against each other: one table, which a config can read without PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rebracket_core.errors import ConfigError
from rebracket_core.registry import Registry

FIXED, UNCERTAINTY, GRADNORM, DWA = "fixed", "uncertainty", "gradnorm", "dwa"


@dataclass(frozen=True, slots=True)
class Weighting:
    """One way to weigh tasks.

    `needs_backbone`: it balances the gradients that tasks send into parameters which they share, so there must be some, and
    more than one task. `weigh` turns the (k, k) tensor of their inner products into (k,) weights; in its place `torchjd`
    names TorchJD's class behind it, and `projects` says whether that asks for a projector. `by_pace`: it compares the losses of
    the epochs, so shared weights of any kind do, an encoder that learns or hidden layers. Where `built` is False the name is
    known from the literature and refused with its reason.

    Raises ConfigError for one that is built and says in no way how it weighs.
    """

    name: str
    label: str
    help: str
    needs_backbone: bool = False
    torchjd: str = ""
    projects: bool = False
    built: bool = True
    weigh: Callable[[Any], Any] | None = None
    by_pace: bool = False

    def __post_init__(self) -> None:
        balances = bool(self.torchjd or self.weigh)
        if self.built and self.name not in (FIXED, UNCERTAINTY, GRADNORM, DWA) and not (balances and self.needs_backbone):
            raise ConfigError(
                f"The weighting '{self.name}' says in no way how it weighs.",
                expected="needs_backbone=True, and a function as weigh or a class of TorchJD as torchjd",
                found=f"needs_backbone={self.needs_backbone}, " + ("one of them" if balances else "neither of them"),
                hint="see docs/dev/adding/weighting.md",
            )


WEIGHTINGS: Registry[Weighting] = Registry("weighting", Weighting, group="rebracket.weightings")
for _known in (
    Weighting(FIXED, "Fixed", "The tasks' weights stay as they are."),
    Weighting(UNCERTAINTY, "By uncertainty", "Each task is divided by its own loss (Kendall et al. 2018)."),
    Weighting(DWA, "By pace (DWA)", "Slow tasks weigh more from the third epoch on (Liu et al. 2019).", by_pace=True),
    Weighting(GRADNORM, "GradNorm", "Pulls the tasks to one pace of learning (Chen et al. 2018).", needs_backbone=True),
    Weighting("pcgrad", "PCGrad", "Projects gradients that conflict (Yu et al. 2020).", True, "PCGradWeighting"),
    Weighting(
        "upgrad",
        "UPGrad",
        "Projects each gradient onto the dual cone (Quinton and Rey 2024).",
        True,
        "UPGradWeighting",
        projects=True,
    ),
    Weighting("imtl_g", "IMTL-G", "Makes the projections of all gradients equal (Liu et al. 2021).", True, "IMTLGWeighting"),
    Weighting("aligned_mtl", "Aligned-MTL", "Aligns the principal parts (Senushkin et al. 2023).", True, "AlignedMTLWeighting"),
    Weighting("mgda", "MGDA", "The shortest vector of the convex hull (Sener and Koltun 2018).", True, "MGDAWeighting"),
    Weighting(
        "dualproj",
        "DualProj",
        "Projects the mean onto the dual cone (Lopez-Paz and Ranzato 2017).",
        True,
        "DualProjWeighting",
        projects=True,
    ),
    *(
        Weighting(name, name, "Known from the literature, not built here.", needs_backbone=True, built=False)
        for name in ("cagrad", "gradvac", "graddrop", "nash_mtl")
    ),
):
    WEIGHTINGS.register(_known)


def offered() -> tuple[Weighting, ...]:
    """The weightings that can be chosen, those that need no gradient of a shared backbone first."""
    return tuple(weighting for weighting in WEIGHTINGS if weighting.built)
