"""Rows of a fine-tuning into batches: token ids, cut and padded to the longest of the batch, and targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from rebracket_core.encoders.text import Tokens
from rebracket_core.models.losses import class_weights
from rebracket_core.training.finetuning.job import TuningJob

_POOL = 16  # batches among which texts are sorted by length


class RowBatches:
    """The rows of a job as tensors, batch by batch; `collate` takes positions of rows."""

    def __init__(self, job: TuningJob, tokens: Tokens) -> None:
        frame, body = tokens.frame, job.config.finetuning.max_tokens - len(tokens.frame.prefix) - len(tokens.frame.suffix)
        self._pad = frame.pad
        ids = {field: tokens.ids(texts) for field, texts in job.texts.items()}
        self._ids = [
            [np.concatenate([frame.prefix, ids[field][i][:body], frame.suffix]).astype(np.int64) for field in job.texts]
            for i in range(len(job.held))
        ]
        self.lengths = np.array([max(len(part) for part in row) for row in self._ids])
        present = [[bool(text.strip()) for text in texts] for texts in job.texts.values()]
        self._present = torch.tensor(present, dtype=torch.float32).T.contiguous()
        self._words = torch.from_numpy(np.ascontiguousarray(job.words, dtype=np.float32))
        self._y = job.targets.tensors()
        self._member = torch.from_numpy(np.ascontiguousarray(job.member_weights, dtype=np.float32)) * self._y["weight"]
        self._class_weights = class_weights(self._y, self._member, tasks=job.config.tasks)

    def collate(self, rows: Sequence[int]) -> dict[str, Any]:
        """One batch: what the backbone takes, the targets `y`, and the weights of the rows for each member, (M, b)."""
        at = torch.as_tensor(list(rows))
        flat = [part for i in rows for part in self._ids[i]]
        ids = torch.full((len(flat), max(map(len, flat))), self._pad)
        mask = torch.zeros_like(ids)
        for k, part in enumerate(flat):
            ids[k, : len(part)] = torch.from_numpy(part)
            mask[k, : len(part)] = 1
        return {
            "ids": ids,
            "mask": mask,
            "present": self._present[at],
            "words": self._words[at],
            "y": {name: value[at] for name, value in self._y.items()},
            "row_weight": self._member[:, at],
            "class_weights": {part: weights[:, at] for part, weights in self._class_weights.items()},
        }


class LengthOrder(torch.utils.data.Sampler[int]):
    """Positions of n rows in an order drawn anew each epoch from the seed alone, texts of like length side by side in a batch.

    `epoch` says which order is next; nothing else moves it, so that a training which is taken up again finds its place.
    """

    def __init__(self, lengths: np.ndarray, *, batch_size: int, seed: int) -> None:
        self._lengths, self._batch_size, self._seed = lengths, batch_size, seed
        self.epoch = 0

    def __iter__(self) -> Iterator[int]:
        chance = np.random.default_rng([self._seed, self.epoch])
        drawn, batch = chance.permutation(len(self._lengths)), self._batch_size
        pools = [drawn[at : at + _POOL * batch] for at in range(0, len(drawn), _POOL * batch)]
        order = np.concatenate([pool[np.argsort(-self._lengths[pool], kind="stable")] for pool in pools])
        whole = len(order) // batch
        batches = order[: whole * batch].reshape(whole, batch)[chance.permutation(whole)]
        yield from np.concatenate([batches.ravel(), order[whole * batch :]]).tolist()

    def __len__(self) -> int:
        return len(self._lengths)
