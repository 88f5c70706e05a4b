"""What the tests of pages share: which pages there are, and what one says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").glob("*/*.py"))
Open = Callable[[str], AppTest]


def elements(app: AppTest, kind: str) -> list[Element]:
    """What the page draws of one kind, in order; containers are none."""
    return [element for element in app.get(kind) if isinstance(element, Element)]


def words(app: AppTest) -> str:
    """Everything that the page says, in one text."""
    kinds = ("title", "subheader", "caption", "text", "markdown", "info", "success", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in elements(app, kind))


def table_with(app: AppTest, column: str) -> pd.DataFrame:
    """The first table on the page that has this column."""
    return next(element.value for element in app.dataframe if column in element.value)
