"""A run as a page to hand on with it: what it is, what it was trained on, how good it is, where it ends, how to use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rebracket_core.runs import Calibration, RunInfo, SetScores, TypeScores, table
from rebracket_core.thresholds import in_words
from rebracket_core.training.config import TrainingConfig, all_options, changed_table
from rebracket_core.validation import promise_words, rules_list

_BASELINES = (("majority", "commonest label"), ("lookup", "lookup of seen texts"), ("tfidf_lr", "TF-IDF"))
_MD = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>|#~$"})


def model_card(run: RunInfo, *, spec: Mapping[str, Any]) -> str:
    """The card as Markdown. Every figure is the run's own, measured on held-out groups."""
    parts = [
        f"# Model card: {_words(run.run_id)}",
        _what(run),
        "## What it was trained on",
        _list(_data(run, spec=spec)),
        "## Its options",
        _options(run),
        "## How good it is",
        *_figures(run),
        "## Whether its probabilities are calibrated",
        _calibration(run.measured.calibration),
        "## Its likely albums (conformal sets)",
        _sets(run.measured.calibration.sets),
        "## What the gate accepts",
        _gate(run),
        "## The rules",
        *_rules(run),
        "## Other sources",
        _transfer(run),
        "## Limits",
        _list(_limits(run)),
        "## Licence",
        _licence(run),
        "## How to use it",
        _use(run),
    ]
    return "\n\n".join(parts) + "\n"


def _what(run: RunInfo) -> str:
    config = _config(run)
    members = config.heads.ensemble_size
    heads = f"an ensemble of {members} classifiers" if members > 1 else "one classifier"
    gives = [f"{choice.help}" for choice in all_options()["tasks"].choices if choice.name in config.tasks.tasks]
    verdict = ", and from these a verdict" if run.gives_verdicts else "; it cannot give verdicts"
    text = (
        f"A Rebracket model: it reads a concept and gives {', '.join(gives)}{verdict}. It has "
        f"{heads} ({_words(config.head.label)}) on vectors of the "
        f"encoder {_code(run.encoder_id)}{_trained_along(run)}, and reads {_words(', '.join(config.data.text))}."
    )
    return f"{_leak_warning()}\n\n{text}" if run.leaked else text


def _config(run: RunInfo) -> TrainingConfig:
    """The run's config; what an older one did not know stands at its default."""
    return TrainingConfig.from_dict(run.config)


def _options(run: RunInfo) -> str:
    """The options that do not stand at their default, each with what it means."""
    changed = changed_table(_config(run).changed())
    if not changed:
        return "All options stand at their default (`rebracket options` lists them)."
    return "The others stand at their default (`rebracket options` lists them).\n\n" + _list(
        f"{_words(label)}, {_code(value)}: {_words(help)}" for label, value, help in changed
    )


def _trained_along(run: RunInfo) -> str:
    """What was done to the encoder; nothing where it was left as it is."""
    how = {"full": "all its weights", "lora": "by LoRA, added to its weights"}.get(str(run.config.get("method")))
    return f", which was fine-tuned from {_code(run.config.get('encoder', ''))} ({how}) and lies in the run" if how else ""


def _leak_warning() -> str:
    return (
        "> **Leaked.** The rows were split by row, so texts of one song stood on both sides. The figures below measure memory, "
        "not skill: they say nothing about new songs."
    )


def _data(run: RunInfo, *, spec: Mapping[str, Any]) -> list[str]:
    split = run.measured.split or "unknown"
    return [
        f"Data set: {_words(run.dataset)} ({_words(', '.join(run.origins) or 'source unknown')})",
        f"Digest of the data (sha256): {_code(run.dataset_digest)}",
        f"{run.n_rows:,} texts in {run.n_groups:,} groups (songs or threads)",
        f"Split: {_words(split)}" + ("" if run.leaked else "; all texts of a group stand on one side, so no song is on both"),
        f"Made: {_words(run.created_at)} with Rebracket {_words(spec.get('code_version', 'unknown'))}, "
        f"seed {_words(spec.get('seed', 'unknown'))}",
    ]


def _figures(run: RunInfo) -> list[str]:
    metrics = run.measured
    notes = [_list(_words(note) for note in metrics.notes)] if metrics.notes else []
    types = _types(metrics.types)
    if not metrics.measured and types:
        return [*([_leak_warning()] if run.leaked else []), *types, *notes]
    if not metrics.measured:
        return ["Nothing could be measured: no held-out text has a label that was learnt.", *notes]
    heads = ("question", "accuracy", "95 % interval", "texts", *(title for _, title in _BASELINES))
    table = [
        (
            name,
            _number(score.accuracy),
            _span(score.low, score.high),
            f"{score.n:,}",
            *(_number(getattr(score, rule)) for rule, _ in _BASELINES),
        )
        for name, score in metrics.measured.items()
    ]
    tail = "Accuracy on held-out groups; the interval comes from drawing whole groups."
    more = (
        [f"Not measured, because no text of the data has them: {_words(', '.join(metrics.absent))}."] if metrics.absent else []
    )
    if n_types := metrics.types.n:
        more.append(
            f"Rebracketing types, on {n_types:,} texts: average precision {_number(metrics.types.average_precision)} "
            f"(by chance {_number(metrics.types.prevalence)})."
        )
    more += types
    warning = [_leak_warning()] if run.leaked else []
    return [*warning, tail, _table(heads, table), *notes, *more]


