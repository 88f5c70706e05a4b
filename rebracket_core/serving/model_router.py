"""Which run answers: the promoted one, taken over without a pause when another is promoted, and perhaps a second one."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import InputError, ModelError, RebracketError
from rebracket_core.texts import without_paths
from rebracket_core.thresholds import Value

if TYPE_CHECKING:
    from rebracket_core.validation import Concept
    from rebracket_core.workbench import Workbench

logger = logging.getLogger(__name__)

_WARM = "A bell that was cast for a tower that nobody built."
Change = tuple[tuple[str, Value], ...]


class ModelRouter:
    """Answers concepts with the production run. A newly promoted run is opened and tried before it takes over.

    While a run cannot be opened the one before goes on answering, and `trouble` says why: it is read by anybody who asks
    /health, so it names files and not where they lie; the log does.
    """

    def __init__(self, bench: Workbench, *, second_run: str | None = None, second_share: float = 0.0) -> None:
        self.bench = bench
        self.trouble = ""
        self._second_run = second_run
        self._second_share = second_share
        self._run_id: str | None = None
        self._opened: set[str] = set()
        self._lock = threading.Lock()

    @property
    def run_id(self) -> str | None:
        """The run that answers now, or None where there is none yet."""
        return self._run_id

    def refresh(self) -> bool:
        """Whether another run answers than before: the one promoted now, if it could be opened."""
        try:
            wanted = self.bench.resources.runs.chosen(None)
            if wanted == self._run_id and not self.trouble:
                return False
            self._open(wanted)
            if self._second_run:
                self._open(self._second_run)
        except (RebracketError, OSError) as error:
            trouble = without_paths(str(error), home=str(self.bench.settings.home))
            if trouble != self.trouble:
                logger.error("The promoted run cannot be opened: %s", error)
            self.trouble = trouble
            return False
        changed, self._run_id, self.trouble = wanted != self._run_id, wanted, ""
        return changed

    def choose(self, text: str, wanted: str | None = None) -> str:
        """The run for a text: the one asked for, else by a digest of the text, so that a text always gets the same one.

        Raises ModelError where no run answers, InputError where the run asked for is not one of those that are open to all.
        """
        if wanted is not None:
            return self._known(wanted)
        if self._run_id is None:
            raise ModelError(
                "No run answers.",
                expected="a promoted run",
                found=self.trouble or "none yet",
                hint="promote a run (rebracket promote RUN); it is taken over within a second",
            )
        if self._second_run and share_of(text) < self._second_share:
            return self._second_run
        return self._run_id

    def answer(self, run_id: str, thresholds: Change, concepts: Sequence[Concept]) -> list[dict[str, Any]]:
        """The verdicts as plain values, in order."""
        verdicts = self.bench.verdicts.validate(
            concepts, run_id=run_id, thresholds=dict(thresholds), keep=False, counted=True, remembered=False
        )
        return [verdict.to_dict() for verdict in verdicts]

    def predict(self, run_id: str | None, concepts: Sequence[Concept]) -> list[dict[str, Any]]:
        """What a run, by default the one that answers now, predicts of concepts, in order, as plain values."""
        chosen = self._known(run_id) if run_id is not None else self.choose("")
        return [one.to_dict() for one in self.bench.predict.predict(concepts, run_id=chosen, remembered=False)]

    def thresholds(self, run_id: str | None, changes: Mapping[str, Value]) -> Change:
        """The changes, checked against the thresholds of a run; a ConfigError names an unknown one."""
        if changes:
            self.bench.settings.thresholds.with_(**changes)
        return tuple(sorted(changes.items()))

    def _known(self, run_id: str) -> str:
        names = [info.run_id for info in self.bench.runs.all()]
        if run_id not in names:
            raise InputError(
                "There is no such run.",
                expected=f"one of {', '.join(names[:5]) or 'none yet'}",
                found=repr(run_id[:80]),
                hint="see GET /v1/runs, or leave `run` out",
            )
        return run_id

    def _open(self, run_id: str) -> None:
        from rebracket_core.validation import Concept

        with self._lock:
            if run_id not in self._opened:
                self.bench.verdicts.validate([Concept(id="warm", text=_WARM)], run_id=run_id, keep=False)
                self._opened.add(run_id)


def share_of(text: str, *, salt: bytes = b"") -> float:
    """A number from 0 to 1 that is evenly spread over texts and the same for a text on every machine.

    Two salts give numbers that know nothing of each other.
    """
    return int.from_bytes(hashlib.sha256(salt + text.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
