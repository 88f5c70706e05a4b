"""The fixtures of the encoder tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from encoder_fixtures import minilm, settings, shared_settings, small_deberta  # noqa: F401
