"""A project's labels as files on a page: exported in any format, imported under their own annotators."""

from __future__ import annotations

import streamlit as st

from rebracket_core.annotation import Person, Project
from rebracket_core.annotation.formats import LABEL_FORMATS, Imported, export_labels, import_labels
from rebracket_core.services import StoredKind
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.workbench import Workbench

_SKIPS_SHOWN = 50


def show_label_files(workbench: Workbench, project: Project, *, person: Person) -> None:
    """Draw export and import. Raises as `export_labels` and `import_labels` do, and where the project is archived."""
    session = workbench.labels.session
    name = st.selectbox(
        "Format",
        list(LABEL_FORMATS.names),
        format_func=lambda one: LABEL_FORMATS.get(one).label,
        key="label.files.form",
        help="\n".join(f"- {one.label}: {one.help}" for one in LABEL_FORMATS),
    )
    if st.button("Export", icon=":material/file_export:", key="label.files.make"):
        with st.spinner("Writing it, and reading it back"):
            made = export_labels(session, project.project_id, format_name=str(name))
        st.caption(f"It holds {made.n_written:,} of {made.n_in_database:,} labels; they were counted in the file.")
        for loss in made.lost:
            st.caption(f"Not held: {escape(loss)}")
        _download(made.data, f"{project.project_id}-labels{made.suffix}", key="label.files.data")
        for suffix, data in made.companions.items():
            _download(data, f"{project.project_id}{suffix}", key=f"label.files{suffix}")
    file = st.file_uploader(
        "Import a file of labels", key="label.files.in", help="Any of these formats; it is recognised by its content."
    )
    if file is not None and st.button("Import its labels", icon=":material/file_open:", key="label.files.take"):
        workbench.lifecycle.require_listed(StoredKind.PROJECT, project.project_id)
        with st.spinner("Importing the labels"):
            found = import_labels(session, project.project_id, data=file.getvalue(), name=file.name, by=person.person_id)
        _show_result(found)


def _download(data: bytes, name: str, *, key: str) -> None:
    st.download_button(f"Download {name}", data, file_name=name, key=key, icon=":material/download:", on_click="ignore")


def _show_result(found: Imported) -> None:
    st.success(
        f"{count(found.n_saved, 'labels')} imported, {found.n_revised:,} revised, {found.n_already:,} were there already.",
        icon=":material/check_circle:",
    )
    for what, n in found.taken_as.items():
        st.caption(f"{escape(what)}: {n:,}")
    if found.skipped:
        st.warning(f"{len(found.skipped):,} were skipped.", icon=":material/block:")
        rows = [{"where": skip.where, "why": skip.reason} for skip in found.skipped[:_SKIPS_SHOWN]]
        st.dataframe(rows, hide_index=True, alt="What was skipped, and why")
