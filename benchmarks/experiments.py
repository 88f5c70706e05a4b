"""What was tried on the users' corpus, one row a config, all rows on the same folds: `python -m benchmarks.experiments`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.labels_curve import MARK
from rebracket_core.encoders import Encoder
from rebracket_core.errors import InputError
from rebracket_core.files import write_bytes
from rebracket_core.models import N_OUTPUTS
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.settings import Settings
from rebracket_core.stats import MeanEstimate, clustered_mean
from rebracket_core.training import Callback, TrainingConfig, TrainingRows, prepare_rows
from rebracket_core.training.finetuning import EncoderTuner
from rebracket_core.training.heads import album_log_loss, cross_calibrate, fit_with, predict_rows, split
from rebracket_core.workbench import Workbench

DEFAULT = "default"
CORPORA = {"songs": "segments.parquet", "proposals": "proposals.parquet"}
_WITH_DESCRIPTIONS = ("concept", "descriptions")
# Name → what is changed from the default config. The text fields beside the concept are there for songs alone.
TRIED: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "no-words": {"tfidf": False},
    "words-alone": {"embedding_weight": 0.0},
    "vectors-0.3": {"embedding_weight": 0.3},
    "vectors-1": {"embedding_weight": 1.0},
    "vectors-2": {"embedding_weight": 2.0},
    "strength-1": {"inverse_l2": 1.0},
    "strength-5": {"inverse_l2": 5.0},
    "strength-100": {"inverse_l2": 100.0},
    "axis-mse": {"axis_loss": "mse"},
    "axis-huber": {"axis_loss": "huber"},
    "axis-smooth-l1": {"axis_loss": "smooth_l1"},
    "balanced": {"class_weights": "balanced"},
    "label-smoothing": {"label_smoothing": 0.1},
    "context-smoothing": {"context_smoothing": True},
    "uncertainty": {"weighting": "uncertainty"},
    "album-counts-double": {"album_weight": 2.0},
}
TRIED_FIELDS: dict[str, dict[str, Any]] = {
    "descriptions": {"text": _WITH_DESCRIPTIONS},
    "descriptions-lyrics": {"text": (*_WITH_DESCRIPTIONS, "lyrics")},
    "descriptions-no-words": {"text": _WITH_DESCRIPTIONS, "tfidf": False},
    "descriptions-vectors-1": {"text": _WITH_DESCRIPTIONS, "embedding_weight": 1.0},
    "descriptions-vectors-2": {"text": _WITH_DESCRIPTIONS, "embedding_weight": 2.0},
    "descriptions-strength-100": {"text": _WITH_DESCRIPTIONS, "inverse_l2": 100.0},
    "descriptions-balanced": {"text": _WITH_DESCRIPTIONS, "class_weights": "balanced"},
    "descriptions-label-smoothing": {"text": _WITH_DESCRIPTIONS, "label_smoothing": 0.1},
    "lyrics-alone": {"text": ("lyrics",)},
}
# Left out on the larger corpus, so that the whole page takes some ten minutes.
_SONGS_ALONE = ("axis-huber", "axis-smooth-l1", "vectors-0.3", "album-counts-double")
# An encoder that learns too: each fold trains its own, so these rows take minutes each and stand on the smaller corpus alone.
TUNED: dict[str, dict[str, Any]] = {
    "full": {"method": "full", "epochs": 3, "patience_epochs": 0},
    "full-contrast": {"method": "full", "epochs": 3, "patience_epochs": 0, "contrastive_loss_weight": 1.0},
    "lora": {"method": "lora", "epochs": 3, "patience_epochs": 0},
}
ROWS = (
    {f"songs/{name}": changes for name, changes in {**TRIED, **TRIED_FIELDS}.items()}
    | {f"proposals/{name}": changes for name, changes in TRIED.items() if name not in _SONGS_ALONE}
    | {f"proposals/{name}": changes for name, changes in TUNED.items()}
)


@dataclass(frozen=True, slots=True)
class RowResult:
    """What one config answered of rows that its models were not trained on.

    `right` (n,) 0/1 for the album, NaN without one; `axis_right` (n, 3) likewise for rows with a single mode.
    """

    ids: list[str]
    groups: np.ndarray
    right: np.ndarray
    axis_right: np.ndarray
    log_loss: float


def ask(rows: TrainingRows, *, config: TrainingConfig, fold: np.ndarray, settings: Settings | None = None) -> RowResult:
    """The answers of models and calibrations that were fitted on the other folds; `settings` where encoders are trained."""
    folder = tempfile.TemporaryDirectory()
    tunes = config.finetuning.tunes
    tuner = EncoderTuner(Path(folder.name), config=config, settings=settings, callback=Callback()) if tunes else None
    logits = np.zeros((len(rows), config.n_predictions, N_OUTPUTS), dtype=np.float32)
    for k in np.unique(fold):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        seed, name = config.data.seed + 1 + int(k), f"fold-{k}"
        fitted, seen = fit_with(rows, train=train, config=config, seed=seed, tuner=tuner, name=name)
        logits[test] = predict_rows(fitted, seen, at=test)
        if tuner is not None:
            tuner.forget(name)
    folder.cleanup()
    scores, plain = cross_calibrate(logits, rows.plain, fold=fold, head=config.head, tasks=config.tasks), rows.plain
    right = (scores.album.argmax(axis=1) == plain.album_idx).astype(np.float64)
    axis_right = (scores.axis.argmax(axis=-1) == plain.axis.argmax(axis=-1)).astype(np.float64)
    return RowResult(
        ids=rows.frame["row_id"].tolist(),
        groups=rows.groups,
        right=np.where(plain.album_idx >= 0, right, np.nan),
        axis_right=np.where(plain.axis_kind == "single", axis_right, np.nan),
        log_loss=album_log_loss(scores.album, plain.album_idx),
    )


def share_of(values: np.ndarray, groups: np.ndarray) -> MeanEstimate:
    """The mean of the values that are there, with its interval over groups."""
    known = np.isfinite(values)
    return clustered_mean(values[known], groups[known], seed=0)


def gain(result: RowResult, default: RowResult) -> MeanEstimate | None:
    """The album accuracy less the default's on the same rows, with its interval over groups; None for other rows."""
    return share_of(result.right - default.right, result.groups) if result.ids == default.ids else None


