"""Simulated annotators: does an order beat chance, when do two axes part. `python -m benchmarks.labels_curve --out PAGE`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import stats

from rebracket_core.annotation import AxisLabel, Item, LabelValue
from rebracket_core.annotation.events import disagreement
from rebracket_core.annotation.queue import mixed
from rebracket_core.annotation.queue.strategies import Pool, score_pool
from rebracket_core.corpus import targets
from rebracket_core.encoders import Encoder
from rebracket_core.files import write_bytes
from rebracket_core.models import ALBUM, AXIS, HeadTargets, entropy, softmax
from rebracket_core.models.heads import LinearHead
from rebracket_core.rainbow import ALBUM_NAMES, ALBUMS, AXIS_NAMES, MODES, N_MODES, SMOOTHING, album_of_triple
from rebracket_core.settings import Settings
from rebracket_core.workbench import Workbench
from tests.support.fits import fit_config, fit_heads

MARK = "<!-- labels -->"
SEEDS, BATCH, BUDGET, MEMBERS = 12, 20, 160, 5
NOISE, SHARE = 0.1, 0.2
ORDERS = ("random", "epistemic", "diversity", "ties", "coverage")
SPENT = ("disagreement", "third by lot", "new texts")
TWICE, AGAIN = 80, (160, 180, 200, 220)
PARTED = (0, 10, 20, 40, 80, 160)
_OPTIONS = fit_config(inverse_l2=20.0, max_steps=20, patience_steps=5, confidence_weight=0.0, types_weight=0.0)
_CHANCE = 1 / N_MODES**2
_TEMPORAL, _SPATIAL = AXIS_NAMES.index("temporal"), AXIS_NAMES.index("spatial")


def fit(x: np.ndarray, axis: np.ndarray, *, known: np.ndarray, album: np.ndarray, rng: np.random.Generator) -> LinearHead:
    """The engine's heads on vectors alone, five members, each without a fifth of the texts; `known` (n, 3) masks axes."""
    n = len(x)
    none = np.zeros(n)
    folds = rng.permutation(n) % MEMBERS
    weights = (folds[None, :] != np.arange(MEMBERS)[:, None]).astype(np.float32)
    head_targets = HeadTargets(
        axis=axis,
        axis_mask=known.astype(np.float32),
        confidence=none,
        confidence_mask=none,
        album_idx=album,
        types=np.zeros((n, 8)),
        types_mask=none,
        weight=np.ones(n),
    )
    return fit_heads(x, head_targets, member_weights=weights, config=_OPTIONS)


def shares(heads: LinearHead, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3, 3) axis shares, and (n,) how far the members contradict each other on the album (mutual information)."""
    logits = heads.logits(x)
    axis = softmax(logits[..., AXIS].reshape(len(x), heads.n_members, len(AXIS_NAMES), N_MODES)).mean(axis=1)
    albums = softmax(logits[..., ALBUM])
    return axis, (entropy(albums.mean(axis=1)) - entropy(albums).mean(axis=1)) / np.log(len(ALBUM_NAMES))


def noisy(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What simulated people say, (n, 3, 3): the truth, and with one chance in ten another mode of the axis, by lot."""
    labels = truth.copy()
    for i, j in zip(*np.nonzero(rng.random(truth.shape[:2]) < NOISE), strict=True):
        others = [k for k in range(N_MODES) if k != truth[i, j].argmax()]
        labels[i, j] = np.eye(N_MODES)[rng.choice(others)]
    return (1 - SMOOTHING) * labels + SMOOTHING / N_MODES


