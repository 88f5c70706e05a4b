"""SHAP values of whole words: what shap's kernel explainer gives when words are deleted (Lundberg and Lee 2017)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rebracket_core.errors import ConfigError

TEXTS = 640
Margin = Callable[[Sequence[str]], np.ndarray]


def shap_values(words: Sequence[str], *, margin: Margin, seed: int, texts: int = TEXTS) -> np.ndarray:
    """The SHAP value (n,) of each word, from about `texts` texts, or two a word and more where that is more.

    Their sum is the margin less that of the empty text, by construction: it says nothing about how good they are. The
    kernel explainer and not the permutation one, which compiles itself for ten seconds at the first call.
    Raises: ConfigError without the package shap.
    """
    try:
        import shap
    except ImportError as cause:
        raise ConfigError(
            "SHAP is not installed.", expected="the package shap", found=str(cause), hint="pip install 'rebracket[explain]'"
        ) from cause
    n = len(words)

    def margins_of_masks(masks: np.ndarray) -> np.ndarray:
        return margin([" ".join(w for w, kept in zip(words, row, strict=True) if kept > 0.5) for row in masks])

    state = np.random.get_state()  # the explainer draws from numpy's own generator, which is given back as it was
    np.random.seed(seed % 2**32)
    try:
        explainer = shap.KernelExplainer(margins_of_masks, np.zeros((1, n)))
        found = explainer.shap_values(np.ones((1, n)), nsamples=max(texts, 2 * n + 64), l1_reg=False, silent=True)
    finally:
        np.random.set_state(state)
    return np.asarray(found, dtype=np.float64).reshape(n)
