"""Long work on a page: one box that says what is being done and how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from rebracket_core.progress import CallingReporter, ProgressReporter
from rebracket_core.ui.kit.markdown import escape

_EVERY_S = 0.1


@contextmanager
def working(label: str, *, done: str = "Done") -> Iterator[ProgressReporter]:
    """A `with` block whose value is a progress reporter; the box closes as done or as failed.

    Drawing is limited to ten times a second. `label` and `done` are our own words, `stage` is shown as written.
    """
    started, last = time.monotonic(), [0.0]
    with st.status(label, expanded=True) as box:
        bar = st.progress(0.0, text="Starting")

        def show(stage: str, finished: int, total: int) -> None:
            now = time.monotonic()
            if finished < total and now - last[0] < _EVERY_S:
                return
            last[0] = now
            share = min(1.0, max(0.0, finished / total)) if total else 0.0
            count = f" · {finished:,} of {total:,}" if total > 1 else ""
            bar.progress(share, text=f"{escape(stage)}{count}")

        try:
            yield CallingReporter(show)
        except BaseException:
            box.update(label=f"{label}: stopped", state="error", expanded=False)
            raise
        bar.empty()
        box.update(label=f"{done} in {time.monotonic() - started:.1f} s", state="complete", expanded=False)
