"""The ways into the library: the starter corpus, files, and a folder on the machine that runs Rebracket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from rebracket_core.corpus import Dataset, ReadReport
from rebracket_core.corpus.sources.formats import file_types, formats_in_words
from rebracket_core.errors import InputError
from rebracket_core.services import ImportHints
from rebracket_core.ui import site
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.folder import choose_place, named, opened
from rebracket_core.ui.kit.markdown import escape
from rebracket_core.ui.library.datasets import show_report
from rebracket_core.ui.text_column import preview, preview_button, text_column_field
from rebracket_core.workbench import Workbench

_STARTER, _FILES, _FOLDER = "Starter corpus", "Files", "Folder"


def ways(workbench: Workbench) -> None:
    """Draw the three ways; what was imported is put into the session as `import.last`."""
    way = st.segmented_control(
        "From",
        [_STARTER, _FILES, _FOLDER],
        default=_STARTER,
        required=True,
        key="import.way",
        bind="query-params",
        label_visibility="collapsed",
    )
    if way == _STARTER:
        st.text(
            "Short made-up concepts with hand-set labels for every album. They are enough to try everything, and are "
            "no substitute for your own songs."
        )
        if st.button("Import the starter corpus", type="primary", icon=":material/download:", key="import.starter"):
            _take("the starter corpus", workbench.datasets.import_starter)
    elif way == _FILES:
        _files(workbench)
    else:
        _folder(workbench)


def _files(workbench: Workbench) -> None:
    turn = int(st.session_state.get("import.turn", 0))  # another key after each round lets the file go from memory
    with st.form(f"import.form.{turn}", border=False):
        file = st.file_uploader(
            "A file",
            file_types(),
            key=f"import.file.{turn}",
            help=f"For a folder of manifests or proposals, upload it as a ZIP.\n\n{formats_in_words()}",
        )
        name = st.text_input("Name of the data set", key=f"import.name.{turn}", placeholder="the file's own name")
        column = text_column_field(f"import.column.{turn}")
        hints, vectors_encoder = _further(f"import.{turn}", text_column=column)
        pressed = st.form_submit_button("Import", type="primary", icon=":material/upload_file:")
        seen = preview_button(f"import.preview.{turn}")
    if seen:
        preview([(file.name, file.getvalue())] if file else [], column=column, workbench=workbench)
    if not pressed:
        return
    if file is None:
        raise InputError("No file was chosen.", expected="one file", found="none", hint="choose a file first")
    data, chosen = file.getvalue(), (name or "").strip() or None
    read = partial(workbench.datasets.import_upload, file.name, data, vectors_encoder=vectors_encoder, **hints)
    if _take(file.name, lambda: read(name=chosen)):
        st.session_state["import.turn"] = turn + 1
        st.rerun()


def _folder(workbench: Workbench) -> None:
    root = workbench.settings.validate_root
    if not opened(root, command="rebracket import SOURCE"):
        return
    with st.form("import.folder", border=False):
        chosen = choose_place(root, key="import.path")
        name = st.text_input("Name of the data set", key="import.folder.name", placeholder="the folder's own name")
        column = text_column_field("import.folder.column")
        hints, vectors_encoder = _further("import.folder", text_column=column)
        pressed = st.form_submit_button("Import", type="primary", icon=":material/drive_folder_upload:")
    if pressed:
        place = named(chosen)
        source = workbench.datasets.below_root(place)
        chosen_name = (name or "").strip() or None
        _take(place, lambda: workbench.datasets.import_path(source, name=chosen_name, vectors_encoder=vectors_encoder, **hints))


def _further(prefix: str, *, text_column: str | None) -> tuple[ImportHints, str]:
    """Draw the fields that few sources need: the part of a Hugging Face data set, and what made the vectors."""
    with st.expander("Hugging Face data sets, vectors", icon=":material/dataset:"):
        config = st.text_input("Config", key=f"{prefix}.config", help="Of a data set that has several; an error lists them.")
        split = st.text_input("Split", key=f"{prefix}.split", help="train, for example; several are joined by +.")
        encoder = st.text_input(
            "Encoder of the vectors",
            key=f"{prefix}.encoder",
            help="Vectors beside the texts (embedding, concept_embedding, lyric_embedding) are taken; a model trained on them "
            "says with this name what a new text needs.",
        )
    part = {"config": (config or "").strip() or None, "split": (split or "").strip() or None}
    hints: ImportHints = {"text_column": text_column, "config": part["config"], "split": part["split"]}
    return hints, (encoder or "").strip()


def _take(label: str, read: Callable[[], tuple[Dataset, ReadReport]]) -> bool:
    with st.spinner(f"Reading {escape(label)}", show_time=True):
        dataset, _ = read()
    st.session_state["import.last"] = dataset.name
    return True


def show_last(workbench: Workbench, name: str) -> None:
    """Draw what the last import of this session brought in, and what to do with it."""
    meta = next((d for d in workbench.datasets.all() if d.name == name), None)
    if meta is None:
        return
    with st.container(border=True):
        st.success(
            f"**{escape(meta.name)}** is in the library: {count(meta.n_rows, 'texts')} in {count(meta.n_groups, 'groups')}.",
            icon=":material/check_circle:",
        )
        show_report(meta.report)
        with st.container(horizontal=True):
            site.link("audit", "Audit what it can teach")
            site.link("launch", "Train on it")