def held_out_texts(groups: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """(n,) bool: the texts of three groups in ten, which are never labelled and only asked."""
    names = sorted(set(groups))
    chosen = set(rng.permutation(names)[: round(0.3 * len(names))].tolist())
    return np.array([group in chosen for group in groups])


def run_order(order: str, data: SimpleNamespace, *, seed: int) -> list[float]:
    """How often an axis is right on held-out songs, after each batch of labels that the order chose."""
    rng = np.random.default_rng(seed)
    test = held_out_texts(data.groups, rng)
    pool = rng.permutation(np.flatnonzero(~test))
    by_chance = set(pool[rng.random(len(pool)) < SHARE].tolist())
    labels = noisy(data.truth, rng)
    labelled: list[int] = pool[:BATCH].tolist()
    curve = []
    while True:
        at = np.array(labelled)
        album = np.array([_album(triple) for triple in labels[at]])
        heads = fit(data.x[at], labels[at], known=np.ones((len(at), 3)), album=album, rng=np.random.default_rng(seed))
        axis, unsure = shares(heads, data.x)
        right = axis.argmax(axis=-1) == data.truth.argmax(axis=-1)
        curve.append(float(np.mean([right[test & data.single[:, j], j].mean() for j in range(3)])))
        if len(labelled) >= BUDGET:
            return curve
        left = [i for i in pool.tolist() if i not in set(labelled)]
        scores = _scores(order, data, left=left, labelled=labelled, labels=labels, axis=axis, unsure=unsure, seed=seed)
        ordered = sorted((i for i in left if i not in by_chance), key=lambda i: -scores.get(data.ids[i], -np.inf))
        queue = mixed([str(i) for i in ordered], [str(i) for i in left if i in by_chance], share=SHARE)
        labelled += [int(i) for i in queue[:BATCH]]


def _album(triple: np.ndarray) -> int:
    modes = [MODES[axis][k] for axis, k in zip(AXIS_NAMES, triple.argmax(axis=1), strict=True)]
    album = album_of_triple(modes)
    return ALBUM_NAMES.index(album.name) if album else -1


def _scores(
    order: str,
    data: SimpleNamespace,
    *,
    left: list[int],
    labelled: list[int],
    labels: np.ndarray,
    axis: np.ndarray,
    unsure: np.ndarray,
    seed: int,
) -> Mapping[str, float]:
    """The scores that the workbench's own order gives, from what the heads of now say."""

    def verdict(i: int) -> Any:
        scores = {a: dict(zip(MODES[a], axis[i, j].tolist(), strict=True)) for j, a in enumerate(AXIS_NAMES)}
        return SimpleNamespace(uncertainty={"epistemic": float(unsure[i])}, **scores)

    def label(i: int) -> Any:
        return SimpleNamespace(item_id=data.ids[i], value=_value(labels[i]))

    pool_at = [*left, *labelled] if order == "diversity" else left
    pool = Pool(
        items=[data.items[i] for i in pool_at],
        verdicts={data.ids[i]: verdict(i) for i in left},
        labels=[label(i) for i in labelled],
        vectors=data.x[np.array(pool_at)],
        seed=seed,
    )
    return score_pool(order, pool).scores


def _value(labels: np.ndarray) -> LabelValue:
    """The label of somebody who says these modes, (3, 3)."""
    temporal, spatial, ontological = (AxisLabel.hard(a, MODES[a][int(labels[j].argmax())]) for j, a in enumerate(AXIS_NAMES))
    return LabelValue(temporal, spatial, ontological)


def run_again(spend: str, data: SimpleNamespace, *, seed: int) -> list[float]:
    """How often an axis is right on held-out songs where TWICE texts have two answers each, and after each batch more.

    `spend`, on what the batches go: a third answer where people are furthest apart ("disagreement"), a third answer by lot
    ("third by lot"), or two answers each to texts that nobody has read ("new texts").
    """
    rng = np.random.default_rng(seed)
    test = held_out_texts(data.groups, rng)
    pool = rng.permutation(np.flatnonzero(~test)).tolist()
    answers = [noisy(data.truth, rng) for _ in range(3)]
    read, given = pool[:TWICE], dict.fromkeys(pool[:TWICE], 2)
    apart = {i: disagreement([_value(answers[k][i]).to_dict() for k in (0, 1)]) for i in read}
    items = [replace(data.items[i], n_labels=2, disagreement=apart[i]) for i in read]
    found = score_pool("disagreement", Pool(items)).scores
    again = sorted(read, key=lambda i: -found[data.ids[i]]) if spend == "disagreement" else rng.permutation(read).tolist()
    queue = [(i, 2) for i in pool[TWICE:]] if spend == "new texts" else [(i, 1) for i in again]
    curve = []
    for budget in AGAIN:
        while sum(given.values()) < budget:
            i, n = queue.pop(0)
            given[i] = given.get(i, 0) + n
        at = np.array(list(given))
        labels = np.stack([np.mean([answers[k][i] for k in range(given[i])], axis=0) for i in given])
        album = np.array([_album(triple) for triple in labels])
        heads = fit(data.x[at], labels, known=np.ones((len(at), 3)), album=album, rng=np.random.default_rng(seed))
        right = shares(heads, data.x)[0].argmax(axis=-1) == data.truth.argmax(axis=-1)
        curve.append(float(np.mean([right[test & data.single[:, j], j].mean() for j in range(3)])))
    return curve


def _texts(bench: Workbench, encoder: Encoder) -> SimpleNamespace:
    """The starter texts whose axes are all known, as people would label them."""
    frame = bench.datasets.get("starter").frame
    found = targets(frame, smoothing=0.0)
    keep = np.flatnonzero((found.axis_kind != "none").all(axis=1) & found.axis_known.all(axis=1))
    part = frame.iloc[keep]
    texts, ids = part["concept"].tolist(), part["row_id"].astype(str).tolist()
    return SimpleNamespace(
        x=encoder.encode(texts),
        truth=found.axis[keep],
        single=found.axis_kind[keep] == "single",
        ids=ids,
        groups=part["group_id"].astype(str).tolist(),
        items=[Item("p", i, t, "") for i, t in zip(ids, texts, strict=True)],
    )


def orders(data: SimpleNamespace) -> Iterator[str]:
    """The lines on orders: what each gains against chance at the same number of labels."""
    curves = {order: np.array([run_order(order, data, seed=s) for s in range(SEEDS)]) for order in ORDERS}
    budgets = range(BATCH, BUDGET + 1, BATCH)
    yield f"{len(data.x)} texts in {len(set(data.groups))} groups, {SEEDS} seeds, three groups in ten held out.\n"
    yield "| order | " + " | ".join(f"{n} labels" for n in budgets) + " | mean gain over chance | gain at the end |"
    yield "|---|" + "---|" * (len(budgets) + 2)
    for order, curve in curves.items():
        means = " | ".join(f"{v:.3f}" for v in curve.mean(axis=0))
        gains = curve - curves["random"]
        ends = ("", "") if order == "random" else (_interval(gains[:, 1:].mean(axis=1)), _interval(gains[:, -1]))
        yield f"| {order} | {means} | {ends[0]} | {ends[1]} |"
    over = {order: (curve - curves["random"])[:, 1:].mean(axis=1) for order, curve in curves.items()}
    better = [str(order) for order, gain in over.items() if order != "random" and _ends(gain)[1] > 0]
    yield (
        f"\nBetter than chance on average: {', '.join(better)}."
        if better
        else "\nNone differs measurably from chance on average."
    )


def disputed(data: SimpleNamespace) -> Iterator[str]:
    """The lines on the order by disagreement: what it gains at the same number of answers."""
    curves = {spend: np.array([run_again(spend, data, seed=s) for s in range(SEEDS)]) for spend in SPENT}
    yield "| the answers go to | " + " | ".join(f"{n} answers" for n in AGAIN) + " | mean gain of disagreement over it |"
    yield "|---|" + "---|" * (len(AGAIN) + 1)
    for spend, curve in curves.items():
        gain = "" if spend == SPENT[0] else _interval((curves[SPENT[0]] - curve)[:, 1:].mean(axis=1))
        yield f"| {spend} | " + " | ".join(f"{v:.3f}" for v in curve.mean(axis=0)) + f" | {gain} |"


def parted(bench: Workbench, encoder: Encoder, *, name: str, field: str) -> Iterator[str]:
    """The lines on two axes that albums make one: what labels that break the tie do on held-out groups."""
    frame = bench.datasets.get(name).frame
    frame = frame[frame[field].fillna("").str.strip() != ""].drop_duplicates(field)
    found = targets(frame, smoothing=0.0)
    frame, axis_labels = frame[found.axis_kind[:, _TEMPORAL] == "single"], found.axis[found.axis_kind[:, _TEMPORAL] == "single"]
    x, groups = encoder.encode(frame[field].tolist()), frame["group_id"].astype(str).tolist()
    for kept in (True, False):
        rows = np.array([_part(x, axis_labels, groups, seed=s, kept=kept) for s in range(SEEDS)])
        what = "kept where nobody labelled" if kept else "not used for the spatial axis"
        yield f"\n{name}: {len(x)} texts in {len(set(groups))} groups; album labels {what}.\n"
        yield "| labels | temporal right | spatial right | both right, tie broken | spatial answer follows temporal |"
        yield "|---|---|---|---|---|"
        known = [k for k in range(len(PARTED)) if not np.isnan(rows[:, k]).any()]
        for k in known:
            yield f"| {PARTED[k]} | " + " | ".join(_interval(rows[:, k, m], sign="") for m in range(4)) + " |"
        both = {PARTED[k]: _ends(rows[:, k, 2])[1] for k in known}
        apart = next((n for n in both if all(low > _CHANCE for m, low in both.items() if m >= n)), None)
        yield f"\nBoth axes are right more often than by lot from {apart} labels on." if apart else "\nThey do not part."


def _part(x: np.ndarray, album_axis: np.ndarray, groups: Sequence[str], *, seed: int, kept: bool) -> np.ndarray:
    """(budgets, 4) figures on held-out groups; NaN where there are not as many texts to label, or nothing to learn from."""
    rng = np.random.default_rng(seed)
    truth = album_axis.copy()
    truth[:, _SPATIAL] = np.eye(N_MODES)[_planted(x, rng)]
    test = held_out_texts(groups, rng)
    pool, labels = rng.permutation(np.flatnonzero(~test)), noisy(truth, rng)
    partner = _partner()
    out = np.full((len(PARTED), 4), np.nan)
    for k, n in enumerate(PARTED):
        if n > len(pool) or (n == 0 and not kept):
            continue
        axis = (1 - SMOOTHING) * album_axis + SMOOTHING / N_MODES
        axis[pool[:n]] = labels[pool[:n]]
        known = np.ones((len(x), 3))
        known[pool[n:], _SPATIAL] = float(kept)
        none = np.full(len(pool), -1)
        heads = fit(x[pool], axis[pool], known=known[pool], album=none, rng=np.random.default_rng(seed))
        top = shares(heads, x[test])[0].argmax(axis=-1)
        right = top == truth[test].argmax(axis=-1)
        broken = truth[test][:, _SPATIAL].argmax(axis=1) != partner[truth[test][:, _TEMPORAL].argmax(axis=1)]
        out[k] = (
            right[:, _TEMPORAL].mean(),
            right[:, _SPATIAL].mean(),
            (right[:, _TEMPORAL] & right[:, _SPATIAL])[broken].mean(),
            (top[:, _SPATIAL] == partner[top[:, _TEMPORAL]]).mean(),
        )
    return out


def _planted(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) a mode a text by a rule that the vectors hold and albums do not.

    It is the nearest of three directions drawn by lot among the first twenty principal components, each of them scaled to one.
    """
    u, _, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    scaled = u[:, :20] / u[:, :20].std(axis=0)
    found: np.ndarray = (scaled @ rng.normal(size=(20, N_MODES))).argmax(axis=1)
    return found


def _partner() -> np.ndarray:
    """(3,) the spatial mode that goes with each temporal mode in every album that has both."""
    found = np.zeros(N_MODES, dtype=int)
    for album in ALBUMS:
        if len(album.modes["temporal"]) == 1 and len(album.modes["spatial"]) == 1:
            (time,), (space,) = album.modes["temporal"], album.modes["spatial"]
            found[MODES["temporal"].index(time)] = MODES["spatial"].index(space)
    return found


def _ends(values: np.ndarray) -> tuple[float, float, float]:
    """The mean over seeds and the ends of its 95 % t interval."""
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    mean = float(values.mean())
    return mean, mean - half, mean + half


def _interval(values: np.ndarray, *, sign: str = "+") -> str:
    mean, low, high = (f"{v:{sign}.3f}" for v in _ends(values))
    return f"{mean} [{low}, {high}]"


_PREFACE = f"""{MARK}

# Labels

Written by `python -m benchmarks.labels_curve --out docs/experiments.md`. The people are simulated: they say the truth, and
on one axis in ten another mode, by lot. The heads are the engine's ({MEMBERS} members, vectors of MiniLM alone, no words, no
calibration, no album shown), fitted anew after every {BATCH} labels. Ranges are 95 % over {SEEDS} seeds (t), where a seed
draws the held-out groups, the noise and the first {BATCH} texts.

