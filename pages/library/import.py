"""Import: texts come in; what was imported, what was skipped, and why."""

import streamlit as st

from rebracket_core.services import StoredKind
from rebracket_core.ui import PageSpec, site
from rebracket_core.ui.kit import guard, lifecycle_menu, show_archived
from rebracket_core.ui.library import dataset_table, import_form, show_report

PAGE = PageSpec(
    title="Import",
    icon=":material/upload_file:",
    position=1,
    help="Bring texts in, and see what was imported and what was skipped.",
    about="Song manifests with lyrics, proposals, tables and plain text: what a file is, its content decides.",
    empty={"no_data": ("Nothing is imported yet. The starter corpus above is the quickest way to a first verdict.",)},
)

workbench = PAGE.open()
with guard():
    import_form.ways(workbench)
if name := st.session_state.get("import.last"):
    import_form.show_last(workbench, str(name))

st.subheader("In the library", anchor=False)
datasets = workbench.datasets.all()
if datasets:
    st.dataframe(dataset_table(datasets), hide_index=True, alt="The imported data sets")
    chosen = st.selectbox("Data set", [d.name for d in datasets], key="import.report", bind="query-params")
    meta = next((d for d in datasets if d.name == chosen), datasets[0])
    if meta.report.skipped or meta.report.notes:
        show_report(meta.report)
    else:
        st.text("Nothing was skipped: every row was imported.")
    with st.container(horizontal=True):
        site.link("audit", "Audit what it can teach")
        site.link("launch", "Train on it")
        lifecycle_menu(workbench, StoredKind.DATASET, meta.name, key="import.own")
else:
    PAGE.show_empty("no_data")
show_archived(workbench, StoredKind.DATASET, page="import")
