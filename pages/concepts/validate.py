"""Validate: the verdict on one concept, or on many."""

import streamlit as st

from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.concepts import batches, read_verdict, show_batch, show_verdict, sources
from rebracket_core.ui.kit import downloads, guard
from rebracket_core.ui.review import counterfactuals, explanation

ONE, MANY = "One concept", "Many concepts"

PAGE = PageSpec(
    title="Validate",
    icon=":material/rule:",
    position=1,
    help="Ask for the verdict on one concept or on many.",
    about="A concept goes in; its album comes out, how sure that is, and what would change it.",
    empty={
        "nothing": (
            "There is no model yet, and without one no verdict is given. Import texts first (the starter corpus takes one "
            "press), "
            "then train.",
            ("import", "Import data"),
            ("launch", "Train a model"),
        ),
        "no_model": (
            "There is no model yet, and without one no verdict is given. Train one from the data that is here.",
            ("launch", "Train a model"),
        ),
        "no_production": (
            "There is no production model yet. Promote the one that gives the verdicts.",
            ("runs", "Choose a model"),
        ),
        "no_batch": ("This batch is no longer in memory; its verdicts are in the history.", ("history", "Open the history")),
    },
)

workbench = PAGE.open()
runs = {run.run_id: run for run in workbench.runs.all()}
PAGE.require(runs, "no_model" if workbench.datasets.all() else "nothing")
PAGE.require(workbench.runs.production(), "no_production")

mode = st.segmented_control(
    "How many", [ONE, MANY], default=ONE, required=True, key="validate.mode", bind="query-params", label_visibility="collapsed"
)
form = st.container()
sources.bring_back()
request = sources.options(workbench, prefix="validate")

if mode == ONE:
    with form, guard():
        sources.one(workbench, request)
    if plain := st.session_state.get("validate.one"):
        verdict = read_verdict(plain)
        show_verdict(verdict, run=runs.get(verdict.run_id or ""), key="validate.verdict")
        if verdict.error is None:
            st.subheader("Word changes that flip the result", anchor=False)
            with guard():
                counterfactuals.show_search(workbench, verdict, key="validate.one")
            site.link("explain", "Which words the prediction rests on", query=explanation.query_of(verdict))
        downloads([plain].copy, count=1, key="validate.one.download", name="verdict")
    else:
        st.info("Write or paste a concept above: one line is enough, a page is fine.", icon=":material/edit:")
else:
    with form, guard():
        sources.many(workbench, request)
    batch_id = st.session_state.get("validate.batch")
    batch = batches().get(batch_id) if batch_id else None
    if batch is not None:
        show_batch(batch, runs=runs, key="validate.many")
    elif batch_id:
        PAGE.show_empty("no_batch")
    else:
        st.info("Paste concepts, upload files, or name a folder above.", icon=":material/upload_file:")
