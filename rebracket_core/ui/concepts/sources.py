"""Where concepts come from on the Validate page: a text, a paste, files, a folder; and which model validates how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from rebracket_core.corpus import ReadReport, Skip
from rebracket_core.corpus.sources.formats import file_types, formats_in_words
from rebracket_core.errors import InputError, StoreError
from rebracket_core.thresholds import Value
from rebracket_core.ui.concepts.batch import batches
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.folder import choose_place, named, opened
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.text_column import preview, preview_button, text_column_field
from rebracket_core.ui.threshold_inputs import threshold_inputs
from rebracket_core.ui.train.run_summary import run_label
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench

_PRODUCTION = "The production model"
_CONCEPT, _BATCH = "concept", "batch"
_PASTE, _FILES, _FOLDER = "Paste", "Files", "Folder"


@dataclass(frozen=True, slots=True)
class Request:
    """Which model validates (None: the production model) and the thresholds that replace the run's own (None: none)."""

    run_id: str | None = None
    thresholds: dict[str, Value] | None = None


def options(workbench: Workbench, *, prefix: str) -> Request:
    """Draw the choice of model and thresholds, closed at first; what is chosen."""
    runs = {run.run_id: run for run in workbench.runs.all()}
    used = next((run for run in runs.values() if run.promoted), None)
    with st.expander("Model and thresholds", icon=":material/tune:"):
        run_id = st.selectbox(
            "Model",
            [_PRODUCTION, *runs],
            format_func=lambda i: run_label(runs[i]) if i in runs else _PRODUCTION,
            key=f"{prefix}.run",
            bind="query-params",
            help="Another model is used on this page only; the production model stays.",
        )
        if not st.toggle(
            "Set the thresholds myself",
            key=f"{prefix}.own",
            bind="query-params",
            help="Otherwise the model's own: its acceptance was chosen on held-out texts.",
        ):
            return Request(run_id if run_id in runs else None)
        run = runs.get(run_id or "", used)
        limits = workbench.settings.thresholds.with_(**(run.thresholds if run else {}))
        own = threshold_inputs(limits, key=f"{prefix}.threshold.", suffix=run.run_id if run else "", bind="query-params")
    return Request(run_id if run_id in runs else None, own or None)


def one(workbench: Workbench, request: Request) -> None:
    """Draw the form for one concept; its verdict is put into the session as `validate.one`."""
    with st.form("validate.form", border=False):
        text = st.text_area(
            "Concept",
            key="validate.text",
            height=140,
            persist_state="session",
            max_chars=workbench.settings.max_text_chars,
            placeholder="What the song grows from",
            help="Ctrl+Enter validates.",
        )
        pressed = st.form_submit_button("Validate", type="primary", icon=":material/rule:")
    if not pressed:
        return
    st.session_state["validate.one"] = None
    if not (text or "").strip():
        raise InputError(
            "There is no text to validate.",
            expected="a concept of at least one word",
            found="an empty field",
            hint="write or paste a concept",
        )
    with st.spinner("Scoring the texts", show_time=True):
        verdicts = workbench.verdicts.validate(
            [Concept("typed", text or "", "typed")],
            run_id=request.run_id,
            thresholds=request.thresholds,
            source="typed",
            not_kept=_show_not_kept,
        )
    st.session_state["validate.one"] = verdicts[0].to_dict()
    st.query_params[_CONCEPT] = batches().put("One concept", verdicts, ReadReport(1))


def _show_not_kept(refusal: StoreError) -> None:
    """Say beside verdicts that the history did not take them."""
    st.warning(f"Not kept in the history: {refusal.found or refusal.message}. What to do: {refusal.hint}.")


def many(workbench: Workbench, request: Request) -> None:
    """Draw the three ways to many concepts; the batch that comes of it is put into the session as `validate.batch`."""
    way = st.segmented_control(
        "From", [_PASTE, _FILES, _FOLDER], default=_PASTE, required=True, key="validate.way", bind="query-params"
    )
    if way == _PASTE:
        _paste(workbench, request)
    elif way == _FILES:
        _files(workbench, request)
    else:
        _folder(workbench, request)


