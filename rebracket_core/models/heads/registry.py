"""Where kinds of head are registered; `heads.kinds` brings those of the house, entry points those of outsiders."""

from __future__ import annotations

from typing import Any

from rebracket_core.registry import Registry

HEADS: Registry[Any] = Registry("kind of head", type, group="rebracket.heads")
