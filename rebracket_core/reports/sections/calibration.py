"""Whether probabilities mean what they say on held-out texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebracket_core.insight.calibration import (
    ALBUM,
    KindOfNonConcepts,
    calibration_by_album,
    ood_summary,
    reliability_diagram,
    top_predictions,
)
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.reports import review_figures as figures
from rebracket_core.reports.sections.base import (
    REVIEW_SECTIONS,
    Choice,
    Need,
    Note,
    ReviewContext,
    ReviewSection,
    Table,
    non_concepts_of,
    review_of,
    run_of,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

LEVEL = 0.05


@REVIEW_SECTIONS.register
class Reliability(ReviewSection):
    """The reliability diagram of the album or an axis, and how sure right and wrong predictions are."""

    name = "reliability"
    label = "Reliability diagram (calibration)"
    help = "Whether a probability of 0.8 is right four times in five, beside what a perfectly calibrated model shows by chance."
    page = "confidence"
    choice = Choice("what", "Probability of the", (ALBUM, *AXIS_NAMES))

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note]:
        """Make the distribution, the diagram, and the calibration error in a sentence."""
        predictions, leaked = top_predictions(review_of(context), chosen), review_of(context).leaked
        found = reliability_diagram(predictions, seed=context.seed)
        accept = run_of(context).limits.accept if chosen == ALBUM else None
        meaning = (
            "A perfectly calibrated model would look as far off by chance: nothing speaks against these probabilities."
            if found.p >= LEVEL
            else "That is more than chance explains: do not read these probabilities as odds."
        )
        return [
            figures.distribution_figure(predictions, what=chosen, accept=accept, leaked=leaked),
            figures.reliability_figure(found, what=chosen, leaked=leaked),
            Note(
                f"Mean probability {found.mean_probability:.2f}, accuracy {found.right:.2f}, of {found.n:,} texts in "
                f"{found.n_groups:,} {context.unit}. Calibration error (ECE) {found.error:.3f}; expected by chance "
                f"{found.perfect:.3f} (p {found.p:.3f}). {meaning}"
            ),
        ]


@REVIEW_SECTIONS.register
class AlbumCalibration(ReviewSection):
    """Probability, accuracy and calibration error for each album that is predicted."""

    name = "album_calibration"
    label = "Album by album"
    help = "By the predicted album, because a probability is a promise about a prediction."
    page = "confidence"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Table]:
        """Make one table."""
        rows = [
            {
                "prediction": p.name,
                "texts": p.n,
                context.unit: p.n_groups,
                "mean probability": round(p.mean_probability, 2),
                "accuracy": round(p.right, 2),
                "range (95 %)": "" if p.low is None or p.high is None else f"{p.low:.2f} to {p.high:.2f}",
                "calibration error": round(p.error, 3),
                "expected by chance": round(p.perfect, 3),
            }
            for p in calibration_by_album(review_of(context), seed=context.seed)
        ]
        return [Table(rows, alt="Mean probability and accuracy for each predicted album")]


@REVIEW_SECTIONS.register
class OutOfDistribution(ReviewSection):
    """The out-of-distribution p-values of held-out texts."""

    name = "ood"
    label = "Out of distribution (unlike the training texts)"
    help = "A fair detector calls as many held-out texts out of distribution as its threshold says."
    page = "confidence"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note]:
        """Make the distribution of the p-values and the share below the threshold."""
        limit = run_of(context).limits.ood_p
        found = ood_summary(review_of(context), limit=limit, seed=context.seed)
        span = "" if found.low is None else f" ({found.low:.3f} to {found.high:.3f})"
        sides = ((found.right_below, "below it"), (found.right_above, "above it"))
        accuracy = ", ".join(f"{value:.2f} {where}" for value, where in sides if value is not None)
        return [
            figures.ood_figure(review_of(context), limit=limit),
            Note(
                f"{found.n_below} of {found.n:,} held-out texts lie below {limit:.2f}: a share of {found.below:.3f}{span}, "
                f"where a fair detector has {limit:.2f}. Album accuracy: {accuracy or 'not measured'}."
            ),
        ]


@REVIEW_SECTIONS.register
class NonConcepts(ReviewSection):
    """What the run makes of texts that are no concepts, kind by kind."""

    name = "non_concepts"
    label = "Texts that are no concepts"
    help = (
        "Hard kinds are prose and verse that look like concepts; the detector never met them. The other kinds are its "
        "background, so that it refuses them almost by construction."
    )
    page = "confidence"
    needs = (Need.RUN, Need.NON_CONCEPTS)

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make a sentence on the hard kinds, one on the others, and a line for each kind."""
        found = non_concepts_of(context)
        rows = [
            {
                "kind": k.kind,
                "hard": "yes" if k.hard else "no",
                "texts": k.n,
                "out of distribution": round(k.n_out_of_distribution / k.n, 2),
                "accepted": round(k.n_accepted / k.n, 2),
                "not scored (no words)": k.n_unscored,
            }
            for k in found
        ]
        groups = (("hard", [k for k in found if k.hard]), ("other", [k for k in found if not k.hard]))
        notes = [Note(_refused_sentence(kinds, which=which)) for which, kinds in groups if kinds]
        return [*notes, Table(rows, alt="What is out of distribution and accepted among texts that are no concepts, by kind")]


def _refused_sentence(kinds: Sequence[KindOfNonConcepts], *, which: str) -> str:
    n, ood, accepted = (sum(getattr(k, name) for k in kinds) for name in ("n", "n_out_of_distribution", "n_accepted"))
    shares = f"{ood / n:.3f} are out of distribution, and {accepted / n:.3f} are accepted"
    return f"Of {n:,} texts of {len(kinds)} {which} kinds {shares}."
