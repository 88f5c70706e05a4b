"""The one tree of errors. Every message says what was expected, what was found and what to do."""

from __future__ import annotations


def lines_of(message: object) -> list[str]:
    """The lines, without blank ones, of what another library said (an exception, a text); its class where it said nothing."""
    lines = [line.strip() for line in str(message).replace("\r", "\n").split("\n") if line.strip()]
    return lines or [type(message).__name__]


class RebracketError(Exception):
    """Anything that Rebracket refuses or cannot do.

    `expected`, `found` and `hint` are plain sentences; `where` names the file, row or column when there is one.
    """

    def __init__(self, message: str, *, expected: str = "", found: str = "", hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.found = found
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.expected:
            parts.append(f"Expected: {self.expected}.")
        if self.found:
            parts.append(f"Found: {self.found}.")
        if self.hint:
            parts.append(f"What to do: {self.hint}.")
        return " ".join(parts)


class InputError(RebracketError):
    """What came in cannot be used: a text, a file, an argument (exit code 2 on the command line)."""


class DataError(InputError):
    """A file, row or column of data cannot be used."""


class ConfigError(InputError):
    """A setting or a training option has a value that is not allowed."""


class EncoderError(RebracketError):
    """Text cannot be turned into vectors: weights missing, altered, or of the wrong width."""


class ModelError(RebracketError):
    """A run cannot give scores: it is missing, damaged, foreign or of another schema."""


class NoModelError(ModelError):
    """There is no model to ask; no verdict is given without one."""


class StoreError(RebracketError):
    """The database or the disk refused to keep or return something."""


class MissingExtraError(RebracketError):
    """An optional part of Rebracket is not installed; the message names the extra."""

    def __init__(self, extra: str, *, what: str) -> None:
        super().__init__(
            f"{what} needs the optional extra '{extra}'.",
            expected=f"the packages of the extra '{extra}'",
            found="they are not installed",
            hint=f"run: pip install 'rebracket[{extra}]'",
        )
        self.extra = extra
