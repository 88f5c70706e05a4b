"""Values as databases take them: texts without NUL, numbers without NaN, and case folding in SQLite."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FOLD = "rebracket_fold"
"""The name of `fold` in SQL."""


def fold(text: str | None) -> str | None:
    """The text folded for a comparison in any case; SQLite itself folds ASCII alone."""
    return text.casefold() if isinstance(text, str) else text


def storable_text(text: object) -> str:
    """The text without what databases refuse: NUL and half surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", str(text or ""))


def finite(value: Any) -> Any:
    """The value with plain Python numbers, None in the place of NaN and infinity, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else None
    return value.item() if hasattr(value, "item") else value
