"""The rules, flags and thresholds as one document: for the command line, the API, the documentation and the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import ALIASES, THRESHOLDS, ThresholdInfo, shown
from rebracket_core.validation.flags import FLAGS
from rebracket_core.validation.rules import RULES, rules_reading
from rebracket_core.verdict_kinds import VerdictKind

_INTRO = """# Verdicts

<!-- Written by `rebracket rules --markdown`; change the rules in rebracket_core/validation/rules, not this page. -->

A concept gets one of four verdicts: {kinds}. The rules are tried in this order, and the first whose condition holds decides.
A is the first album, p its probability. An axis **agrees** with A when A has modes there, the top mode is one of them and the
axis is not diffuse; or A has none there and the axis is not dominant. An axis **contradicts** A when it is dominant on a mode
that A does not have there. "Accepted" means any of the three ACCEPTs, everywhere.
"""


def reasons() -> tuple[str, ...]:
    """The reasons that rules give, in their order, each once."""
    return tuple(dict.fromkeys(rule.reason for rule in RULES if rule.reason))


def rules_document(values: Thresholds | None = None) -> list[dict[str, Any]]:
    """One mapping a rule, in order: number, code, label, verdict, reason, condition, the thresholds it reads, meaning.

    The condition holds the values of the thresholds, by default the defaults.
    """
    limits = values or Thresholds()
    return [
        {
            "number": number,
            "rule": rule.code,
            "label": rule.label,
            "verdict": str(rule.verdict),
            "reason": rule.reason,
            "when": rule.condition(limits),
            "thresholds": list(rule.thresholds),
            "meaning": rule.meaning,
        }
        for number, rule in enumerate(RULES, start=1)
    ]


def thresholds_document(values: Thresholds | None = None) -> list[dict[str, Any]]:
    """One mapping a threshold: name, older names, label, help, value (by default the default), range or choices, promise."""
    limits = values or Thresholds()
    older = {info.name: [old for old, new in ALIASES.items() if new == info.name] for info in THRESHOLDS}
    return [
        {
            "name": info.name,
            "older_names": older[info.name],
            "label": info.label,
            "help": info.help,
            "value": getattr(limits, info.name),
            "expected": info.expected,
            "promise": _promise(info),
            "rules": [rule.code for rule in rules_reading(info.name)],
            "retired": info.retired,
        }
        for info in THRESHOLDS
    ]


def _promise(info: ThresholdInfo) -> dict[str, float | int] | None:
    if info.promise is None:
        return None
    return {f.name: getattr(info.promise, f.name) for f in fields(info.promise)}


def rules_list(thresholds: Thresholds) -> list[str]:
    """The rules as one sentence each, with the values of these thresholds: for a model card."""
    return [
        f"{number}. {rule.verdict}{f' {rule.reason}' if rule.reason else ''}: {rule.condition(thresholds)}."
        for number, rule in enumerate(RULES, start=1)
    ]


def promise_words(promise: Mapping[str, Any]) -> str:
    """What a run found for a threshold that carries a promise, in one sentence."""
    name, promised, target = promise["threshold"], promise["promised"], promise["target"]
    if not promise["kept"]:
        return (
            f"{name} accepts nothing: of {promise['n_reached']:,} held-out texts that reach its rules, no threshold keeps the "
            f"promise that {promised:.0%} are right (looked for at {target:.0%})."
        )
    return (
        f"{name} {promise['value']:.3f}: {promise['right']:.0%} of {promise['n_accepted']:,} held-out texts are right, "
        f"{promised:.0%} are promised (looked for at {target:.0%}). The promise is a mean over songs, not a guarantee."
    )


def markdown() -> str:
    """The page docs/verdicts.md."""
    kinds = ", ".join(f"`{kind}`" for kind in VerdictKind)
    rows = [
        (
            str(number),
            f"`{rule.code}`",
            f"`{rule.verdict}`" + (f" `{rule.reason}`" if rule.reason else ""),
            rule.condition(quote="`"),
            rule.meaning,
        )
        for number, rule in enumerate(RULES, start=1)
    ]
    limits = [
        (
            f"`{row['name']}`" + "".join(f" (earlier `{old}`)" for old in row["older_names"]),
            shown(row["value"]),
            row["expected"],
            row["help"],
            ", ".join(f"`{code}`" for code in row["rules"]) or "-",
        )
        for row in thresholds_document()
        if not row["retired"]
    ]
    flags = [(f"`{flag.name}`" + ("…" if flag.name[-1] in "_:" else ""), flag.when) for flag in FLAGS]
    parts = [
        _INTRO.format(kinds=kinds).rstrip(),
        "## The rules",
        _table(("#", "rule", "verdict", "when", "what it means"), rows),
        "## The thresholds",
        "A run keeps its own; `rebracket validate --threshold NAME=VALUE` and the API's `thresholds` replace some for one "
        "request. " + " ".join(_promise_text(info) for info in THRESHOLDS if info.promise),
        _table(("threshold", "default", "values", "what it does", "rules"), limits),
        "## The flags",
        "Beside the states of the axes (`dominant_past`, `hybrid_temporal`, `diffuse_spatial`):",
        _table(("flag", "when"), flags),
    ]
    return "\n\n".join(parts) + "\n"


def _promise_text(info: ThresholdInfo) -> str:
    p = info.promise
    if p is None:
        return ""
    return (
        f"A run chooses `{info.name}` on held-out groups so that at least {p.right:.0%} of what it accepts are right (looked "
        f"for at {p.target:.0%}); with fewer than {p.min_texts} held-out texts, or where no value keeps the promise, it is 1 "
        "and accepts nothing."
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
