"""A project's labels as files on a page: out in any form, in under their own annotators."""

from __future__ import annotations

import streamlit as st

from rebracket_core.annotation import AnnotationService, Person, Project
from rebracket_core.annotation.formats import SUFFIXES, Form, Imported, export_labels, import_labels, labelling_config
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.markdown import escape

FORMS = {
    Form.JSONL: "JSON lines, holds everything",
    Form.CSV: "CSV, holds everything",
    Form.PARQUET: "Parquet, holds everything",
    Form.LABEL_STUDIO: "Label Studio",
    Form.ARGILLA: "Argilla",
    Form.PRODIGY: "Prodigy",
    Form.DOCCANO: "doccano",
}
_SKIPS_SHOWN = 50


def show_label_files(service: AnnotationService, project: Project, *, person: Person) -> None:
    """Draw the ways out and in. Raises as `export_labels` and `import_labels` do."""
    form = st.selectbox("Form", list(FORMS), format_func=FORMS.__getitem__, key="label.files.form")
    if st.button("Make the file", icon=":material/file_export:", key="label.files.make"):
        with st.spinner("Writing it, and reading it back"):
            made = export_labels(service, project.project_id, form=form)
        st.caption(f"It holds {made.n_written:,} of {made.n_in_database:,} labels; they were counted in the file.")
        for loss in made.lost:
            st.caption(f"Not held: {escape(loss)}")
        _take(made.data, f"{project.project_id}-labels{SUFFIXES[form]}", key="label.files.data")
        if form is Form.LABEL_STUDIO:
            _take(labelling_config().encode("utf-8"), f"{project.project_id}.config.xml", key="label.files.config")
    file = st.file_uploader("A file of labels", key="label.files.in", help="Any of these forms; it is known by its content.")
    if file is not None and st.button("Take its labels", icon=":material/file_open:", key="label.files.take"):
        with st.spinner("Taking the labels"):
            found = import_labels(service, project.project_id, file.getvalue(), name=file.name, by=person.person_id)
        _tell(found)


def _take(data: bytes, name: str, *, key: str) -> None:
    st.download_button(f"Download {name}", data, file_name=name, key=key, icon=":material/download:", on_click="ignore")


def _tell(found: Imported) -> None:
    st.success(
        f"{count(found.n_saved, 'labels')} taken, {found.n_revised:,} revised, {found.n_already:,} were there already.",
        icon=":material/check_circle:",
    )
    for what, n in found.taken_as.items():
        st.caption(f"{escape(what)}: {n:,}")
    if found.skipped:
        st.warning(f"{len(found.skipped):,} were skipped.", icon=":material/block:")
        rows = [{"where": skip.where, "why": skip.reason} for skip in found.skipped[:_SKIPS_SHOWN]]
        st.dataframe(rows, hide_index=True, alt="What was skipped, and why")
