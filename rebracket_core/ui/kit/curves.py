"""Curves on a page, drawn in the browser from their numbers alone: what grows while somebody watches."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rebracket_core.charts import ALBUM_COLOURS, GRID, OUTLINE, Curves, with_alpha

_ASSETS = Path(__file__).parent / "assets"
_HTML, _CSS, _JS = ((_ASSETS / f"curves.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
_COMPONENT = st.components.v2.component("rebracket_curves", html=_HTML, css=_CSS, js=_JS)
_NOW = ALBUM_COLOURS["Violet"]
_COLOURS = {"now": _NOW, "band": with_alpha(_NOW, 0.28), "before": OUTLINE, "validation": ALBUM_COLOURS["Orange"], "grid": GRID}


def show_curves(curves: Curves, *, key: str) -> None:
    """Draw curves with the sentence that says how to read them."""
    _COMPONENT(key=key, data={**curves.to_dict(), "colours": _COLOURS})
    st.caption(curves.reading)
