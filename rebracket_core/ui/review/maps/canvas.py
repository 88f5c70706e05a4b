"""The canvas of a map on a page: coordinates go to the browser once, colours and selections alone go anew."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from rebracket_core.charts import OUTLINE, MapPaint
from rebracket_core.maps import GRID, Scene, bounds

_ASSETS = Path(__file__).parent / "assets"
_HTML, _CSS, _JS = ((_ASSETS / f"map.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
_COMPONENT = st.components.v2.component("rebracket_map", html=_HTML, css=_CSS, js=_JS)
# Beginnings of texts go along for at most so many points: 11,605 of 72 characters are 0.8 MB.
MOST_LABELS = 12_000
_HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Mark:
    """A new text on the map: where it lies and its colour."""

    at: tuple[float, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn: the map's name, (n, dims) places, what is shown of them, its paint, and what is chosen.

    `chosen` (n,) bool or None; `labels` gives the beginnings of the texts shown, called only where places are sent;
    `hidden` the names that are not drawn. One `view_only` offers no selection.
    """

    frame: str
    places: np.ndarray
    scene: Scene
    paint: MapPaint
    alt: str
    chosen: np.ndarray | None = None
    labels: Callable[[], list[str]] | None = None
    placed: Sequence[Mark] = ()
    hidden: Sequence[str] = ()
    whole_is_sampled: bool = False
    view_only: bool = False

    @property
    def key(self) -> str:
        """What names the coordinates in the browser: the map and the part of it that is shown."""
        return f"{self.frame}@{','.join(f'{v:.4g}' for v in self.scene.box)}#{len(self.scene.at)}"


def show_map(drawing: Drawing, *, key: str) -> None:
    """Draw the map. What people draw on it stands in the session under `key`: see `region_of`, `hidden_of` and `view_of`."""
    sent = st.session_state.get(f"{key}.sent") == drawing.key
    _COMPONENT(
        key=key,
        data=_message(drawing, with_places=not sent),
        on_region_change=lambda: st.session_state.update({f"{key}.drawn": True}),
        on_hidden_change=lambda: _hide(key),
        on_view_change=_nothing,
        on_lost_change=lambda: st.session_state.pop(f"{key}.sent", None),  # the browser asks for what it does not have
    )
    st.session_state[f"{key}.sent"] = drawing.key


def _nothing() -> None:
    """A state of the component that is read and needs no answer of its own."""


def _message(drawing: Drawing, *, with_places: bool) -> dict[str, Any]:
    at, paint, places = drawing.scene.at, drawing.paint, drawing.places
    low, high = places.min(axis=0), places.max(axis=0)
    middle, span = (low + high) / 2, high - low
    reach = float(span.max()) / 2 if places.shape[1] == 2 else float(np.linalg.norm(span)) / 2
    density = drawing.scene.density
    return {
        "frame": drawing.frame,
        "key": drawing.key,
        "dim": places.shape[1],
        "xy": _text(places[at].astype("<f4")) if with_places else None,
        "labels": drawing.labels() if with_places and drawing.labels is not None else None,
        "middle": middle.tolist(),
        "reach": max(reach, 1e-6),
        "view_only": drawing.view_only,
        "partial": drawing.whole_is_sampled,
        "paint": {
            "kind": "scale" if paint.scale else "class",
            "title": paint.title,
            "codes": _text(paint.codes[at]),
            "names": list(paint.names),
            "colours": list(paint.colours),
            "symbols": list(paint.symbols),
            "counts": paint.counts,
            "low": paint.low,
            "high": paint.high,
        },
        "chosen": None if drawing.chosen is None else _text(drawing.chosen[at].astype(np.uint8)),
        "hidden": list(drawing.hidden),
        "density": None if density is None else {"cells": _text(density), "size": GRID, "range": list(drawing.scene.box)},
        "placed": [{"at": list(mark.at), "colour": mark.colour} for mark in drawing.placed],
        "outline": OUTLINE,
        "alt": drawing.alt,
    }


def _text(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def state_of(key: str) -> Mapping[str, Any]:
    """What the canvas said last, by name; empty before it said anything."""
    return dict(st.session_state.get(key) or {})


def hidden_of(key: str) -> list[str]:
    """The names in the legend that are switched off: as they were pressed, or as the address says."""
    if (pressed := state_of(key).get("hidden")) is not None:
        return [str(name) for name in pressed]
    return [name for name in st.query_params.get(_HIDE, "").split("|") if name]


def _hide(key: str) -> None:
    st.query_params.pop(_HIDE, None)
    if names := state_of(key).get("hidden"):
        st.query_params[_HIDE] = "|".join(map(str, names))


def view_of(key: str, *, places: np.ndarray) -> tuple[float, float, float, float] | None:
    """The part of a large map that is looked at, cut to where points are; None for the whole."""
    view = state_of(key).get("view")
    if not isinstance(view, list) or len(view) != 4 or places.shape[1] != 2:
        return None
    x0, y0, x1, y1 = (float(v) for v in view)
    a0, b0, a1, b1 = bounds(places)
    box = max(x0, a0), max(y0, b0), min(x1, a1), min(y1, b1)
    return box if box[0] < box[2] and box[1] < box[3] else None


def drawn_anew(key: str) -> bool:
    """Whether a region was drawn since this was last asked."""
    return bool(st.session_state.pop(f"{key}.drawn", False))
