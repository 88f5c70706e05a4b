"""Errors on a page: ranked and clustered, suspected labels, people against model, and where a run is worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from rebracket_core.insight.errors.ranking import (
    DisagreementSource,
    LabelErrorCandidate,
    cluster_misclassifications,
    disagreements,
    has_human_distributions,
    label_error_candidates,
    misclassifications,
)
from rebracket_core.insight.errors.re_annotation import Side, side_of
from rebracket_core.insight.errors.slices import TWIN_COSINE, SliceReport, find_slices, properties_of, twin_cosines
from rebracket_core.insight.review import Review
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.reports.review_figures import slices_figure
from rebracket_core.runs.store import RunInfo
from rebracket_core.ui.annotate.labelling.send_to_labelling import re_annotation_form
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.figure import show
from rebracket_core.ui.kit.markdown import snippet
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.review.review import show_texts
from rebracket_core.workbench import Workbench

_ALL = "All"
_WIDE = {"text": st.column_config.TextColumn(width="large")}


@st.cache_resource(show_spinner=False)
def _kept() -> dict[str, np.ndarray]:
    return {}


def vectors_of(workbench: Workbench, review: Review) -> np.ndarray:
    """The vectors of the unseen texts, read with progress the first time and remembered."""
    kept, place = _kept(), f"{workbench.settings.home} {review.run_id}"
    if place not in kept:
        with working("Reading the texts of this run", done="Read") as progress:
            found = workbench.review.vectors(review, progress=progress)
        found.setflags(write=False)
        while len(kept) >= 4:
            kept.pop(next(iter(kept)), None)
        kept[place] = found
    return kept[place]


def show_mistakes(review: Review, vectors: np.ndarray, *, seed: int) -> None:
    """Draw the misclassified, the surest first, with the clusters that they form."""
    of, clusters = cluster_misclassifications(review, vectors, seed=seed)
    found = misclassifications(review, clusters=of)
    if not found:
        st.text("No album is wrong.")
        return
    second = sum(m.second for m in found)
    accepted = sum(m.accepted for m in found)
    st.text(
        f"{count(len(found), 'texts')} of {int(review.comparable.sum()):,} with a wrong album; "
        f"in {second} the label came second; "
        f"{accepted} passed the gate."
    )
    rows = np.array([m.row for m in found])
    if clusters:
        st.dataframe(
            [
                {
                    "cluster": c.idx + 1,
                    "texts": c.n,
                    "groups": c.n_groups,
                    "words that set it apart": ", ".join(c.words),
                    "commonest mistake": f"{c.commonest} ({c.n_commonest})",
                }
                for c in clusters
            ],
            hide_index=True,
            alt="Clusters of wrong answers",
        )
        names = [_ALL, *(f"Cluster {c.idx + 1}" for c in clusters)]
        chosen = st.segmented_control("Show", names, default=_ALL, required=True, key="errors.cluster", bind="query-params")
        if chosen and chosen != _ALL and chosen in names:
            rows = rows[of[rows] == names.index(chosen) - 1]
        st.caption("Found by k-means on the vectors; what a cluster means is for you to say.")
    show_texts(review, rows.tolist(), key="errors.mistakes", alt="Texts with a wrong album, the surest answers first")


def show_suspects(workbench: Workbench, run: RunInfo, review: Review) -> None:
    """Draw the labels that the run doubts, for one question, and what sends them to a blind second look."""
    questions = ["album", *(AXIS_NAMES if review.predictions is not None else ())]
    question = st.segmented_control(
        "Labels of", questions, default="album", required=True, key="errors.question", bind="query-params"
    )
    with st.spinner("Looking for doubtful labels"):
        found = label_error_candidates(review, question=str(question or "album"))
    st.caption(
        "By confident learning on calibrated probabilities of models that had not met the song. A doubt is no proof: a weak "
        "model doubts right labels too, so let someone look again who does not see the model's answer."
    )
    if not found:
        st.text("No label is in doubt.")
        return
    sides = _sides(workbench, found)
    st.dataframe(
        [
            {
                "text": snippet(s.text, limit=240),
                "label": s.label,
                "the model says": s.suggested,
                "believed": round(s.quality, 3),
                **({"people side with": sides.get(s.row_id)} if sides else {}),
                "row": s.row_id,
            }
            for s in found
        ],
        hide_index=True,
        alt="Suspected labels, the most doubtful first",
        column_config=_WIDE,
    )
    st.caption(f"{count(len(found), 'labels')}; “believed” is the probability that the model gives the label.")
    if sides:
        told = Counter(sides.values())
        st.text(
            f"People have labelled {count(len(sides), 'texts')} of these: nearer to the label {told[Side.LABEL]}, to the model "
            f"{told[Side.MODEL]}, to neither {told[Side.NEITHER]}."
        )
    _re_annotation(workbench, run, review, found, question=str(question or "album"))


def _sides(workbench: Workbench, found: Sequence[LabelErrorCandidate]) -> dict[str, Side]:
    """Whose side people take in the doubted labels that somebody labelled, by row id."""
    said = workbench.labels.picked.labels_of([s.text for s in found])
    return {s.row_id: side_of(s, said[s.text.strip()].axes) for s in found if s.text.strip() in said}


def _re_annotation(
    workbench: Workbench, run: RunInfo, review: Review, found: Sequence[LabelErrorCandidate], *, question: str
) -> None:
    place = st.expander(
        "Send them to a blind second look", icon=":material/visibility_off:", key="errors.look", on_change="rerun"
    )
    if not place.open:
        return
    with place, guard():
        dataset = workbench.review.own_dataset(run)
        if dataset is None:
            st.info("The data that this run learnt from is not here, so there are no texts to label.", icon=":material/inbox:")
            return
        doubted = [s.row_id for s in found]
        among = [row_id for row_id in review.row_id if row_id not in set(doubted)]
        re_annotation_form(
            workbench,
            dataset=dataset,
            row_ids=doubted,
            among=among,
            name=f"Second look at {question} labels",
            key="errors.send",
        )


def show_people(review: Review) -> None:
    """Draw where the model differs from what people said, by who is to be blamed."""
    if not has_human_distributions(review):
        st.text("No unseen text has a distribution that people gave, so nothing can be said of that.")
        return
    found = disagreements(review)
    st.caption("Where at least one in four people said what the model says, people are split; elsewhere the model is wrong.")
    for blame in DisagreementSource:
        own = [d for d in found if d.blame is blame]
        st.markdown(f"**{str(blame).capitalize()}**: {len(own)}")
        if own:
            st.dataframe(
                [
                    {
                        "text": snippet(d.text, limit=240),
                        "axis": d.axis,
                        "people": " / ".join(f"{p:.2f}" for p in d.people),
                        "model": " / ".join(f"{p:.2f}" for p in d.model),
                        "apart": round(d.distance, 2),
                        "people's spread": round(d.human_entropy, 2),
                        "model's spread": round(d.model_entropy, 2),
                        "row": d.row_id,
                    }
                    for d in own
                ],
                hide_index=True,
                alt=f"Texts on which {blame}",
                column_config=_WIDE,
            )


def show_slices(review: Review, vectors: np.ndarray, *, seed: int) -> None:
    """Draw the parts of the texts on which the run is worse, and the texts of one of them."""
    at = np.flatnonzero(review.comparable)
    twin = twin_cosines(vectors, review.predictions.fold) if review.predictions is not None else None
    right = (review.album_top == review.album_truth)[at].astype(np.float64)
    report = find_slices(right, properties_of(review, at, twin=twin), review.groups[at], rows=at, seed=seed)
    if not report.slices:
        st.text("No part of the texts is large enough to be looked at.")
        return
    show(slices_figure(report, leaked=review.leaked), key="errors.slices")
    proven = [s for s in report.slices if s.worse]
    st.text(
        f"{report.looked_at} parts were looked at. "
        + (f"{len(proven)} are worse beyond chance." if proven else "None is worse than the worst of so many by chance.")
    )
    _slice_table(report)
    names = [f"{s.what}: {s.value}" for s in report.slices]
    chosen = st.selectbox("Texts of", names, key="errors.slice", bind="query-params")
    part = report.slices[names.index(chosen)] if chosen in names else report.slices[0]
    wrong = part.rows[(review.album_top != review.album_truth)[part.rows]]
    st.caption(
        f"The wrong ones of this part. A close twin is a text in training with a cosine of {TWIN_COSINE} or more. Too small to "
        f"be looked at: {len(report.too_small)}."
    )
    show_texts(review, wrong.tolist(), key="errors.part", alt=f"Wrong answers of {part.what} {part.value}")


def _slice_table(report: SliceReport) -> None:
    st.dataframe(
        [
            {
                "part": f"{s.what}: {s.value}",
                "texts": s.n,
                "groups": s.n_groups,
                "right": round(s.right, 2),
                "the rest": round(s.rest, 2),
                "difference": round(s.difference, 2),
                "range, for all together": f"{s.low:+.2f} to {s.high:+.2f}",
                "p, corrected": round(s.p, 3),
            }
            for s in report.slices
        ],
        hide_index=True,
        alt="Parts of the texts against the rest, the worst first",
    )