## Does an order beat chance?

Starter corpus, the share of held-out texts whose axis is right, mean of the three axes. Every queue has a fifth drawn by chance
mixed in, as the workbench does. "mean gain" is over all budgets after the first batch, paired by seed. The order by
disagreement stands below: it has nothing to go by before a text has two labels.
"""
_DISPUTED = f"""
## Does it help to ask again where people differ?

The same texts and people. {TWICE} texts have two answers each; every answer after that is a third one where the two are
furthest apart (the order by disagreement), a third one by lot, or one of two on texts that nobody has read. A text's target is
the mean of its answers.
"""
_PARTED = f"""
## When do two axes part?

The users' own corpus, in which past is thing, present is person and future is place in every song: the albums cannot teach
the two apart. Here people's temporal answer is the album's, and their spatial answer follows another rule that is planted:
the nearest of three directions drawn by lot among the first twenty principal components of the texts' vectors. No real person
labels by such a rule; it says how many labels a rule takes that the vectors hold and the albums do not. Texts are labelled in
an order by chance. A model that ties the axes is right on both at once for none of the texts on which the tie is broken, and
lots would be for {_CHANCE:.3f}.
"""


def main() -> int:
    """Measure both and write them below what the page says already."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels_curve")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder = Path(os.environ.get("REBRACKET_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        bench = Workbench(Settings(home=Path(home), database_url=f"sqlite:///{Path(home) / 'workbench.db'}"))
        bench.datasets.import_starter()
        encoder = bench.resources.encoder("minilm")
        data = _texts(bench, encoder)
        lines = [_PREFACE, *_printed(orders(data)), _DISPUTED, *_printed(disputed(data)), _PARTED]
        for name, field in (("segments", "descriptions"), ("proposals", "concept")):
            bench.datasets.import_path(folder / f"{name}.parquet", name=name)
            lines += _printed(parted(bench, encoder, name=name, field=field))
    if options.out:
        before = options.out.read_text(encoding="utf-8").partition(MARK)[0].rstrip() if options.out.exists() else ""
        write_bytes(options.out, (before + "\n\n" + "\n".join(lines) + "\n").encode("utf-8"))
    return 0


def _printed(lines: Iterator[str]) -> list[str]:
    found = []
    for line in lines:
        print(line, flush=True)
        found.append(line)
    return found


if __name__ == "__main__":
    sys.exit(main())
