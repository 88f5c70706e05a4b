"""The one folder below which the browser may have files validated."""

from __future__ import annotations

from pathlib import Path

from rebracket_core.errors import InputError


def below_root(root: Path | None, relative: str) -> Path:
    """The folder or file below `root` that is meant; InputError where there is no root, or it lies outside or is not there."""
    if root is None:
        raise InputError(
            "No folder is opened for validation.",
            expected="REBRACKET_VALIDATE_ROOT",
            found="it is not set",
            hint="set REBRACKET_VALIDATE_ROOT to a folder and start the app again",
        )
    path = (root / relative).resolve()
    if not path.is_relative_to(root) or not path.exists():
        raise InputError(
            "This folder cannot be read.",
            expected=f"a folder or file below {root}",
            found=repr(relative),
            hint="give a path below the configured root",
        )
    return path
