"""YAML text → plain values, safely."""

from __future__ import annotations

import re
from typing import Any

import yaml

from rebracket_core.errors import DataError

_ALIAS = re.compile(r"(?:^|[\s\[,:{-])\*[^\s,\]}]", re.MULTILINE)
_MAX_ALIASES = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(text: str, *, where: str = "") -> Any:
    """The plain values of a YAML document, read by PyYAML's safe loader (in C where available).

    Raises DataError for broken YAML, for tags such as !!python and for a document that multiplies itself by aliases.
    """
    try:
        if _ALIAS.search(text):
            _check_aliases(text, where=where)
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise DataError(
            f"The YAML cannot be read{at}.",
            expected="plain YAML without tags",
            found=str(problem)[:200],
            hint="correct the line; texts with ':' or '#' need quotes",
            where=where,
        ) from error


def _check_aliases(text: str, *, where: str) -> None:
    aliases = sum(1 for event in yaml.parse(text, Loader=_LOADER) if isinstance(event, yaml.AliasEvent))
    if aliases > _MAX_ALIASES:
        raise DataError(
            "The YAML repeats itself too often.",
            expected=f"at most {_MAX_ALIASES} aliases",
            found=f"{aliases}",
            hint="write the values out",
            where=where,
        )
