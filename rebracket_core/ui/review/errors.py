"""Errors on a page: wrong predictions in clusters, label-error candidates, people against model, and slices of the texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from rebracket_core.insight.errors import (
    TWIN_COSINE,
    Disagreement,
    DisagreementSource,
    LabelErrorCandidate,
    Side,
    cluster_misclassifications,
    disagreements,
    has_human_distributions,
    label_error_candidates as label_error_candidates,
    misclassifications,
    side_of,
)
from rebracket_core.reports.sections import (
    NO_PEOPLE,
    ReviewSection,
    cluster_row,
    review_of,
    run_of,
    slice_report,
    vectors_of,
    wrong_sentence,
)
from rebracket_core.ui.annotate.labelling.send_to_labelling import re_annotation_form
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import snippet
from rebracket_core.ui.review.review import show_texts
from rebracket_core.ui.review.sections import Drawer, ReviewPage, show_blocks
from rebracket_core.workbench import Workbench

_ALL = "All"
_WIDE = {"text": st.column_config.TextColumn(width="large")}


def show_wrong(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw the texts with a wrong album, the surest first, with the clusters that they form."""
    review = review_of(page.context)
    of, clusters = cluster_misclassifications(review, vectors_of(page.context), seed=page.context.seed)
    found = misclassifications(review, clusters=of)
    st.text(wrong_sentence(review, found))
    if not found:
        return
    rows = np.array([m.row for m in found])
    if clusters:
        st.dataframe([cluster_row(c) for c in clusters], hide_index=True, alt="Clusters of wrong predictions")
        names = [_ALL, *(f"Cluster {c.idx + 1}" for c in clusters)]
        name = st.segmented_control("Show", names, default=_ALL, required=True, key="errors.cluster", bind="query-params")
        if name and name != _ALL and name in names:
            rows = rows[of[rows] == names.index(name) - 1]
    show_texts(review, rows.tolist(), key="errors.mistakes", alt="Texts with a wrong album, the surest predictions first")


def show_label_errors(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw the label-error candidates of one question, and what sends them to a blind re-annotation."""
    review = review_of(page.context)
    if chosen != "album" and review.predictions is None:
        show_blocks(section.show(page.context, chosen=chosen), key="errors.label_errors")
        return
    with st.spinner("Looking for label errors"):
        found = label_error_candidates(review, question=chosen)
    if not found:
        st.text("No label is in doubt.")
        return
    sides = _sides(page.workbench, found)
    st.dataframe(
        [_candidate_row(s, sides) for s in found],
        hide_index=True,
        alt="Label-error candidates, the most doubtful first",
        column_config=_WIDE,
    )
    st.caption(f"{count(len(found), 'labels')}.")
    if sides:
        n = Counter(sides.values())
        st.text(
            f"People have labelled {count(len(sides), 'texts')} of these: nearer to the label {n[Side.LABEL]}, to the model "
            f"{n[Side.MODEL]}, to neither {n[Side.NEITHER]}."
        )
    _re_annotation(page, found, question=chosen)


def _candidate_row(one: LabelErrorCandidate, sides: dict[str, Side]) -> dict[str, object]:
    return {
        "text": snippet(one.text, limit=240),
        "label": one.label,
        "prediction": one.suggested,
        "probability of the label": round(one.quality, 3),
        **({"people side with": sides.get(one.row_id)} if sides else {}),
        "row": one.row_id,
    }


def _sides(workbench: Workbench, found: Sequence[LabelErrorCandidate]) -> dict[str, Side]:
    """Whose side people take in the label-error candidates that somebody labelled, by row id."""
    labels = workbench.labels.picked.labels_of([s.text for s in found])
    return {s.row_id: side_of(s, labels[s.text.strip()].axes) for s in found if s.text.strip() in labels}


def _re_annotation(page: ReviewPage, found: Sequence[LabelErrorCandidate], *, question: str) -> None:
    place = st.expander(
        "Send them to a blind re-annotation", icon=":material/visibility_off:", key="errors.look", on_change="rerun"
    )
    if not place.open:
        return
    with place, guard():
        dataset = page.workbench.review.own_dataset(run_of(page.context))
        if dataset is None:
            st.info(
                "The data that this model was trained on is not here, so there are no texts to label.", icon=":material/inbox:"
            )
            return
        candidates = [s.row_id for s in found]
        among = [row_id for row_id in review_of(page.context).row_id if row_id not in set(candidates)]
        re_annotation_form(
            page.workbench,
            dataset=dataset,
            row_ids=candidates,
            among=among,
            name=f"Re-annotation of {question}",
            key="errors.send",
        )


def show_people(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw where the model differs from people's labels, by who is to be blamed."""
    review = review_of(page.context)
    if not has_human_distributions(review):
        st.text(NO_PEOPLE)
        return
    found = disagreements(review)
    for blame in DisagreementSource:
        own = [d for d in found if d.blame is blame]
        st.markdown(f"**{str(blame).capitalize()}**: {len(own)}")
        if own:
            st.dataframe([_dispute_row(d) for d in own], hide_index=True, alt=f"Texts on which {blame}", column_config=_WIDE)


def _dispute_row(one: Disagreement) -> dict[str, object]:
    return {
        "text": snippet(one.text, limit=240),
        "axis": one.axis,
        "people": " / ".join(f"{p:.2f}" for p in one.people),
        "model": " / ".join(f"{p:.2f}" for p in one.model),
        "apart": round(one.distance, 2),
        "people's spread": round(one.human_entropy, 2),
        "model's spread": round(one.model_entropy, 2),
        "row": one.row_id,
    }


def show_slices(page: ReviewPage, section: ReviewSection, *, chosen: str) -> None:
    """Draw the slices of the texts on which the model is worse, and the wrong predictions of one of them."""
    show_blocks(section.show(page.context), key="errors.slices")
    review, report = review_of(page.context), slice_report(page.context)
    if not report.slices:
        return
    names = [f"{s.what}: {s.value}" for s in report.slices]
    name = st.selectbox("Texts of", names, key="errors.slice", bind="query-params")
    part = report.slices[names.index(name)] if name in names else report.slices[0]
    wrong = part.rows[(review.album_top != review.album_truth)[part.rows]]
    st.caption(
        f"The wrong ones of this part. A close twin is a text in training with a cosine of {TWIN_COSINE} or more. Too small to "
        f"be looked at: {len(report.too_small)}."
    )
    show_texts(review, wrong.tolist(), key="errors.part", alt=f"Wrong predictions of {part.what} {part.value}")


DRAWERS: dict[str, Drawer] = {
    "wrong": show_wrong,
    "label_errors": show_label_errors,
    "people": show_people,
    "slices": show_slices,
}
