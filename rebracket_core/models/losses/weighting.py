"""The ways to weigh tasks against each other: one table, which a config can read without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from rebracket_core.registry import Registry


@dataclass(frozen=True, slots=True)
class Weighting:
    """One way to weigh tasks.

    `needs_backbone`: it balances the gradients that tasks send into parameters which they share, so there must be some, and
    more than one task. `torchjd` names TorchJD's class behind it, and `projects` says whether that asks for a projector.
    Where `built` is False the name is known from the literature and refused with its reason.
    """

    name: str
    label: str
    help: str
    needs_backbone: bool = False
    torchjd: str = ""
    projects: bool = False
    built: bool = True


WEIGHTINGS: Registry[Weighting] = Registry("weighting", Weighting, group="rebracket.weightings")
FIXED, UNCERTAINTY, GRADNORM = "fixed", "uncertainty", "gradnorm"
for _known in (
    Weighting(FIXED, "Fixed", "The tasks' weights stay as they are."),
    Weighting(UNCERTAINTY, "By uncertainty", "Each task is divided by its own loss (Kendall et al. 2018)."),
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
    """The weightings that can be chosen, those without a shared backbone first."""
    return tuple(weighting for weighting in WEIGHTINGS if weighting.built)
