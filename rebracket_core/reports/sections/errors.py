"""Where a run is wrong: wrong predictions, label-error candidates, people against the model, and slices of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.insight.errors import (
    DisagreementSource,
    cluster_misclassifications,
    disagreements,
    find_slices,
    has_human_distributions,
    label_error_candidates,
    misclassifications,
    properties_of,
    twin_cosines,
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
    review_of,
    vectors_of,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from rebracket_core.insight import Review
    from rebracket_core.insight.errors import ErrorCluster, Misclassification, SliceReport

MOST_CANDIDATES = 50
NO_PEOPLE = "No held-out text has a distribution that people gave, so this cannot be measured."


@REVIEW_SECTIONS.register
class WrongPredictions(ReviewSection):
    """How many albums are wrong, and the clusters that these texts form."""

    name = "wrong"
    label = "Wrong predictions"
    help = "Held-out texts with a wrong album, clustered by their vectors; what a cluster means is for you to say."
    page = "errors"
    needs = (Need.RUN, Need.REVIEW, Need.VECTORS)

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make the counts and the clusters, without any words of the texts."""
        of, clusters = cluster_misclassifications(review_of(context), vectors_of(context), seed=context.seed)
        found = misclassifications(review_of(context), clusters=of)
        rows = [{key: value for key, value in cluster_row(c).items() if key != "words that set it apart"} for c in clusters]
        return [
            Note(wrong_sentence(review_of(context), found)),
            *([Table(rows, alt="Clusters of wrong predictions")] if rows else []),
        ]


def wrong_sentence(review: Review, found: Sequence[Misclassification]) -> str:
    """How many albums are wrong, in a sentence."""
    if not found:
        return "No album is wrong."
    second, accepted = sum(m.second for m in found), sum(m.accepted for m in found)
    return (
        f"{len(found):,} of {int(review.comparable.sum()):,} texts have a wrong album; in {second:,} the label came second; "
        f"{accepted:,} passed the gate."
    )


def cluster_row(cluster: ErrorCluster) -> dict[str, object]:
    """A cluster of wrong predictions as a row of a table."""
    return {
        "cluster": cluster.idx + 1,
        "texts": cluster.n,
        "groups": cluster.n_groups,
        "words that set it apart": ", ".join(cluster.words),
        "commonest error": f"{cluster.commonest} ({cluster.n_commonest})",
    }


@REVIEW_SECTIONS.register
class LabelErrors(ReviewSection):
    """Labels that may be wrong, by confident learning on calibrated probabilities."""

    name = "label_errors"
    label = "Label-error candidates"
    help = (
        "By confident learning on calibrated held-out probabilities. A candidate is no proof: a weak model doubts right labels "
        "too, so let someone label it again who does not see the model's prediction."
    )
    page = "errors"
    choice = Choice("question", "Labels of", ("album", *AXIS_NAMES))

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make the list by row id; it holds none of the texts."""
        if chosen != "album" and review_of(context).predictions is None:
            return [Note("This run kept no axis probabilities of its held-out texts.")]
        found = label_error_candidates(review_of(context), question=chosen)
        if not found:
            return [Note("No label is in doubt.")]
        rows = [
            {"row": s.row_id, "label": s.label, "prediction": s.suggested, "probability of the label": round(s.quality, 3)}
            for s in found[:MOST_CANDIDATES]
        ]
        return [Note(f"Labels in doubt: {len(found):,}."), Table(rows, alt="Label-error candidates, the most doubtful first")]


@REVIEW_SECTIONS.register
class PeopleOrModel(ReviewSection):
    """Where the model differs from a distribution that people gave."""

    name = "people"
    label = "Model or people"
    help = "Where one in four people or more gave the predicted label, people are split; elsewhere the model is wrong."
    page = "errors"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note | Table]:
        """Make the counts by who is to be blamed."""
        if not has_human_distributions(review_of(context)):
            return [Note(NO_PEOPLE)]
        found = disagreements(review_of(context))
        rows = [{"why": str(blame).capitalize(), "texts": sum(d.blame is blame for d in found)} for blame in DisagreementSource]
        return [Table(rows, alt="Why predictions differ from people's labels")]


@REVIEW_SECTIONS.register
class Slices(ReviewSection):
    """Parts of the texts on which accuracy is lower, with intervals that hold for all parts together."""

    name = "slices"
    label = "Slice performance"
    help = "Every part of the texts against the rest; intervals hold for all parts together, so the worst is not just luck."
    page = "errors"
    needs = (Need.RUN, Need.REVIEW, Need.VECTORS)

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[go.Figure | Note | Table]:
        """Make the figure, how many slices are proven, and the table."""
        report = slice_report(context)
        if not report.slices:
            return [Note("No part of the texts is large enough to be looked at.")]
        proven = sum(s.worse for s in report.slices)
        word = f"{proven} are worse beyond chance." if proven else "None is worse than the worst of so many by chance."
        return [
            figures.slices_figure(report, leaked=review_of(context).leaked),
            Note(f"{report.looked_at} parts were looked at. {word}"),
            Table(_slice_rows(report), alt="Parts of the texts against the rest, the worst first"),
        ]


def slice_report(context: ReviewContext) -> SliceReport:
    """The slices of a review, the worst first. The context needs a review and vectors."""
    review = review_of(context)
    at = np.flatnonzero(review.comparable)
    twin = twin_cosines(vectors_of(context), review.predictions.fold) if review.predictions is not None else None
    right = (review.album_top == review.album_truth)[at].astype(np.float64)
    return find_slices(right, properties_of(review, at, twin=twin), review.groups[at], rows=at, seed=context.seed)


def _slice_rows(report: SliceReport) -> list[dict[str, object]]:
    return [
        {
            "part": f"{s.what}: {s.value}",
            "texts": s.n,
            "groups": s.n_groups,
            "accuracy": round(s.right, 2),
            "the rest": round(s.rest, 2),
            "difference": round(s.difference, 2),
            "range, for all together": f"{s.low:+.2f} to {s.high:+.2f}",
            "p, corrected": round(s.p, 3),
        }
        for s in report.slices
    ]
