"""The kinds of head of the house, in the order in which people choose among them, and fitted ones read from arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebracket_core.models.heads.base import Head
from rebracket_core.models.heads.evidential import EvidentialHead
from rebracket_core.models.heads.hidden import HiddenHead
from rebracket_core.models.heads.linear import LinearHead
from rebracket_core.models.heads.mc_dropout import McDropoutHead
from rebracket_core.models.heads.registry import HEADS

LINEAR = LinearHead.name  # what heads are where nothing else is said
_KINDS = (LinearHead, McDropoutHead, EvidentialHead, HiddenHead)
HOUSE_KINDS = tuple(kind.name for kind in _KINDS)
for _kind in _KINDS:
    HEADS.register(_kind)


def heads_from(arrays: Mapping[str, Any], config: Mapping[str, Any]) -> Head:
    """The fitted heads of a model's arrays under its config (plain values, today's names).

    A manifest without a kind is of a run from before there was a choice: its heads are linear.
    """
    kind: type[Head] = HEADS.get(str(config.get("head", LINEAR)))
    return kind.from_arrays(arrays, exclusive_types=config.get("type_loss") == "single")
