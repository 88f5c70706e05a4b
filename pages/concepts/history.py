"""History: every verdict that was given, searchable, with the model that gave it."""

import streamlit as st

from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.scoring import HistoryFilters
from rebracket_core.ui import PageSpec
from rebracket_core.ui.concepts import VERDICTS, pick_row, read_verdict, show_entry
from rebracket_core.ui.kit import downloads, guard

PAGE_SIZE = 100

PAGE = PageSpec(
    title="History",
    icon=":material/history:",
    position=2,
    help="Every verdict that was given, with the model that gave it.",
    about="Every verdict is kept with its text, its numbers and the model that gave it; newest first.",
    empty={
        "no_verdict": (
            "Nothing was validated yet. Each verdict that you ask for will stand here.",
            ("validate", "Validate a concept"),
        )
    },
)

workbench = PAGE.open()
history = workbench.history
PAGE.require(history.count(), "no_verdict")

runs = {run.run_id: run for run in workbench.runs.all()}
with st.container(horizontal=True, vertical_alignment="bottom"):
    text = st.text_input("Search in the texts", key="history.search", type="search", bind="query-params", width=240)
    verdict = st.multiselect(
        "Verdict", list(VERDICTS[:4]), key="history.verdict", bind="query-params", width=240, placeholder="any"
    )
    album = st.multiselect("Album", list(ALBUM_NAMES), key="history.album", bind="query-params", width=240, placeholder="any")
    run_id = st.multiselect("Model", list(runs), key="history.run", bind="query-params", width=240, placeholder="any")
    entry_id = st.text_input("Open by number", key="history.entry", bind="query-params", width=160)
if entry_id:
    with guard():
        show_entry(history.get(entry_id.strip()), runs=runs, key="history.entry.shown")

filters = HistoryFilters(text=text or "", verdict=verdict or None, album=album or None, run_id=run_id or None)
total = history.count(**filters)
if not total:
    st.info("No verdict passes these filters. Clear one of them to see more.")
    st.stop()
pages = -(-total // PAGE_SIZE)
page = min(st.pagination(pages, key="history.page", bind="query-params"), pages) if pages > 1 else 1
entries = history.search(**filters, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
st.caption(f"{len(entries):,} of {total:,}. Press a column's head to sort this page; tick a row to open it below.")
extra = {
    "number": [entry.entry_id for entry in entries],
    "validated (UTC)": [entry.at[:16].replace("T", " ") for entry in entries],
    "model": [entry.run_id for entry in entries],
}
# The newest entry stands in the key: where rows moved, a tick from before must not open another one.
place = f"{entries[0].entry_id}.{len(entries)}.{hash(str(filters))}" if entries else ""
picked = pick_row([read_verdict(entry.verdict) for entry in entries], key=f"history.table.{place}", extra=extra)
downloads(
    lambda: [entry.verdict for entry in history.search(**filters, limit=total)],
    count=total,
    key="history.download",
    name="history",
)
if picked is not None:
    show_entry(entries[picked], runs=runs, key="history.picked")
