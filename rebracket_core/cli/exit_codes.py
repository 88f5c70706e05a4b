"""How a command ends: what it prints when it fails, and its exit code."""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import wraps
from typing import IO, Any, ParamSpec

import typer

from rebracket_core.cli.options import common
from rebracket_core.cli.signals import INTERRUPTED, stop
from rebracket_core.cli.tables import one_line
from rebracket_core.errors import InputError, RebracketError

DONE, FAILED, BAD_INPUT, SOME_FAILED, NOT_KEPT = 0, 1, 2, 3, 4
BROKEN_PIPE = 141
P = ParamSpec("P")


class Output:
    """The real stdout. While a command works, everything else that prints goes to stderr."""

    def __init__(self) -> None:
        self._streams: list[IO[str]] = []

    @property
    def stream(self) -> IO[str]:
        """Where answers go."""
        return self._streams[-1] if self._streams else sys.stdout

    def enter(self, stream: IO[str]) -> None:
        """Send answers to `stream` until `leave`."""
        self._streams.append(stream)

    def leave(self) -> None:
        """Send answers where they went before."""
        self._streams.pop()

    def text(self, text: str) -> None:
        """Print text and a line end."""
        self.stream.write(text if text.endswith("\n") else f"{text}\n")
        self.stream.flush()

    def data(self, data: bytes) -> None:
        """Write bytes (UTF-8) as they are."""
        buffer = getattr(self.stream, "buffer", None)
        if buffer is None:
            self.stream.write(data.decode("utf-8"))
        else:
            self.stream.flush()
            buffer.write(data)
        self.stream.flush()

    def json(self, document: Any) -> None:
        """Print one JSON document, never NaN."""
        from rebracket_core.reports import plain

        text = json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False, default=str)
        self.data(f"{text}\n".encode())

    def answer(self, document: Any, text: str, *, as_json: bool) -> None:
        """Print the document where `--json` was given, else the text."""
        if as_json:
            self.json(document)
        else:
            self.text(text)


out = Output()


def tell(text: str, *, indent: int = 0) -> None:
    """Print a line for people on stderr, safe for a terminal."""
    print(" " * indent + one_line(text), file=sys.stderr, flush=True)


def command(work: Callable[P, int | None]) -> Callable[P, None]:
    """`work` as a command: an error becomes lines on stderr (and with --json a document) and an exit code.

    A RebracketError is printed as message, expected, found and what to do; a traceback is shown with --debug alone.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        out.enter(sys.stdout)
        as_json = bool(kwargs.get("as_json"))
        try:
            with redirect_stdout(sys.stderr):
                code = work(*args, **kwargs) or DONE
        except typer.Exit as end:
            code = end.exit_code
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
            code = INTERRUPTED
        except BrokenPipeError:
            hush_stdout()
            code = BROKEN_PIPE
        except Exception as error:
            code = _failed(error, as_json=as_json) if stop.code is None else stop.code
        finally:
            out.leave()
        raise typer.Exit(code)

    return run


def _failed(error: Exception, *, as_json: bool) -> int:
    if common.debug:
        traceback.print_exc(file=sys.stderr)
    if not isinstance(error, RebracketError):
        error = _unexpected(error)
    tell(f"Error: {error.where}: {error.message}" if error.where else f"Error: {error.message}")
    for name, detail in (("Expected", error.expected), ("Found", error.found), ("What to do", error.hint)):
        if detail:
            tell(f"{name}: {detail}", indent=2)
    if as_json:
        fields = ("message", "expected", "found", "hint", "where")
        out.json({"error": {name: getattr(error, name) for name in fields}})
    return BAD_INPUT if isinstance(error, InputError) else FAILED


def _unexpected(error: Exception) -> RebracketError:
    if isinstance(error, OSError):
        return RebracketError(
            "The system refused.",
            expected="a readable and writable place",
            found=str(error),
            hint="check the path, its rights and the free space",
            where=str(error.filename or ""),
        )
    if isinstance(error, MemoryError):
        return RebracketError("There is not enough memory.", found="none left", hint="give fewer items at a time")
    return RebracketError(
        "Something went wrong that should not.",
        found=f"{type(error).__name__}: {error}",
        hint="run it again with --debug before the command and report what it shows",
    )


def hush_stdout() -> None:
    """Drop in silence whatever is still to be written to a closed pipe."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, io.UnsupportedOperation):
        return
