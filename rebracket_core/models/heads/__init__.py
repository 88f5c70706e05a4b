"""Heads: features in, logits out; one registered class a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.models.heads.base import Head
    from rebracket_core.models.heads.evidential import EvidentialHead
    from rebracket_core.models.heads.kinds import HEADS, HOUSE_KINDS, LINEAR, heads_from
    from rebracket_core.models.heads.linear import LinearHead
    from rebracket_core.models.heads.mc_dropout import McDropoutHead

_HOMES = {
    "HEADS": "kinds",
    "HOUSE_KINDS": "kinds",
    "LINEAR": "kinds",
    "EvidentialHead": "evidential",
    "Head": "base",
    "LinearHead": "linear",
    "McDropoutHead": "mc_dropout",
    "heads_from": "kinds",
}
__all__ = ["HEADS", "HOUSE_KINDS", "LINEAR", "EvidentialHead", "Head", "LinearHead", "McDropoutHead", "heads_from"]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