def _types(types: TypeScores) -> list[str]:
    """The figures of types as tables with what they come to in words; nothing where none were measured."""
    if not types.measured:
        return []
    tables = [types.figure_rows(), types.gap_rows(), types.type_rows(), types.pair_rows()]
    shown = [_table(heads, [tuple(map(_cell, row)) for row in rows]) for heads, rows in (table(t) for t in tables if t)]
    return ["Rebracketing types on held-out groups, with 95 % intervals over whole groups:", *shown, _list(types.sentences())]


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return _words(value) if isinstance(value, str) else _number(value)  # type: ignore[arg-type]


def _calibration(found: Calibration) -> str:
    if found.ece is None:
        return "Not measured."
    return (
        f"The calibration error (ECE) of the album's probability is {_number(found.ece)}, over {found.n:,} held-out texts; "
        f"expected by chance is {_number(found.ece_by_chance)} at this number of texts."
    )


def _sets(found: SetScores | None) -> str:
    if found is None:
        return "Not measured."
    by_album = ", ".join(f"{_words(name)} {_number(share)}" for name, share in found.per_album.items())
    return (
        f"With each verdict goes a set of likely albums made to hold the right one for {found.coverage:.0%} of the texts of "
        f"new groups (conformal, every group counted once). On {found.n_groups:,} held-out groups it did so in "
        f"{_number(found.measured)} ({_span(found.low, found.high)}), with {found.mean_size:.2f} albums on average. By album, "
        f"where nothing is promised: {by_album}."
    )


def _gate(run: RunInfo) -> str:
    found = run.measured.gate
    if found.coverage is None:
        return "Not measured."
    share = f"The rules accept {found.coverage:.0%} of the held-out texts"
    if found.accuracy is None:
        return f"{share}; none of these could be checked."
    lines = [
        f"{_words(kind)}: {score.n:,} texts, {score.accuracy:.0%} right ({_span(score.low, score.high)})"
        for kind, score in found.measured.items()
    ]
    text = f"{share}; of the {found.n_accepted:,} accepted, {found.accuracy:.0%} are right ({_span(found.low, found.high)})."
    return "\n\n".join(part for part in (text, _list(lines)) if part)


def _rules(run: RunInfo) -> list[str]:
    """The rules with the run's thresholds, and what was found for the thresholds that it chose."""
    limits = run.limits
    promises = [_words(promise_words(promise)) for promise in run.measured.promises]
    parts = [
        "The first rule whose condition holds decides; the numbers are the run's own.",
        "\n".join(_words(rule).replace("\\.", ".") for rule in rules_list(limits)),
        f"Thresholds: {_words(in_words(limits.to_dict()))}.",
    ]
    return [*parts, _list(promises)] if promises else parts


def _transfer(run: RunInfo) -> str:
    if not run.transfer:
        return "The data has one kind of source, so nothing says how the model does on another kind."
    return _list(
        f"{_words(row.get('origin'))}, trained on the other sources alone: album accuracy {_number(row.get('accuracy'))} "
        f"({_span(row.get('ci_low'), row.get('ci_high'))}) on {row.get('n', 0):,} texts"
        for row in run.transfer
    )


def _limits(run: RunInfo) -> list[str]:
    origins = _words(", ".join(run.origins) or "its own kind of source")
    limits = [
        f"It was measured on {origins}. Texts of another kind are flagged, and what it says of them was not measured.",
        f"{_config(run).head.limits} The gate's out-of-distribution test is there for that, and it too can err.",
        "The probability of an album is an accuracy among texts like the measured ones, not a property of one text.",
        "The split keeps each song or thread on one side. Songs by the same hands share more than a split by song can take "
        "apart, so another maker's songs may do worse.",
        "The final model is fitted on all rows, the figures come from models fitted on a part of them.",
    ]
    if run.config.get("method", "frozen") != "frozen":
        limits.append(
            "Its encoder was fine-tuned on the same songs as its classifiers. The figures come from encoders for which these "
            "songs "
            "were held out; the final encoder is another one, trained in the same way on all of them. Its out-of-distribution "
            "test was fitted on vectors of texts that the encoder was trained on, so it may flag new songs more "
            "often than one in twenty."
        )
    if run.starter:
        limits.insert(
            0, "It was trained on the starter corpus that comes with Rebracket: it is a demonstration, not your songs."
        )
    if run.leaked:
        limits.insert(0, "Its split is leaked: none of its figures may be quoted.")
    return limits


def _licence(run: RunInfo) -> str:
    return (
        "The weights are derived from the texts of the data set: they belong to whoever owns these, under the terms that the "
        f"owners set, and nothing here grants a licence to them. The encoder {_code(run.encoder_id)} has its own licence, "
        "that of its makers. Rebracket itself is under the Apache License 2.0."
    )


def _use(run: RunInfo) -> str:
    lines = ["rebracket import-run FILE.zip", f"rebracket evaluate {run.run_id} DATASET"]
    if run.gives_verdicts:
        lines.append(f"rebracket promote {run.run_id}")
        lines.append(f'echo "A concept." | rebracket validate - --run {run.run_id} --format jsonl')
    else:
        lines.append(f'echo "A concept." | rebracket predict - --run {run.run_id} --format jsonl')
    return "```sh\n" + "\n".join(line.replace("`", "") for line in lines) + "\n```"


def _words(value: object) -> str:
    """Text from data on one line, with the signs of Markdown and HTML made to show as written."""
    return " ".join(str(value).split()).translate(_MD)


def _code(value: object) -> str:
    return "`" + " ".join(str(value).split()).replace("`", "'") + "`"


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, (int, float)) else "-"


def _span(low: object, high: object) -> str:
    return f"{_number(low)} to {_number(high)}" if low is not None and high is not None else "no interval"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
