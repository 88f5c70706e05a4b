"""Do albums whose colours look alike hold texts that lie near each other?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rebracket_core.rainbow import ALBUMS

PERMUTATIONS = 9999
_MIN_ALBUMS = 4

# sRGB (linear) → cone responses → OKLab: Björn Ottosson 2020, https://bottosson.github.io/posts/oklab/ (public domain).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colour: str) -> np.ndarray:
    """(3,) lightness and the two colour axes of a hex colour in OKLab, where equal distances look about equal."""
    digits = colour.lstrip("#")
    srgb = np.array([int(digits[k : k + 2], 16) for k in (0, 2, 4)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(_TO_LAB @ np.cbrt(_TO_CONES @ linear))


def colour_distances() -> np.ndarray:
    """(9, 9) distances between the albums' colours in OKLab, in the order of the Rainbow Table."""
    places = np.array([oklab(album.hex) for album in ALBUMS])
    return np.asarray(np.linalg.norm(places[:, None] - places[None], axis=2))


@dataclass(frozen=True, slots=True)
class Mantel:
    """How colour distance and text distance go together over pairs of albums: Spearman's rho, its permutation p, the albums."""

    rho: float
    p: float
    n_albums: int
    n_pairs: int


def mantel(colours: np.ndarray, texts: np.ndarray, *, seed: int, permutations: int = PERMUTATIONS) -> Mantel | None:
    """The Mantel test (1967) on two (k, k) distance tables: albums are dealt anew as wholes, rows with columns.

    Albums with an unknown distance are left out; None where fewer than four are left. p is two-sided and never 0.
    """
    from scipy.stats import rankdata

    known = np.flatnonzero(np.isfinite(texts).sum(axis=1) >= 2)
    known = known[np.isfinite(texts[np.ix_(known, known)]).all(axis=1)]
    if len(known) < _MIN_ALBUMS:
        return None
    one, two = colours[np.ix_(known, known)], texts[np.ix_(known, known)]
    upper = np.triu_indices(len(known), k=1)
    ranks = np.zeros_like(two)
    ranks[upper] = rankdata(two[upper])
    ranks += ranks.T
    first = rankdata(one[upper])
    observed = float(_rho(first, ranks[upper][None])[0])
    rng = np.random.default_rng(seed)
    dealt = rng.permuted(np.tile(np.arange(len(known)), (permutations, 1)), axis=1)
    drawn = _rho(first, ranks[dealt[:, upper[0]], dealt[:, upper[1]]])
    far = int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
    return Mantel(rho=observed, p=(1 + far) / (1 + permutations), n_albums=len(known), n_pairs=len(first))


def _rho(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(m,) correlations of (k,) values with each row of (m, k) values."""
    a, b = first - first.mean(), second - second.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum() * (b**2).sum(axis=1))
    return np.asarray(np.where(scale > 0, (b @ a) / np.where(scale > 0, scale, 1.0), 0.0))