def _paste(workbench: Workbench, request: Request) -> None:
    with st.form("validate.paste", border=False):
        text = st.text_area(
            "Concepts",
            key="validate.pasted",
            height=220,
            persist_state="session",
            help="A blank line between concepts, or one a line; CSV, JSON lines and YAML are read too. Ctrl+Enter validates.",
            placeholder="One concept a line, or a blank line between longer ones",
        )
        pressed = st.form_submit_button("Validate all", type="primary", icon=":material/rule:")
    if not pressed:
        return
    if not (text or "").strip():
        raise InputError(
            "Nothing was pasted.",
            expected="at least one concept",
            found="an empty field",
            hint="paste concepts, one a line or with a blank line between",
        )
    vectors = workbench.verdicts.reads_vectors(request.run_id)
    read = workbench.verdicts.read_upload("pasted.txt", (text or "").encode("utf-8", "replace"), vectors=vectors)
    validate(workbench, request, read.concepts, report=read.report, label="Pasted concepts")


def _files(workbench: Workbench, request: Request) -> None:
    # Another key after each round lets Streamlit drop the files from memory.
    form_number = int(st.session_state.get("validate.turn", 0))
    with st.form(f"validate.upload.{form_number}", border=False):
        files = st.file_uploader(
            "Files",
            file_types(),
            accept_multiple_files=True,
            key=f"validate.files.{form_number}",
            help=f"Files of these formats, or a ZIP of them. Nothing is kept but the verdicts.\n\n{formats_in_words()}",
        )
        column = text_column_field("validate.column")
        pressed = st.form_submit_button("Validate all", type="primary", icon=":material/rule:")
        seen = preview_button("validate.preview")
    if seen:
        preview([(file.name, file.getvalue()) for file in files or ()], column=column, workbench=workbench)
    if not pressed:
        return
    if not files:
        raise InputError("No file was chosen.", expected="one or several files", found="none", hint="choose files first")
    concepts: list[Concept] = []
    taken, skipped, notes = 0, list[Skip](), list[str]()
    vectors = workbench.verdicts.reads_vectors(request.run_id)
    for file in files:
        read = workbench.verdicts.read_upload(file.name, file.getvalue(), text_column=column, vectors=vectors)
        concepts += read.concepts
        taken, skipped, notes = (taken + read.report.taken, [*skipped, *read.report.skipped], [*notes, *read.report.notes])
    label = files[0].name if len(files) == 1 else f"{len(files)} files"
    st.session_state["validate.turn"] = form_number + 1
    validate(workbench, request, concepts, report=ReadReport(taken, tuple(skipped), tuple(notes)), label=label)
    st.rerun()


def _folder(workbench: Workbench, request: Request) -> None:
    root = workbench.settings.validate_root
    if not opened(root, command="rebracket validate FOLDER"):
        return
    with st.form("validate.folder", border=False):
        chosen = choose_place(root, key="validate.path")
        column = text_column_field("validate.folder.column")
        pressed = st.form_submit_button("Validate all", type="primary", icon=":material/rule:")
    if pressed:
        place = named(chosen)
        vectors = workbench.verdicts.reads_vectors(request.run_id)
        read = workbench.verdicts.read([workbench.datasets.below_root(place)], text_column=column, vectors=vectors)
        validate(workbench, request, read.concepts, report=read.report, label=place)


def validate(workbench: Workbench, request: Request, concepts: Sequence[Concept], *, report: ReadReport, label: str) -> None:
    """Validate concepts with progress; the batch's id is put into the session as `validate.batch`."""
    if not concepts:
        raise InputError(
            "There is no concept in it.",
            expected="at least one text",
            found="none",
            hint="see the README for the formats that are read",
        )
    with working(
        f"Validating {count(len(concepts), 'concepts')}", done=f"{count(len(concepts), 'concepts')} validated"
    ) as progress:
        verdicts = workbench.verdicts.validate(
            concepts,
            run_id=request.run_id,
            thresholds=request.thresholds,
            progress=progress,
            source=label,
            not_kept=_show_not_kept,
        )
    st.session_state["validate.batch"] = st.query_params[_BATCH] = batches().put(label, verdicts, report)


def bring_back() -> None:
    """Put into the session what the address names, where the page was loaded anew: the concept with its verdict, the batch.

    What is no longer in memory is in the history; the page says so of a batch.
    """
    state = st.session_state
    if "validate.batch" not in state and (batch_id := st.query_params.get(_BATCH)):
        state["validate.batch"] = batch_id
    if "validate.one" not in state and (found := batches().get(st.query_params.get(_CONCEPT, ""))):
        state["validate.one"] = found.verdicts[0].to_dict()
        if not state.get("validate.text"):
            state["validate.text"] = found.verdicts[0].text
