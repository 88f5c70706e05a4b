"""A kept verdict, plain as a session or the history holds it, read as a value once at the top of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebracket_core.errors import InputError
from rebracket_core.validation import FIELDS, Verdict


def read_verdict(plain: Mapping[str, Any]) -> Verdict:
    """Read a verdict of this or an earlier version; what an earlier one did not have is None or empty.

    Raises:
        InputError: where its verdict is none that there is.
    """
    known = {name: plain.get(name) for name in FIELDS}
    known |= {name: str(plain.get(name) or "") for name in ("id", "source", "text")}
    known["flags"] = tuple(plain.get("flags") or ())
    known["suggestions"] = tuple(map(_suggestion, plain.get("suggestions") or ()))
    known["thresholds"] = dict(plain.get("thresholds") or {})
    try:
        return Verdict.from_dict(known)
    except ValueError as cause:
        raise InputError(
            "A kept verdict cannot be read.",
            expected="one of the four verdicts",
            found=str(cause),
            hint="validate the concept again",
            where=str(plain.get("id") or ""),
        ) from cause


def _suggestion(suggestion: object) -> str:
    """A suggestion as its sentence, whether it came as text or as a mapping with `text`."""
    if isinstance(suggestion, Mapping):
        return str(suggestion.get("text") or ", ".join(f"{k} {v}" for k, v in suggestion.items()))
    return str(suggestion)
