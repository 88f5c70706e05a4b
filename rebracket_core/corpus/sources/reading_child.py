"""Reading what strangers send, in a process of its own: it may take so much memory and time, and is ended when it takes more.

The readers are bounded by themselves (`corpus.limits`, `parquet.bounds`). This is the wall behind them, for what nobody
thought of: Parquet, archives and large files are read here; a small text file is read at once, for its bounds are tight.
A child that has read is kept for the next file, as starting one takes about a second, and goes by itself when it is not
asked. What it found comes back as JSON.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from rebracket_core.corpus.concept import Concept
from rebracket_core.corpus.readers.columns import Hints
from rebracket_core.corpus.readers.parquet import MAGIC
from rebracket_core.corpus.row_vectors import vectors_of
from rebracket_core.corpus.schema import ReadReport, Skip, make_frame
from rebracket_core.corpus.sources.files import ZIP_MAGIC
from rebracket_core.corpus.sources.reading import RowsRead, read_concepts_upload, read_rows_upload
from rebracket_core.corpus.sources.sinks.concepts import ConceptsRead
from rebracket_core.errors import DataError, InputError
from rebracket_core.parquet import STREAM_MAGIC

MIB = 1 << 20
SMALL_BYTES = 256 * 1024
IDLE_S = 60.0
_START_S = 30.0
_TOO_MUCH = 77  # the exit code of a child that has taken more memory than it may
_LOOK_S, _WALL = 0.02, 16 * MIB


@dataclass(frozen=True, slots=True)
class ReadingBounds:
    """What the reading of one file may take.

    `seconds`, `seconds_a_mib` more of them for each MiB of it, and bytes of `memory` above those of an idle reader.
    """

    seconds: float = 60.0
    seconds_a_mib: float = 5.0
    memory: int = 1536 * MIB

    def seconds_for(self, size: int) -> float:
        """The seconds that a file of so many bytes may take."""
        return self.seconds + self.seconds_a_mib * size / MIB


BOUNDS = ReadingBounds()


def read_concepts_apart(
    name: str,
    data: bytes,
    *,
    max_text_chars: int,
    text_column: str | None = None,
    vectors: bool = False,
    bounds: ReadingBounds | None = None,
) -> ConceptsRead:
    """The concepts that `read_concepts_upload` gives of one file, read where it can be stopped.

    Raises DataError, naming the file, where reading it took more than the bounds.
    """
    how: dict[str, Any] = {"max_text_chars": max_text_chars, "text_column": text_column, "vectors": vectors}
    if is_small(data):
        return read_concepts_upload(name, data, **how)
    reply = _ask({"kind": "concepts", "name": name, "how": how}, data, bounds=bounds or BOUNDS)
    return ConceptsRead(tuple(map(_concept_of, reply["concepts"])), _report_of(reply["report"]))


def read_rows_apart(name: str, data: bytes, *, hints: Hints = Hints(), bounds: ReadingBounds | None = None) -> RowsRead:  # noqa: B008 - frozen
    """The rows, report and vectors that `read_rows_upload` gives of one file, read where it can be stopped.

    Raises DataError as it does, and where reading the file took more than the bounds.
    """
    if is_small(data):
        return read_rows_upload(name, data, hints=hints)
    reply = _ask({"kind": "rows", "name": name, "how": asdict(hints)}, data, bounds=bounds or BOUNDS)
    return RowsRead(make_frame(reply["rows"]), _report_of(reply["report"]), tuple(map(vectors_of, reply["vectors"])))


def is_small(data: bytes) -> bool:
    """Whether a file is a short text, which the bounds of the readers keep from doing harm."""
    return len(data) <= SMALL_BYTES and not data.startswith((MAGIC, ZIP_MAGIC, STREAM_MAGIC))


def _concept_of(reply: dict[str, Any]) -> Concept:
    return Concept(**{**reply, "vectors": {name: tuple(numbers) for name, numbers in reply["vectors"].items()}})


def _report_of(reply: dict[str, Any]) -> ReadReport:
    return ReadReport(int(reply["taken"]), tuple(Skip(**skip) for skip in reply["skipped"]), tuple(reply["notes"]))


# ---- the side that asks -----------------------------------------------------------------------------------------------

_lock = threading.Lock()
_idle: list[_Child] = []


class _Child:
    """A process that reads one file after another."""

    def __init__(self, bounds: ReadingBounds) -> None:
        self.bounds = bounds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rebracket_core.corpus.sources.reading_child", str(bounds.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._late = False

    def ask(self, request: dict[str, Any], data: bytes) -> dict[str, Any] | None:
        """What it answers, None where it was gone before it was asked. Raises DataError where it did not finish."""
        if self._process.poll() is not None:
            return None
        name, seconds = str(request["name"]), self.bounds.seconds_for(len(data))
        assert self._process.stdin is not None and self._process.stdout is not None
        timer = threading.Timer(_START_S, self._end_late)
        timer.start()
        try:
            if not self._process.stdout.readline():  # the line by which it says that it is ready
                return None
            timer.cancel()
            timer = threading.Timer(seconds, self._end_late)
            timer.start()
            return _exchange(self._process.stdin, self._process.stdout, {**request, "seconds": seconds}, data)
        except (OSError, ValueError) as error:
            code = self._process.wait()
            if code == 0 and not self._late:  # it went, as nobody had asked, at the moment when it was asked
                return None
            if code == _TOO_MUCH:
                raise _stopped(name, "less memory", "it took more than a reader may have") from error
            if self._late or code == -14:
                raise _stopped(name, f"done within {seconds:g} seconds", "it was not") from error
            found = f"it was ended ({code}), as happens for want of memory"
            raise _stopped(name, "a reader that ends by itself", found) from error
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                assert pipe is not None
                pipe.close()
            except OSError:  # what was not yet written to a process that has gone
                continue
        self._process.wait()


def _exchange(to: IO[bytes], back: IO[bytes], request: dict[str, Any], data: bytes) -> dict[str, Any]:
    to.write(json.dumps({**request, "size": len(data)}).encode() + b"\n")
    to.write(data)
    to.flush()
    size = int(back.readline())
    answer = back.read(size)
    if len(answer) != size:
        raise ValueError("the answer is cut")
    found: dict[str, Any] = json.loads(answer)
    return found


def _ask(request: dict[str, Any], data: bytes, *, bounds: ReadingBounds) -> dict[str, Any]:
    reply = None
    while reply is None:
        child, kept = _taken(bounds)
        try:
            reply = child.ask(request, data)
        except BaseException:
            child.close()
            raise
        if reply is None or reply.get("spent"):
            child.close()
        else:
            _keep(child)
        if reply is None and not kept:
            raise _stopped(str(request["name"]), "a process to read it in", "it could not be started")
    if error := reply.get("error"):
        raise DataError(**error) if reply.get("data") else InputError(**error)
    return reply


def _taken(bounds: ReadingBounds) -> tuple[_Child, bool]:
    """A child of these bounds, and whether it had been kept."""
    with _lock:
        for child in _idle:
            if child.bounds == bounds:
                _idle.remove(child)
                return child, True
    return _Child(bounds), False


def _keep(child: _Child) -> None:
    with _lock:
        left, _idle[:] = list(_idle), [child]
    for other in left:
        other.close()


@atexit.register
def close_children() -> None:
    """End the child that is kept."""
    with _lock:
        left, _idle[:] = list(_idle), []
    for child in left:
        child.close()


def _stopped(name: str, expected: str, found: str) -> DataError:
    return DataError(
        "Reading the file was stopped.",
        expected=expected,
        found=found,
        where=name,
        hint="split it, or write it again as JSON lines or CSV",
    )


# ---- the side that reads ----------------------------------------------------------------------------------------------


def main(memory: int) -> int:
    """Answer requests from standard input until it closes, or nobody asks for a while."""
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not mix with the answers
    import pandas as pd  # noqa: F401 - loaded before the memory is bounded
    import pyarrow as pa
    import pyarrow.parquet as pq  # noqa: F401

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    _bound_memory(memory)
    while True:
        out.write(b"ready\n")
        out.flush()
        if not _has_request(source):
            return 0
        line = source.readline()
        if not line:
            return 0
        request = json.loads(line)
        data = source.read(request["size"])
        _alarm(request["seconds"] + 5.0)
        answer = _answer(request, data)
        del data
        _alarm(0.0)
        out.write(f"{len(answer)}\n".encode() + answer)
        out.flush()


def _answer(request: dict[str, Any], data: bytes) -> bytes:
    name = request["name"]
    try:
        return json.dumps(_found(request, data)).encode()
    except InputError as error:
        reply: dict[str, Any] = _error_of(error)
    except MemoryError:
        reply = {**_error_of(_stopped(name, "less memory", "it took more than a reader may have")), "spent": True}
    except RecursionError:
        reply = _error_of(_stopped(name, "values that are not nested deep", "more levels than can be read"))
    return json.dumps(reply).encode()


def _found(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    if request["kind"] == "concepts":
        read = read_concepts_upload(request["name"], data, **request["how"])
        return {"concepts": [asdict(concept) for concept in read.concepts], "report": read.report.to_dict()}
    rows = read_rows_upload(request["name"], data, hints=Hints(**request["how"]))
    return {
        "rows": rows.frame.to_dict("records"),
        "report": rows.report.to_dict(),
        "vectors": [found.to_dict() for found in rows.vectors],
    }


def _error_of(error: InputError) -> dict[str, Any]:
    names = ("message", "expected", "found", "hint", "where")
    return {"error": {name: getattr(error, name) for name in names}, "data": isinstance(error, DataError)}


def _has_request(source: IO[bytes]) -> bool:
    if os.name != "posix":
        return True
    import select

    return bool(select.select([source], [], [], IDLE_S)[0])


def _alarm(seconds: float) -> None:
    """End this process after so many seconds, should the one that asked be gone by then."""
    if os.name == "posix":
        import signal

        signal.setitimer(signal.ITIMER_REAL, seconds)


def _bound_memory(memory: int) -> None:
    """Let this process have so many bytes more than it has now, where the system can hold it to that.

    It ends by itself a little before the wall: an interpreter that has no byte left cannot always unwind.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    most = _data_bytes() + memory
    threading.Thread(target=_end_above, args=(most,), daemon=True).start()
    most += _WALL
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _data_bytes() -> int:
    """The bytes of data and stack that this process has."""
    import resource

    return int(Path("/proc/self/statm").read_text("ascii").split()[5]) * resource.getpagesize()


def _end_above(most: int) -> None:
    """End this process when it has more bytes than that."""
    while _data_bytes() <= most:
        time.sleep(_LOOK_S)
    os._exit(_TOO_MUCH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
