"""Few texts an album: heads on frozen vectors and fine-tuning, against SetFit's recipe on the same encoder.

SetFit itself asks for an older transformers than this project runs on, so its recipe is done here with the means that it uses:
pairs of texts, of one album (1) or of two (0), teach the body through sentence-transformers' CosineSimilarityLoss (AdamW,
2e-5, 16 pairs a step), then a LogisticRegression learns the albums from the body's vectors (Tunstall et al. 2022).
`python -m benchmarks --only setfit`; a part of the pairs that SetFit would take itself (40 a text) teaches it, as all of them
would take up to two hours a draw: its time here is the least that it can be.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.corpus import take_targets
from rebracket_core.encoders import Encoder, open_encoder
from rebracket_core.encoders.onnx import installed_folder
from rebracket_core.models import ALBUM
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.settings import Settings
from rebracket_core.stats import MeanEstimate, clustered_mean
from rebracket_core.training import Callback, TrainingConfig, TrainingRows, prepare_rows
from rebracket_core.training.finetuning import EncoderTuner
from rebracket_core.training.heads import fit_ensemble, predict_rows
from rebracket_core.workbench import Workbench

# Texts an album → how often groups and texts are drawn. One draw of few texts is luck in large part; the last size has hardly
# enough texts outside the asked groups, and takes what there is.
DRAWS = {8: 3, 16: 2, 64: 1}
FIRST_DRAW = 4  # what fine-tuning is told was chosen on those before
PAIRS = {8: 480, 16: 480, 64: 1440}
HEADS, SETFIT = "heads", "SetFit's recipe"
_TEST_SHARE = 0.2
_PAIRS_A_TEXT, _BATCH, _RATE = 40, 16, 2e-5
# Some hundred steps of 16 texts, whatever the size. Weight and epochs were chosen with 8 texts on draws 1 to 3.
_FULL = {"method": "full", "contrastive_loss_weight": 1.0, "patience_epochs": 0}
_EPOCHS = {8: 20, 16: 10, 64: 3}


@dataclass(frozen=True, slots=True)
class Way:
    """How one way did: seconds from texts to a model that answers, and whether it was right of each asked text."""

    seconds: float
    right: np.ndarray


def setfit(bench: Workbench, *, threads: int) -> Iterator[dict[str, Any]]:
    """For each size: time and album accuracy on groups that no way has met, paired on the same texts."""
    import torch

    torch.set_num_threads(threads)
    if "starter" not in {meta.name for meta in bench.datasets.all()}:
        bench.datasets.import_starter()
    encoder = open_encoder("minilm", settings=bench.settings, cached=False)
    rows = prepare_rows(bench.datasets.get("starter").frame, config=TrainingConfig(), encoder=encoder)
    for size, draws in DRAWS.items():
        yield from _at_size(rows, encoder, bench.settings, size=size, draws=draws)


def _at_size(rows: TrainingRows, encoder: Encoder, settings: Settings, *, size: int, draws: int) -> Iterator[dict[str, Any]]:
    """The ways over several draws of groups and texts; a draw's asked texts count beside those of the others."""
    done: dict[str, list[Way]] = {}
    groups, fewest = [], size
    for seed in range(FIRST_DRAW, FIRST_DRAW + draws):
        test_at = test_rows(rows, seed=seed)
        train = few_rows(rows, test_at, size=size, seed=seed)
        pairs = min(PAIRS[size], _PAIRS_A_TEXT * len(train))
        for name, way in (
            (HEADS, _frozen(rows, train, test_at, encoder)),
            (SETFIT, _setfit(rows, train, test_at, pairs=pairs)),
            (f"fine-tuned with contrast, {_EPOCHS[size]} epochs", _full(rows, train, test_at, settings, epochs=_EPOCHS[size])),
        ):
            done.setdefault(name, []).append(way)
        groups.append(rows.groups[test_at])
        fewest = min(fewest, int(np.bincount(rows.plain.album_idx[train]).min()))
    name = f"{size} texts an album" + (f" ({fewest} where there are no more)" if fewest < size else "")
    name += f", {draws} draws" if draws > 1 else ""
    ways = {
        what: Way(sum(way.seconds for way in drawn) / draws, np.concatenate([way.right for way in drawn]))
        for what, drawn in done.items()
    }
    frozen, peer = ways[HEADS], ways[SETFIT]
    yield {
        "what": f"{name}: {HEADS} on frozen vectors against {SETFIT}: time ({pairs} pairs of {_PAIRS_A_TEXT * len(train):,})",
        "target": "<= 1/30",
        "value": f"**1/{peer.seconds / frozen.seconds:.0f}** ({frozen.seconds:.2f} s against {peer.seconds:.1f} s)",
    }
    test_groups = np.concatenate(groups)
    yield {
        "what": f"{name}: album accuracy over {len(test_groups)} answers on held-out groups",
        "target": "fine-tuning reaches SetFit where that is better than heads",
        "value": "; ".join(_shown_ways(what, ways, test_groups) for what in ways),
    }


def test_rows(rows: TrainingRows, *, seed: int) -> np.ndarray:
    """The rows with an album of a fifth of the groups."""
    groups = np.unique(rows.groups)
    some = np.random.default_rng(seed).permutation(groups)[: round(_TEST_SHARE * len(groups))]
    return np.flatnonzero(np.isin(rows.groups, some) & (rows.plain.album_idx >= 0))


