"""What the browser keeps of a page: typed text in its tab, and addresses to which the Back button leads."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_ASSETS = Path(__file__).parent / "assets"


@cache
def _component() -> Any:
    script = "\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in ("addresses.js", "typed_text.js"))
    return st.components.v2.component("rebracket_browser_state", html="<span></span>", js=script)


def keep_in_browser(*, owner: str) -> None:
    """Put on the page what keeps typed text in the browser's sessionStorage, at most 40 texts of a million characters.

    It covers every text field that has a key, so that what was typed stands there again when the page was loaded anew. Another
    `owner`, who signed in in the same tab, does not see it. Addresses that pages complete by themselves add nothing to the
    browser's history.
    """
    _component()(key="site.browser_state", data={"owner": owner})
