"""Overview: what there is, and what to do next."""

import streamlit as st

from rebracket_core.ui import PageSpec, home, site
from rebracket_core.ui.concepts import columns_of, read_verdict, verdict_frame
from rebracket_core.ui.kit import escape
from rebracket_core.ui.library import dataset_table
from rebracket_core.ui.train import STARTER_NOTE, run_table

PAGE = PageSpec(
    title="Overview",
    heading="Rebracket",
    icon=":material/home:",
    position=1,
    help="What there is: data, model, last models trained, and what to do next.",
    about="Concepts go in; albums of the Rainbow Table come out, with numbers that can be checked.",
)

workbench = PAGE.open()
datasets, runs, promoted = workbench.datasets.all(), workbench.runs.all(), workbench.runs.production()
kept = workbench.history.count()

with st.grid(4, min_column_width=150):
    st.metric("Data sets", f"{len(datasets):,}", border=True)
    st.metric("Texts", f"{sum(d.n_rows for d in datasets):,}", border=True)
    st.metric("Models", f"{len(runs):,}", border=True)
    st.metric("Verdicts kept", f"{kept:,}", border=True)

st.subheader("What to do next", anchor=False)
for step in home.next_steps(datasets, runs, promoted=promoted, kept=kept):
    with st.container(border=True, gap="xsmall"):
        st.text(step.text)
        site.link(step.page, step.label)

left, right = st.columns(2)
with left:
    st.subheader("Model", anchor=False)
    if promoted is None:
        st.text("There is no production model: no verdict is given without one.")
    else:
        st.table(home.model_facts(promoted), border="horizontal", alt="The production model")
        if promoted.starter:
            st.caption(f":material/info: {STARTER_NOTE}")
    st.caption(f"The engine runs on {escape(workbench.resources.device())}.")
with right:
    st.subheader("Data", anchor=False)
    if datasets:
        st.dataframe(
            dataset_table(datasets)[["data set", "texts", "groups", "sources"]], hide_index=True, alt="The imported data sets"
        )
    else:
        st.text("Nothing is imported yet.")

if runs:
    st.subheader("Last models", anchor=False)
    st.dataframe(
        run_table(runs[:5])[["production", "model", "data set", "album accuracy", "trained (UTC)"]],
        hide_index=True,
        alt="The last models",
    )
if kept:
    st.subheader("Last verdicts", anchor=False)
    last = workbench.history.search(limit=5)
    st.dataframe(
        verdict_frame([read_verdict(entry.verdict) for entry in last]).filter(
            ["colour", "album", "verdict", "probability", "text"]
        ),
        hide_index=True,
        column_config=columns_of(),
        alt="The last verdicts, newest first",
    )
    site.link("history", "All verdicts")