def few_rows(rows: TrainingRows, test_at: np.ndarray, *, size: int, seed: int) -> np.ndarray:
    """At most `size` rows an album, drawn from the groups that are not asked."""
    free = np.flatnonzero(~np.isin(rows.groups, rows.groups[test_at]))
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(free[rows.plain.album_idx[free] == album])[:size] for album in range(len(ALBUM_NAMES))]
    return np.sort(np.concatenate(drawn))


def _shown_ways(name: str, ways: dict[str, Way], groups: np.ndarray) -> str:
    """A way's share of right answers with its interval over groups, its time, and how it stands to heads and to SetFit."""
    way = ways[name]
    predicted = f"{name} {_shown(clustered_mean(way.right, groups, seed=0))} in {way.seconds:.1f} s"
    against = {HEADS: (), SETFIT: (HEADS,)}.get(name, (HEADS, SETFIT))
    return ", ".join(
        [
            predicted,
            *(f"{_shown(clustered_mean(way.right - ways[other].right, groups, seed=0), '+')} to {other}" for other in against),
        ]
    )


def _shown(share: MeanEstimate, sign: str = "") -> str:
    return f"{share.value:{sign}.3f} [{share.ci_low:{sign}.3f}, {share.ci_high:{sign}.3f}]"


def _frozen(rows: TrainingRows, train: np.ndarray, test_at: np.ndarray, encoder: Encoder) -> Way:
    """Heads with all their outputs; the time is that of reading the texts, uncached, and of fitting."""
    texts = [rows.texts["concept"][i] for i in train]
    start = time.perf_counter()
    encoder.encode(texts)
    heads = fit_ensemble(rows, train=train, config=TrainingConfig(), seed=0)
    seconds = time.perf_counter() - start
    predicted = predict_rows(heads, rows, at=test_at)[..., ALBUM].mean(axis=1).argmax(axis=1)
    return Way(seconds, (predicted == rows.plain.album_idx[test_at]).astype(np.float64))


def _setfit(rows: TrainingRows, train: np.ndarray, test_at: np.ndarray, *, pairs: int) -> Way:
    """The recipe in the module's first lines."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
    from sklearn.linear_model import LogisticRegression

    texts, album = rows.texts["concept"], rows.plain.album_idx
    torch.manual_seed(0)
    start = time.perf_counter()
    body = SentenceTransformer(str(installed_folder()), device="cpu")
    loss = CosineSimilarityLoss(body)
    optimiser = torch.optim.AdamW(body.parameters(), lr=_RATE)
    drawn = made_pairs(album[train], n=pairs, seed=0)
    body.train()
    for k in range(0, len(drawn), _BATCH):
        batch = drawn[k : k + _BATCH]
        sides = [body.preprocess([texts[train[pair[side]]] for pair in batch]) for side in (0, 1)]
        optimiser.zero_grad()
        loss(sides, torch.tensor([float(same) for _, _, same in batch])).backward()
        torch.nn.utils.clip_grad_norm_(body.parameters(), 1.0)
        optimiser.step()
    body.eval()
    head = LogisticRegression(max_iter=1000).fit(body.encode([texts[i] for i in train]), album[train])
    seconds = time.perf_counter() - start
    predicted = head.predict(body.encode([texts[i] for i in test_at]))
    return Way(seconds, (predicted == album[test_at]).astype(np.float64))


def made_pairs(album: np.ndarray, *, n: int, seed: int) -> list[tuple[int, int, bool]]:
    """The n pairs of rows in turn of one album and of two, each text first about as often as any other."""
    rng = random.Random(seed)
    out: list[tuple[int, int, bool]] = []
    while len(out) < n:
        for first in rng.sample(range(len(album)), len(album)):
            for same in (True, False):
                others = [j for j in range(len(album)) if j != first and bool(album[j] == album[first]) is same]
                if others:
                    out.append((first, rng.choice(others), same))
    return out[:n]


def _full(rows: TrainingRows, train: np.ndarray, test_at: np.ndarray, settings: Settings, *, epochs: int) -> Way:
    """The encoder trained along with the heads, as `rebracket train --set` with these options does it."""
    config = TrainingConfig().with_(**_FULL, epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        tuner = EncoderTuner(Path(folder), config=config, settings=settings, callback=Callback())
        part = np.sort(np.concatenate([train, test_at]))
        few = _only(rows, part)
        at = np.searchsorted(part, train)
        heads, seen = tuner.fit(few, train=at, seed=0, name="fold-0")
        seconds = time.perf_counter() - start
        predicted = predict_rows(heads, seen, at=np.searchsorted(part, test_at))[..., ALBUM].mean(axis=1).argmax(axis=1)
    return Way(seconds, (predicted == rows.plain.album_idx[test_at]).astype(np.float64))


def _only(rows: TrainingRows, at: np.ndarray) -> TrainingRows:
    """Some of the rows, so that an encoder that has learnt reads no others."""
    return replace(
        rows,
        frame=rows.frame.iloc[at].reset_index(drop=True),
        texts={field: [texts[i] for i in at] for field, texts in rows.texts.items()},
        vectors={field: vectors[at] for field, vectors in rows.vectors.items()},
        soft=take_targets(rows.soft, at),
        plain=take_targets(rows.plain, at),
        groups=rows.groups[at],
        sources=rows.sources[at],
    )
