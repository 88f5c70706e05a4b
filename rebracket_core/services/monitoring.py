"""What comes in and what is answered, over time: verdicts, albums, latency, drift, and samples for people to label."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rebracket_core.annotation import NewProject, create_project
from rebracket_core.errors import DataError, InputError
from rebracket_core.scoring import Bucket, quantile_s
from rebracket_core.validation import SEEN_IN_TRAINING
from rebracket_core.verdict_kinds import is_accepted

if TYPE_CHECKING:
    from rebracket_core.annotation import Project
    from rebracket_core.insight import Drift
    from rebracket_core.scoring import HistoryEntry
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources

STEPS = {1: 3600, 7: 6 * 3600, 30: 86_400, 90: 86_400}
"""How many days are shown → in stretches of how many seconds."""
_PAGE = 500
_MOST_READ = 5000


@dataclass(frozen=True, slots=True)
class Traffic:
    """The verdicts of a run over some days: buckets oldest first, and the sums of all of them."""

    run_id: str
    days: int
    step_s: int
    buckets: tuple[Bucket, ...]

    @property
    def total(self) -> Bucket:
        """All buckets as one."""
        whole = Bucket(self.buckets[0].start_s if self.buckets else 0, self.run_id)
        for bucket in self.buckets:
            whole.add(bucket)
        return whole

    @property
    def accepted(self) -> float | None:
        """The share of the scored texts that was accepted, in any of the three ways; None without any."""
        kinds: Counter[str] = self.total.kinds
        scored = kinds.total() - kinds["error"]
        return sum(n for kind, n in kinds.items() if is_accepted(kind)) / scored if scored else None

    def latency_s(self, share: float) -> float | None:
        """The seconds within which that share of the verdicts was given."""
        return quantile_s(self.total.seconds, share)


class Monitoring:
    """Over one home. `counts` are of every verdict that was kept, served or written into parts; the history holds the texts."""

    def __init__(self, resources: Resources, *, labels: Labels) -> None:
        self._resources = resources
        self._labels = labels
        self.counts = resources.counts

    def traffic(self, run_id: str, *, days: int = 7) -> Traffic:
        """The verdicts of a run in the last days.

        Raises InputError for other `days` than those that have a step in `STEPS`.
        """
        if days not in STEPS:
            raise InputError(
                "The time to look back is not one of those.",
                expected=", ".join(map(str, STEPS)),
                found=str(days),
                hint="choose 7 days",
            )
        step = STEPS[days]
        since = (time.time() - days * 86_400) // step * step
        found = self.counts.read(since_s=since, step_s=step, run_id=run_id)
        return Traffic(run_id, days, step, tuple(found))

    def drift(self, run_id: str, *, days: int = 7) -> Drift:
        """The test of the newest texts of the history, each once, against the texts that the run was trained on.

        Raises DataError where the run holds no training vectors or too few texts came in.
        """
        from rebracket_core.insight import MOST_TEXTS, two_sample

        model = self._resources.model(run_id)
        training = model.ood.training_vectors()
        if not len(training) or model.recipe.fields[0] != "concept":
            raise DataError(
                "The run does not hold its training vectors.",
                expected="a detector with neighbours",
                found=str(model.ood.method),
                hint="train the run again with the default detector",
            )
        texts = [str(entry.verdict["text"]) for entry in self._texts(run_id, days=days, most=MOST_TEXTS)]
        encoder = self._resources.encoder_of(model)
        return two_sample(training, encoder.encode(texts), seed=self._resources.settings.seed)

    def sample(self, run_id: str, *, n: int, days: int = 7) -> list[HistoryEntry]:
        """At most n texts of the last days, each once, drawn by a digest of the text: by chance, and the same ones each time.

        Texts that the run was trained on are left out.
        """
        found = [
            entry
            for entry in self._texts(run_id, days=days, most=_MOST_READ)
            if SEEN_IN_TRAINING not in entry.verdict.get("flags", ())
        ]
        return sorted(found, key=lambda entry: _digest(str(entry.verdict["text"])))[:n]

    def to_label(self, name: str, run_id: str, *, by: str, n: int = 100, days: int = 7) -> Project:
        """A new annotation project over such a sample. Raises InputError where no text came in."""
        from rebracket_core.annotation import NewItem

        entries = self.sample(run_id, n=n, days=days)
        if not entries:
            raise InputError(
                "No text came in that could be labelled.",
                expected="kept verdicts on new texts",
                found=f"none in {days} days",
                hint="validate concepts, or serve with --sample 0.05",
            )
        items = [
            NewItem(f"history-{entry.entry_id}", str(entry.verdict["text"]), album=str(entry.verdict["expected_album"] or ""))
            for entry in entries
        ]
        return create_project(self._labels.session, NewProject(name, items), by=by)

    def _texts(self, run_id: str, *, days: int, most: int) -> list[HistoryEntry]:
        """The newest kept verdicts of a run, at most one a text."""
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
        found: dict[str, HistoryEntry] = {}
        for offset in range(0, _MOST_READ, _PAGE):
            page = self._resources.history.search(run_id=run_id, limit=_PAGE, offset=offset)
            for entry in page:
                if entry.at < since or len(found) >= most:
                    return list(found.values())
                found.setdefault(str(entry.verdict["text"]), entry)
            if len(page) < _PAGE:
                break
        return list(found.values())


def _digest(text: str) -> str:
    return hashlib.sha256(b"label\0" + text.encode("utf-8", "surrogatepass")).hexdigest()
