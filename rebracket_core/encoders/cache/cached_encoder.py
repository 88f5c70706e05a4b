"""A cache around an encoder: every content is encoded once, in memory for this process and on disk for the next."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from rebracket_core.encoders.base import Encoder, Vectors
from rebracket_core.encoders.cache.vector_store import VectorStore
from rebracket_core.encoders.modality import MODALITIES, checked_items
from rebracket_core.progress import StepCounter
from rebracket_core.settings import Settings

MEMORY_BYTES = 64 * 2**20
CHUNK_ITEMS = 1024
Input = TypeVar("Input")


def uncached(encoder: Encoder[Input]) -> Encoder[Input]:
    """Return the encoder below a cache, for items that are not worth keeping; one without a cache is returned as it is."""
    return encoder.inner if isinstance(encoder, CachedEncoder) else encoder


def embeddings_dir(settings: Settings) -> Path:
    """Return the folder of the cached vectors."""
    return settings.cache / "embeddings"


class CachedEncoder(Generic[Input]):
    """An encoder with a cache: same id, same vectors.

    A key is the SHA-256 of the encoder's id and the item's content, as its modality tells content apart. An item that comes
    twice in one call is encoded once. Vectors are kept after every 1,024 new items, so that an encoding that is stopped goes
    on where it was. A cache that cannot be used costs time, never a vector.
    """

    def __init__(self, encoder: Encoder[Input], *, settings: Settings, memory_bytes: int = MEMORY_BYTES) -> None:
        self._encoder = encoder
        self._kind = MODALITIES.get(encoder.modality)
        self._size = 4 * encoder.dim
        self._store = VectorStore(embeddings_dir(settings), encoder_id=encoder.encoder_id, size=self._size)
        self._memory: OrderedDict[bytes, bytes] = OrderedDict()
        self._capacity = max(1, memory_bytes // self._size)
        self._lock = threading.Lock()
        self._salt = hashlib.sha256(encoder.encoder_id.encode("utf-8", "surrogatepass") + b"\0")

    @property
    def modality(self) -> str:
        """The modality of the encoder below."""
        return self._kind.name

    @property
    def encoder_id(self) -> str:
        """The id of the encoder below; a cache changes no vector."""
        return self._encoder.encoder_id

    @property
    def dim(self) -> int:
        """The width of a vector."""
        return self._encoder.dim

    @property
    def window(self) -> int:
        """The window of the encoder below."""
        return self._encoder.window

    @property
    def inner(self) -> Encoder[Input]:
        """The encoder below, which caches nothing."""
        return self._encoder

    def lookup(self, items: Sequence[Input]) -> tuple[np.ndarray, Vectors]:
        """Return which items' vectors are cached (n,) bool, and these vectors (m, dim) in order; nothing is encoded."""
        keys = [self._key(item) for item in checked_items(items, modality=self.modality)]
        found = self._recall(list(dict.fromkeys(keys)))
        known = np.array([key in found for key in keys], dtype=bool)
        joined = np.frombuffer(b"".join(found[key] for key in keys if key in found), dtype="<f4")
        return known, joined.reshape(-1, self.dim).astype(np.float32)

    def encode(self, items: Sequence[Input], *, progress: StepCounter | None = None) -> Vectors:
        """Return vectors (n, dim) float32 in the order of the items, rows of length 1, made only where none is cached."""
        listed = checked_items(items, modality=self.modality)
        keys = [self._key(item) for item in listed]
        item_of = dict(zip(keys, listed, strict=True))
        found = self._recall(list(item_of))
        missing = sorted((key for key in item_of if key not in found), key=lambda key: self._kind.size(item_of[key]))
        total, at = len(listed), 0

        def part_done(done: int, _: int) -> None:
            if progress is not None:
                progress(total - len(missing) + at + done, total)

        part_done(0, 0)
        while at < len(missing):
            part = missing[at : at + CHUNK_ITEMS]
            vectors = self._encoder.encode([item_of[key] for key in part], progress=part_done)
            made = dict(zip(part, (row.tobytes() for row in vectors.astype("<f4")), strict=True))
            self._store.put(made)
            self._keep(made)
            found.update(made)
            at += len(part)
        joined = np.frombuffer(b"".join([found[key] for key in keys]), dtype="<f4")
        return joined.reshape(len(listed), self.dim).astype(np.float32)

    def close(self) -> None:
        """Close the file on disk, which the next call opens again."""
        self._store.close()

    def _key(self, item: Input) -> bytes:
        digest = self._salt.copy()
        digest.update(self._kind.content(item))
        return digest.digest()

    def _recall(self, keys: list[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        with self._lock:
            for key in keys:
                vector = self._memory.get(key)
                if vector is not None:
                    found[key] = vector
                    self._memory.move_to_end(key)
        on_disk = self._store.get([key for key in keys if key not in found]) if len(found) < len(keys) else {}
        self._keep(on_disk)
        return found | on_disk

    def _keep(self, vectors: dict[bytes, bytes]) -> None:
        with self._lock:
            self._memory.update(vectors)
            while len(self._memory) > self._capacity:
                self._memory.popitem(last=False)
