"""Fingerprints by which a run knows the texts that it was trained on, without carrying them."""

from __future__ import annotations

import hashlib


def text_fingerprint(text: str) -> str:
    """Return 16 hex digits of the sha256 of a text, with case and runs of white space evened out."""
    plain = " ".join(text.casefold().split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]
