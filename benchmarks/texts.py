"""Texts to measure on: distinct, real prose from the starter corpus, cut to wanted lengths."""

from __future__ import annotations

import random
import re
from pathlib import Path

import yaml

from rebracket_core.settings import data_dir

SHORT = "The lighthouse keeper tends a lamp for a harbour that was never dug, and the ships steer by it all the same."


def starter_texts() -> list[str]:
    """All concept texts of the starter corpus, in file order."""
    folder = data_dir() / "starter" / "concepts"
    files = sorted(Path(folder).glob("*.yaml"))
    return [c["text"] for f in files for c in yaml.safe_load(f.read_text(encoding="utf-8"))["concepts"]]


def distinct_concepts(n: int, *, seed: int, max_words: int = 150) -> list[str]:
    """The n distinct texts that fit MiniLM's window: runs of sentences of the starter corpus, 1 to 6 sentences each."""
    rng = random.Random(seed)
    sentences = [s for t in starter_texts() for s in re.split(r"(?<=[.?!])\s+", t) if len(s.split()) > 3]
    seen: set[str] = set()
    while len(seen) < n:
        text = " ".join(rng.choice(sentences) for _ in range(rng.randint(1, 6)))
        if len(text.split()) <= max_words:
            seen.add(text)
    return sorted(seen)


def short_concepts(n: int, *, seed: int) -> list[str]:
    """The n distinct one-line texts."""
    rng = random.Random(seed)
    words = sorted({w for t in starter_texts() for w in re.findall(r"[a-z]{4,}", t)})
    return [f"{' '.join(rng.sample(words, 8))} {i}" for i in range(n)]