def _shown(share: MeanEstimate | None, *, sign: str = "") -> str:
    if share is None or share.value is None:
        return "other rows"
    interval = "" if share.ci_low is None else f" [{share.ci_low:{sign}.3f}, {share.ci_high:{sign}.3f}]"
    return f"{share.value:{sign}.3f}{interval}"


def _line(name: str, result: RowResult, default: RowResult) -> str:
    changed = ", ".join(f"{k} {', '.join(v) if isinstance(v, tuple) else v}" for k, v in ROWS[name].items()) or "nothing"
    is_default = name.endswith(f"/{DEFAULT}")
    cells = [
        changed,
        _shown(share_of(result.right, result.groups)),
        "" if is_default else _shown(gain(result, default), sign="+"),
        *(_shown(share_of(result.axis_right[:, j], result.groups)) for j in range(len(AXIS_NAMES))),
        f"{result.log_loss:.3f}",
        f"`python -m benchmarks.experiments --rows {name}`",
    ]
    return f"| {' | '.join(cells)} |"


def _verdict(corpus: str, result: dict[str, RowResult]) -> str:
    """Which row is best, and whether it can be told from the default."""
    default = result[f"{corpus}/{DEFAULT}"]
    same = {name: t for name, t in result.items() if t.ids == default.ids}

    def by(name: str) -> tuple[float, float]:
        return float(np.nanmean(same[name].right)), -same[name].log_loss

    best = max(same, key=by)
    sharpest = min(same, key=lambda name: same[name].log_loss)
    if best == f"{corpus}/{DEFAULT}":
        text = f"Best album accuracy: the default, {by(best)[0]:.3f}; nothing that was tried is above it."
    else:
        more = gain(same[best], default)
        apart = more is not None and more.ci_low is not None and more.ci_low > 0
        text = (
            f"Best album accuracy: `{best}`, {by(best)[0]:.3f}, which is {_shown(more, sign='+')} against the default: "
            + ("the interval leaves 0 out" if apart else "the interval holds 0, so these rows cannot tell the two apart")
            + f". It is the best of {len(same)} looked at on the same folds, so its own figure is a little too good."
        )
    return f"{text} Lowest log loss: `{sharpest}`, {same[sharpest].log_loss:.3f}."


