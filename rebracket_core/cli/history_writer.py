"""Verdicts of a command into the history; where it refuses them the command answers all the same, and says so in its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.cli.exit_codes import DONE, NOT_KEPT, SOME_FAILED, tell
from rebracket_core.errors import StoreError
from rebracket_core.thresholds import Value

if TYPE_CHECKING:
    from rebracket_core.validation import Concept, Verdict
    from rebracket_core.workbench import Workbench


@dataclass(slots=True)
class HistoryWriter:
    """The history of one command: whether it is wanted, how many verdicts it took and missed, and why.

    After its first refusal nothing more is sent to it: a lock would be waited for at every chunk.
    """

    wanted: bool
    n_kept: int = 0
    n_missed: int = 0
    refusal: StoreError | None = None

    @classmethod
    def begin(cls, bench: Workbench, *, wanted: bool) -> HistoryWriter:
        """The history as it answers now. Raises StoreError, before anything is scored, where it is damaged or too new."""
        from rebracket_core.database import needs_repair

        writer = cls(wanted)
        if wanted:
            try:
                bench.history.check()
            except StoreError as refusal:
                if needs_repair(refusal):
                    refusal.hint = f"{refusal.hint}; or validate without saving: --no-history"
                    raise
                writer.refusal = refusal
        return writer

    def add(self, bench: Workbench, concepts: Sequence[Concept], *, run_id: str, thresholds: dict[str, Value]) -> list[Verdict]:
        """The verdicts on the concepts, kept where they can be."""
        keep = self.wanted and self.refusal is None
        verdicts = bench.verdicts.validate(
            concepts, run_id=run_id, thresholds=thresholds, keep=keep, not_kept=self._refused, counted=self.wanted
        )
        good = sum(not verdict.error for verdict in verdicts)
        if self.refusal is None:
            self.n_kept += good if keep else 0
        else:
            self.n_missed += good
        return verdicts

    def document(self) -> dict[str, Any]:
        """What a JSON summary says of the history."""
        why = str(self.refusal) if self.refusal else ""
        return {"n_kept": self.n_kept, "n_not_kept": self.n_missed, "not_kept": why}

    def code(self, code: int) -> int:
        """The exit code of a command that would end with `code`, after stderr was told what was not kept."""
        if self.refusal is None or not self.n_missed:
            return code
        tell(f"Not kept in the history: {self.n_missed:,} verdict{'' if self.n_missed == 1 else 's'}. {self.refusal.message}")
        for name, detail in (("Found", self.refusal.found), ("What to do", self.refusal.hint)):
            if detail:
                tell(f"{name}: {detail}", indent=2)
        return NOT_KEPT if code in (DONE, SOME_FAILED) else code

    def _refused(self, refusal: StoreError) -> None:
        self.refusal = refusal
