"""Values as the database holds them: moments, ids, texts, and the hash fractions that draw samples."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from rebracket_core.errors import InputError

_REFUSED = re.compile("[\x00\ud800-\udfff]")


def iso(seconds: float) -> str:
    """A moment (seconds since 1970) as ISO 8601 in UTC with milliseconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")


def iso_of(text: str) -> str:
    """A moment that somebody wrote, as ISO 8601 in UTC with milliseconds; without a zone it is taken as UTC.

    Raises InputError for what is no moment.
    """
    try:
        when = dt.datetime.fromisoformat(text)
        when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
        return when.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):  # the first and last hours of the calendar have no moment in UTC
        raise InputError(
            "This moment cannot be read.",
            expected="ISO 8601, such as 2026-03-01T12:00:00+00:00",
            found=repr(text)[:200],
            hint="write it so",
        ) from None


def new_id() -> str:
    """A fresh UUID."""
    return str(uuid.uuid4())


def hash_fraction(*words: str) -> float:
    """A number in [0, 1) that depends on these words alone, uniform over words: sha256, first 64 bits."""
    digest = hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def storable(value: Any) -> Any:
    """The value without what databases refuse in texts: NUL and half surrogate pairs."""
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _REFUSED.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {name: storable(part) for name, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, (list, tuple)) else value
