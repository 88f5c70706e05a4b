"""What a run measured of rebracketing types, as values and as tables: the part `types` of an evaluation, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Raw = Mapping[str, Any]
BASELINES = {"majority": "commonest label", "lookup": "lookup of seen texts", "keywords": "marker words", "tfidf_lr": "TF-IDF"}
_AVERAGES = ("macro", "micro", "weighted")
_RIGHT = {True: "the one type is right", False: "exactly the right types"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval over groups, what it rests on, and what simple rules reach; None: not defined."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    n_groups: int
    baselines: Mapping[str, float | None] = field(default_factory=dict)

    def __str__(self) -> str:
        """The figure with its interval, "0.42 (0.36 to 0.47)"; "not measured" where there is none."""
        if self.value is None:
            return "not measured"
        tail = "" if self.low is None or self.high is None else f" ({self.low:.2f} to {self.high:.2f})"
        return f"{self.value:.2f}{tail}"


@dataclass(frozen=True, slots=True)
class TypeScores:
    """The figures of rebracketing types on `n` held-out texts, and of whether there is any type; empty: not measured.

    `figures` are those of all types, `any_type` those of having any; `per_type` are the rows of an evaluation by type,
    `absent` the types that no text has; `gaps` say by how much the run is better than each simple rule (macro F1, and
    accuracy of any type), with a paired interval. `any_type_same` says why having any type is not measured, where all labels
    are the same.
    """

    n: int = 0
    average_precision: float | None = None
    prevalence: float | None = None
    figures: tuple[Figure, ...] = ()
    any_type: tuple[Figure, ...] = ()
    per_type: Mapping[str, Raw] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    pairs: tuple[Raw, ...] = ()
    gaps: Mapping[str, Mapping[str, Raw]] = field(default_factory=dict)
    any_type_same: str = ""

    @property
    def measured(self) -> bool:
        """Whether anything was measured."""
        return bool(self.figures or self.any_type)

    @property
    def headline(self) -> Figure | None:
        """The figure that stands for a run in a list: macro F1 of its types, else the AUC of having any."""
        first = self.figures[0] if self.figures else None
        return first or next((figure for figure in self.any_type if figure.name.endswith("AUC")), None)

    @classmethod
    def from_dict(cls, raw: Raw | None) -> TypeScores:
        """Read the part `types` of an evaluation document; earlier versions have the average precision alone."""
        found = raw or {}
        marked = found.get("marked") or {}
        one_answer = marked.get("prevalence") in (0.0, 1.0)  # then whatever says it is always right
        if one_answer:
            marked = {"n_texts": 0, "same": "some type" if marked["prevalence"] else "no type", "of": marked.get("n_texts")}
        gaps = {
            "macro F1": {k: row["macro_f1_difference"] for k, row in (found.get("baselines") or {}).items()},
            "accuracy of any type": {k: row["accuracy_difference"] for k, row in (marked.get("baselines") or {}).items()},
        }
        return cls(
            n=int(found.get("n") or 0),
            average_precision=found.get("macro_average_precision"),
            prevalence=found.get("macro_prevalence"),
            figures=tuple(_figures(found)) if found.get("macro") else (),
            any_type=tuple(_any_type_figures(marked)) if marked.get("n_texts") else (),
            per_type=dict(found.get("per_type") or {}),
            absent=tuple(found.get("absent") or ()),
            pairs=tuple(found.get("pairs") or ()),
            gaps={name: rows for name, rows in gaps.items() if rows},
            any_type_same=f"all {marked['of']:,} labelled texts have {marked['same']}" if marked.get("of") else "",
        )

    def figure_rows(self) -> list[dict[str, Any]]:
        """The figures as rows of a table, with what simple rules reach beside them."""
        return [
            {
                "question": f.name,
                "value": f.value,
                "low": f.low,
                "high": f.high,
                "n": f.n,
                "groups": f.n_groups,
                **{name: f.baselines.get(name) for name in BASELINES},
            }
            for f in (*self.figures, *self.any_type)
        ]

    def type_rows(self) -> list[dict[str, Any]]:
        """One row a type that some text has: its figures, and how sure the run is where it predicts it."""
        rows = []
        for name, row in self.per_type.items():
            low, high = row.get("f1_ci") or (None, None)
            auc_low, auc_high = row.get("auc_ci") or (None, None)
            sure = (row.get("confidence") or {}).get("predicted") or {}
            rows.append(
                {
                    "type": name,
                    "precision": row.get("precision"),
                    "recall": row.get("recall"),
                    "F1": row.get("f1"),
                    "F1 low": low,
                    "F1 high": high,
                    "AUC": row.get("auc"),
                    "AUC low": auc_low,
                    "AUC high": auc_high,
                    "average precision": row.get("average_precision"),
                    "share that has it": row.get("prevalence"),
                    "texts": row.get("n"),
                    "groups": row.get("n_groups"),
                    "predicted": row.get("n_predicted"),
                    "mean probability there": sure.get("mean"),
                }
            )
        return rows

    def gap_rows(self) -> list[dict[str, Any]]:
        """By how much the run is better than each simple rule on the same texts, with the paired interval."""
        return [
            {"figure": name, "less that of": BASELINES.get(rule, rule), "difference": gap["value"], "low": gap["ci_low"],
             "high": gap["ci_high"]}
            for name, rows in self.gaps.items()
            for rule, gap in rows.items()
        ]  # fmt: skip

    def sentences(self) -> list[str]:
        """What the figures come to, in words: where there is no skill it is said."""
        found = [_skill(name, rows) for name, rows in self.gaps.items()]
        if self.any_type_same:
            found.append(f"Any type is not measured: {self.any_type_same}.")
        if self.absent and self.figures:
            found.append(f"Not measured, because no text has them: {', '.join(self.absent)}.")
        return found

    def pair_rows(self) -> list[dict[str, Any]]:
        """The types that are confused most, the most frequent first."""
        return [
            {"type": p["truth"], "taken for": p["predicted"], "texts": p["n"], "of": p["of"], "share": p["n"] / p["of"]}
            for p in self.pairs
        ]


def _skill(name: str, rows: Mapping[str, Raw]) -> str:
    """Whether a run is better than the best of the simple rules beyond chance."""
    rule, gap = min(rows.items(), key=lambda pair: pair[1]["value"])
    value, low, high = gap["value"], gap["ci_low"], gap["ci_high"]
    than = f"{BASELINES.get(rule, rule)}, the best simple rule"
    if low is None or high is None:
        return f"{name}: {value:+.3f} beside {than}; there are too few songs for an interval."
    span = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
    if low > 0:
        return f"{name}: {span} beside {than}: better beyond chance."
    return f"{name}: {span} beside {than}: no skill is shown." if high >= 0 else f"{name}: {span} beside {than}: worse."


def _figures(raw: Raw) -> list[Figure]:
    n, n_groups, rules = int(raw["n"]), int(raw.get("n_groups") or 0), raw.get("baselines") or {}

    def beside(key: str) -> dict[str, float | None]:
        return {name: row.get(key) for name, row in rules.items()}

    found = []
    for average in _AVERAGES:
        low, high = raw[average]["f1_ci"]
        found.append(Figure(f"{average} F1", raw[average]["f1"], low, high, n, n_groups, beside(f"{average}_f1")))
    right = _RIGHT[bool(raw.get("exclusive"))]
    found.append(Figure(right, raw["accuracy"], raw["ci_low"], raw["ci_high"], n, n_groups, beside("accuracy")))
    for k, row in (raw.get("top_k") or {}).items():
        name = f"a right one among the first {k}"
        found.append(Figure(name, row["accuracy"], row["ci_low"], row["ci_high"], row["n"], row["n_groups"]))
    return found


def _any_type_figures(raw: Raw) -> list[Figure]:
    n, n_groups, rules = int(raw["n_texts"]), int(raw["n_groups"]), raw.get("baselines") or {}

    def beside(key: str) -> dict[str, float | None]:
        return {name: row.get(key) for name, row in rules.items()}

    found = [Figure("any type: accuracy", raw["accuracy"], raw["ci_low"], raw["ci_high"], n, n_groups, beside("accuracy"))]
    for key, word in (("auc", "AUC"), ("f1", "F1"), ("precision", "precision"), ("recall", "recall")):
        low, high = raw.get(f"{key}_ci") or (None, None)
        found.append(Figure(f"any type: {word}", raw.get(key), low, high, n, n_groups, beside(key)))
    return found


def table(rows: Sequence[Raw]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Heads and cells of rows that share their keys."""
    heads = tuple(rows[0]) if rows else ()
    return heads, [tuple(row[head] for head in heads) for row in rows]
