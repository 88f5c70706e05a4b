"""Attention of the bundled encoder: it is there, its rows are whole, and the encoder is left as it was."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.slow
def test_attention_is_not_empty_and_whole() -> None:
    from rebracket_core.encoders.onnx.minilm_files import WINDOW, find_minilm
    from rebracket_core.insight.explain.attention_maps import attention
    from rebracket_core.insight.explain.gradients import OpenEncoder
    from rebracket_core.settings import Settings

    encoder = OpenEncoder(find_minilm(Settings.from_env()).folder, window=WINDOW)
    before = encoder.model.config._attn_implementation
    text = "An unforgettable lantern hung above the quay."
    found = attention(encoder, text)
    assert found.words == tuple(text.split()) and not found.cut
    assert found.weights.shape == (6, 12, 7, 7) and (found.weights > 0).any(axis=(2, 3)).all()
    assert found.weights.sum(axis=-1).mean(axis=-1) + found.special == pytest.approx(np.ones((6, 12)))
    assert (found.special > 0).all() and (found.special < 1).all()
    assert found.grid(5).shape == (7, 7) and found.grid(5) == pytest.approx(found.weights[5].mean(axis=0))
    assert encoder.model.config._attn_implementation == before
    long = attention(encoder, text + " again and again" * 200)
    assert long.cut and len(long.words) < 607
