"""The fixtures of the encoder tests."""

from __future__ import annotations

from tests.support.encoder_fixtures import minilm, settings, shared_settings, small_deberta  # noqa: F401
