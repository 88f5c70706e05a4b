"""The uncertainty of a model: the likely albums of a concept, and what uncertainty sees and cannot see."""

from __future__ import annotations

import streamlit as st

from rebracket_core.models import ConformalSets
from rebracket_core.models.heads import HEADS, LINEAR, Head
from rebracket_core.runs import RunInfo, SetScores
from rebracket_core.ui.concepts import sentences
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.validation import Claim, Verdict, unmeasured_kind

_COVERAGES = (0.8, 0.9, 0.95)
_DEFAULT = 0.9


def kind_of(run: RunInfo | None) -> type[Head]:
    """The kind of head of a run, which says what its uncertainties mean; runs from before there was a choice are linear."""
    kind: type[Head] = HEADS.get(str((run.config if run else {}).get("head", LINEAR)))
    return kind


def parts(verdict: Verdict, kind: type[Head]) -> dict[str, float]:
    """The uncertainties of a verdict by the name that they go by: "epistemic" is an OOD-like score where it is no more."""
    found = {name: value for name, value in (verdict.uncertainty or {}).items() if value is not None}
    return {kind.epistemic if name == "epistemic" else name: float(value) for name, value in found.items()}


def sets_of(run: RunInfo | None) -> ConformalSets | None:
    """The limits of a run's conformal sets; None where it has none, or none that can be read."""
    try:
        return ConformalSets.from_dict(run.album_sets) if run and run.album_sets else None
    except (KeyError, TypeError, ValueError):
        return None


def own_coverage(run: RunInfo | None) -> float:
    """The coverage that a run was asked for."""
    return float((run.config if run else {}).get("coverage", _DEFAULT))


def set_text(verdict: Verdict, run: RunInfo | None, *, coverage: float) -> str:
    """The likely albums at a coverage in one sentence, unescaped, with why it may not be counted on; "" without sets."""
    sets = sets_of(run)
    if run is None or sets is None or not verdict.album_probabilities:
        return ""
    share, unit = f"{coverage:.0%}", sentences.units(run.origins)
    if run.leaked:
        return f"No likely albums ({share} set): the model was split by row, so nothing was measured on held-out {unit}."
    if not sets.limit(coverage):
        return f"{sentences.count(sets.n_groups, unit)} are too few to promise {share}: the set would be all nine albums."
    names = sets.names(dict(verdict.album_probabilities), coverage=coverage)
    listed = names[0] + " alone" if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"Likely albums ({share} set): {listed}. {_worth(verdict, run, coverage=coverage, unit=unit)}"


def _worth(verdict: Verdict, run: RunInfo, *, coverage: float, unit: str) -> str:
    kind = unmeasured_kind(verdict.to_dict())
    if kind is Claim.UNLIKE:
        return "That was measured on texts like the training ones, which this is not."
    if kind is Claim.LEARNED:
        return "The model was trained on this very text, so the set promises nothing here."
    found = run.measured.calibration.sets
    if found is None or found.coverage != coverage:
        return f"Made to hold the right album for {coverage:.0%} of the texts of held-out {unit}."
    return f"On held-out {unit} such sets held the right album {measured(found)}."


def measured(found: SetScores) -> str:
    """How often sets held the right album with its interval: "90 % of the time (88 % to 93 %)"."""
    tail = "" if found.low is None or found.high is None else f" ({found.low:.0%} to {found.high:.0%})"
    return f"{found.measured:.0%} of the time{tail}"


def figures_text(found: SetScores) -> str:
    """A run's conformal sets as they were measured: coverage with interval, sizes, the album least covered."""
    albums = found.per_album
    worst = min(albums, key=lambda name: albums[name]) if albums else None
    least = f" Least often for {worst}: {albums[worst]:.0%}; the promise is for all albums together." if worst else ""
    return (
        f"Likely albums ({found.coverage:.0%} sets) held the right one {measured(found)} on "
        f"{sentences.count(found.n_groups, 'held-out groups')}, each counted once, with {found.mean_size:.1f} albums on "
        f"average.{least}"
    )


def show_uncertainty(verdict: Verdict, *, run: RunInfo | None, key: str) -> None:
    """Draw how sure the model is: the set at a coverage of one's choice, the parts of its uncertainty, what they cannot see."""
    if run is None:
        return
    kind = kind_of(run)
    with st.expander("How sure it is, and what that cannot see", icon=":material/balance:", key=f"{key}.uncertainty"):
        if sets_of(run) is None:
            st.caption("This model was trained before there were sets of likely albums: train it again to have them.")
        else:
            choices = sorted({*_COVERAGES, own_coverage(run)})
            coverage = st.segmented_control(
                "The set shall hold the right album this often",
                choices,
                default=own_coverage(run),
                format_func=lambda share: f"{share:.0%}",
                required=True,
                key=f"{key}.coverage",
                bind="query-params",
            )
            st.text(set_text(verdict, run, coverage=coverage or own_coverage(run)))
        numbers = ", ".join(f"{name} {value:.2f}" for name, value in parts(verdict, kind).items())
        st.markdown(f"**{kind.label}**: {escape(numbers)} (0 is sure, 1 could be any album)")
        st.caption(f"{kind.sees} {kind.blind}")