def _head(corpus: str, rows: TrainingRows, config: TrainingConfig) -> list[str]:
    return [
        f"## {corpus.capitalize()}",
        "",
        f"{len(rows)} rows in {len(set(rows.groups.tolist()))} groups, {config.evaluation.folds} folds by group, "
        f"{config.heads.ensemble_size} members; changed from the default (text concept, inverse_l2 "
        f"{config.heads.inverse_l2:g}, embedding_weight {config.features.embedding_weight:g}, tfidf, fixed weights):",
        "",
        "| changed | album | less the default | temporal | spatial | ontological | log loss (album) | this row alone |",
        "|---|---|---|---|---|---|---|---|",
    ]


def _fold_of(rows: TrainingRows, by_id: dict[str, int]) -> np.ndarray:
    return np.array([by_id[row_id] for row_id in rows.frame["row_id"].tolist()])


def measure(bench: Workbench, corpus: str, names: list[str], encoder: Encoder) -> Iterator[str]:
    """The Markdown lines of one corpus; the default is always asked, because the others are held against it."""
    frame, base = bench.datasets.get(corpus).frame, TrainingConfig()
    whole = prepare_rows(frame, config=base, encoder=encoder)
    fold = split(whole, train=np.arange(len(whole)), n_folds=base.evaluation.folds, config=base, seed=base.data.seed)
    by_id = dict(zip(whole.frame["row_id"].tolist(), fold.tolist(), strict=True))
    yield from _head(corpus, whole, base)
    result: dict[str, RowResult] = {}
    for name in dict.fromkeys([f"{corpus}/{DEFAULT}", *names]):
        config = base.with_(**ROWS[name])
        rows = prepare_rows(frame, config=config, encoder=encoder)
        result[name] = ask(rows, config=config, fold=_fold_of(rows, by_id), settings=bench.settings)
        yield _line(name, result[name], result[f"{corpus}/{DEFAULT}"])
    yield ""
    if len(result) > 2:
        yield _verdict(corpus, result)
        yield ""


_PREFACE = """# Experiments

What was tried with heads on frozen MiniLM vectors, and with MiniLM trained along (the rows with `method`),
on the users' own corpus (credit: "Gabe (The Earthly Frames) & Claude
(Anthropic)", CC BY-SA 4.0 with the Collaborative Intelligence License; not part of this project). Written by
`python -m benchmarks.experiments --out docs/experiments.md`; the folder of the corpus is `REBRACKET_CORPUS`.

Every figure is on songs or threads on which neither the heads nor their calibration were trained, and all rows of a table share
their folds. Accuracies stand with 95 % cluster-bootstrap intervals over groups; "less the default" is the paired difference
in album accuracy on the same rows, and a row whose interval there holds 0 does not differ measurably from the
default. One split of few songs is luck in part. An axis counts its rows with a single mode; temporal and spatial come out
alike because in this corpus they always occur together (past is thing, present is person, future is place).

Three things to know when reading: a song's segments all carry its concept and are one row, so no row has a neighbour in its
song and context smoothing does nothing there. Proposals of one thread are by different agents for different albums, in an
order that is no song's time, so there it blends targets that have nothing to do with each other. And heads on frozen vectors
share no parameters, so that weights between questions only move each question's strength against the penalty.
"""


def main() -> int:
    """Ask the rows that were named, or all, and write them as a page."""
    import torch
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rows", nargs="+", metavar="NAME", default=list(ROWS), help=", ".join(ROWS))
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        raise InputError("There is no such row.", expected=", ".join(ROWS), found=", ".join(unknown), hint="see --help")
    folder = Path(os.environ.get("REBRACKET_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
    if not folder.is_dir():
        raise InputError("The corpus is not there.", expected="a folder", found=str(folder), hint="set REBRACKET_CORPUS to it")
    torch.set_num_threads(1)
    lines = [_PREFACE]
    page = options.out.read_text(encoding="utf-8") if options.out and options.out.exists() else ""
    labels = f"\n{MARK}{page.partition(MARK)[2]}" if MARK in page else ""  # what `labels_curve` wrote stays
    with tempfile.TemporaryDirectory() as home, threadpool_limits(1):
        bench = Workbench(Settings(home=Path(home), database_url=f"sqlite:///{Path(home) / 'workbench.db'}"))
        for corpus, file in CORPORA.items():
            names = [name for name in options.rows if name.startswith(f"{corpus}/")]
            if not names:
                continue
            bench.datasets.import_path(folder / file, name=corpus)
            for line in measure(bench, corpus, names, bench.resources.encoder("minilm")):
                print(line, flush=True)
                lines.append(line)
                if options.out:
                    write_bytes(options.out, ("\n".join(lines) + labels).encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
