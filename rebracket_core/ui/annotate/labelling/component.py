"""The labelling client in the browser: its files joined to one component, and the call that puts it on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

_MODULES = (
    "presses.js",
    "ternary.js",
    "letters.js",
    "keys.js",
    "parts.js",
    "closed.js",
    "axis_view.js",
    "view.js",
    "time.js",
    "outbox.js",
    "queue.js",
    "draft.js",
    "kept.js",
    "tabs.js",
    "desk.js",
    "surroundings.js",
    "main.js",
)
"""The modules in the order in which one may use the ones before it."""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)"\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """The component's modules as one script, which is what a component takes."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _read(name))) for name in _MODULES)


@cache
def _component() -> Any:
    return st.components.v2.component("rebracket.desk", html=_read("desk.html"), css=_read("desk.css"), js=script())


_WAKE = """export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement
  root.wake = () => setTriggerValue("wake", true)
  if (root.listens) return
  root.listens = new AbortController()
  document.addEventListener("rebracket:wake", () => root.wake(), { signal: root.listens.signal })
  return () => { root.listens.abort(); root.listens = undefined }
}
"""


@cache
def _wake() -> Any:
    return st.components.v2.component("rebracket.wake", html="<span></span>", js=_WAKE)


def let_wake(*, key: str) -> None:
    """Put on the page, outside of every fragment, what lets the client ask for the whole page anew.

    A server that was started anew knows no part of the page before it has drawn the page; the client asks its part again and
    again and would get no answer.
    """
    _wake()(key=key, on_wake_change=lambda: None)


def mount(data: Mapping[str, Any], *, key: str) -> None:
    """Put the client on the page; its requests stand in the session state under `key` as `outbox`."""
    _component()(key=key, data=dict(data), on_outbox_change=lambda: None)


def message(key: str) -> Mapping[str, Any]:
    """The last request of the client under `key`: `batch`, `entries`, `holding`; {} before the first."""
    state = st.session_state.get(key)
    request = state.get("outbox") if isinstance(state, Mapping) else None
    return request if isinstance(request, Mapping) else {}
