"""What a run measured on held-out texts, as values: the plain document that lies with the run, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.runs.type_metrics import TypeScores

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccuracyScore:
    """An accuracy with its 95 % interval over groups, what it rests on, and what simple rules reach; None: not measured."""

    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_groups: int = 0
    majority: float | None = None
    lookup: float | None = None
    tfidf_lr: float | None = None

    @classmethod
    def from_dict(cls, raw: Raw | None) -> AccuracyScore:
        """Read a row of an evaluation document, in which the interval is `ci_low` and `ci_high`."""
        row = raw or {}
        return cls(
            accuracy=row.get("accuracy"),
            low=row.get("ci_low"),
            high=row.get("ci_high"),
            n=int(row.get("n") or 0),
            n_groups=int(row.get("n_groups") or 0),
            majority=row.get("majority"),
            lookup=row.get("lookup"),
            tfidf_lr=row.get("tfidf_lr"),
        )

    def __str__(self) -> str:
        """The accuracy with its interval, "0.72 (0.66 to 0.77)"; "not measured" where there is none."""
        if self.accuracy is None:
            return "not measured"
        tail = "" if self.low is None or self.high is None else f" ({self.low:.2f} to {self.high:.2f})"
        return f"{self.accuracy:.2f}{tail}"


@dataclass(frozen=True, slots=True)
class ReliabilityRow:
    """One bin of a reliability diagram: mean probability, accuracy, number of texts."""

    probability: float
    accuracy: float
    n: int


@dataclass(frozen=True, slots=True)
class SetScores:
    """How often conformal sets of albums hold the right one, over groups, and how large they are."""

    coverage: float
    measured: float
    low: float | None
    high: float | None
    n_groups: int
    mean_size: float
    per_album: Mapping[str, float]

    @classmethod
    def from_dict(cls, raw: Raw | None) -> SetScores | None:
        """Read the part `sets` of a calibration; None where it was not measured."""
        if not raw or raw.get("measured") is None:
            return None
        return cls(
            coverage=float(raw["coverage"]),
            measured=float(raw["measured"]),
            low=raw.get("ci_low"),
            high=raw.get("ci_high"),
            n_groups=int(raw["n_groups"]),
            mean_size=float(raw["mean_size"]),
            per_album=dict(raw.get("per_album") or {}),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration error of the album's probability beside what a perfect model shows by chance; None: not measured."""

    n: int = 0
    ece: float | None = None
    ece_by_chance: float | None = None
    bins: tuple[ReliabilityRow, ...] = ()
    sets: SetScores | None = None

    @classmethod
    def from_dict(cls, raw: Raw | None) -> Calibration:
        """Read the part `calibration` of an evaluation document."""
        found = raw or {}
        return cls(
            n=int(found.get("n") or 0),
            ece=found.get("ece"),
            ece_by_chance=found.get("ece_of_a_perfect_model"),
            bins=tuple(
                ReliabilityRow(float(b["probability"]), float(b["right"]), int(b["n"]))
                for b in found.get("reliability") or ()
                if b.get("n")
            ),
            sets=SetScores.from_dict(found.get("sets")),
        )


@dataclass(frozen=True, slots=True)
class GateScores:
    """The share that the gate accepts, and the accuracy of what it accepts; None: not measured.

    `by_verdict` has the accuracy of each accepting verdict alone; runs of an earlier version have none.
    """

    coverage: float | None = None
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    n_accepted: int = 0
    by_verdict: Mapping[str, AccuracyScore] = field(default_factory=dict)

    @property
    def measured(self) -> dict[str, AccuracyScore]:
        """The accepting verdicts whose accuracy was measured."""
        return {kind: score for kind, score in self.by_verdict.items() if score.accuracy is not None}

    @classmethod
    def from_dict(cls, raw: Raw | None) -> GateScores:
        """Read the part `selective` of an evaluation document."""
        found = raw or {}
        low, high = found.get("accuracy_ci") or (None, None)
        return cls(
            coverage=found.get("coverage"),
            accuracy=found.get("accuracy"),
            low=low,
            high=high,
            n_accepted=int(found.get("n_accepted") or 0),
            by_verdict={kind: AccuracyScore.from_dict(row) for kind, row in (found.get("by_verdict") or {}).items()},
        )


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """The figures of an evaluation. Whatever a run of an earlier version did not measure is None or empty.

    Attributes:
        scores: "album" and each axis → its accuracy, in that order.
        confusion_labels: the names of the rows and columns of `confusion_counts` (n, n).
        absent: albums that no text of the data has, so that nothing was measured of them.
        promises: what was found for each threshold that carries a promise, as `validation.describe.promise_words` reads it.
        not_learnt: questions that the labels could not teach ("album", an axis, "types"); the notes say why.
    """

    scores: Mapping[str, AccuracyScore] = field(default_factory=dict)
    calibration: Calibration = Calibration()
    gate: GateScores = GateScores()
    types: TypeScores = field(default_factory=TypeScores)
    split: str = ""
    leaked: bool = False
    n_rows: int = 0
    n_groups: int = 0
    n_seen_excluded: int = 0
    absent: tuple[str, ...] = ()
    confusion_labels: tuple[str, ...] = ()
    confusion_counts: Sequence[Sequence[int]] = ()
    notes: tuple[str, ...] = ()
    promises: tuple[Raw, ...] = ()
    not_learnt: tuple[str, ...] = ()

    @property
    def album(self) -> AccuracyScore:
        """The accuracy of the album."""
        return self.scores.get("album", AccuracyScore())

    @property
    def measured(self) -> dict[str, AccuracyScore]:
        """The accuracies that were measured, by name."""
        return {name: score for name, score in self.scores.items() if score.accuracy is not None}

    @classmethod
    def from_dict(cls, raw: Raw) -> RunMetrics:
        """Read an evaluation document, such as `RunInfo.metrics` or what `rebracket evaluate --json` prints."""
        album, axes, table = raw.get("album") or {}, raw.get("metrics") or {}, raw.get("confusion") or {}
        return cls(
            scores={
                "album": AccuracyScore.from_dict(album),
                **{axis: AccuracyScore.from_dict(axes.get(axis)) for axis in AXIS_NAMES},
            },
            calibration=Calibration.from_dict(raw.get("calibration")),
            gate=GateScores.from_dict(raw.get("selective")),
            types=TypeScores.from_dict(raw.get("types")),
            split=str(raw.get("split") or ""),
            leaked=bool(raw.get("leaked")),
            n_rows=int(raw.get("n_rows") or 0),
            n_groups=int(raw.get("n_groups") or 0),
            n_seen_excluded=int(raw.get("n_seen_excluded") or 0),
            absent=tuple(album.get("absent") or ()),
            confusion_labels=tuple(table.get("labels") or ()),
            confusion_counts=table.get("counts") or (),
            notes=tuple(raw.get("notes") or ()),
            promises=tuple(raw.get("promises") or ()),
            not_learnt=tuple(raw.get("not_learnt") or ()),
        )
