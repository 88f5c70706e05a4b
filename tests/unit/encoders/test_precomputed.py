"""Precomputed columns: found by id, refused when they can't be vectors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from rebracket_core.encoders import Precomputed
from rebracket_core.errors import EncoderError

VECTORS: dict[str, ArrayLike] = {"b": [0.0, 2.0], "a": np.array([3.0, 4.0])}


def test_ids_give_unit_vectors_in_order() -> None:
    encoder = Precomputed(VECTORS, name="deberta column")
    assert encoder.dim == 2
    assert np.allclose(encoder.encode(["a", "b", "a"]), np.array([[0.6, 0.8], [0, 1], [0.6, 0.8]]))
    assert encoder.encode([]).shape == (0, 2)


def test_the_id_follows_the_vectors() -> None:
    same = Precomputed(dict(reversed(list(VECTORS.items()))), name="n").encoder_id
    assert Precomputed(VECTORS, name="n").encoder_id == same
    assert Precomputed(VECTORS | {"b": [1.0, 2.0]}, name="n").encoder_id != same
    assert Precomputed(VECTORS | {"c": [1.0, 2.0]}, name="n").encoder_id != same


def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(EncoderError, match=r"1 of 2 ids have no precomputed vector.*'zz'"):
        Precomputed(VECTORS, name="n").encode(["a", "zz"])


@pytest.mark.parametrize("bad", [[1.0], [0.0, 0.0], [float("nan"), 1.0], [[1.0, 2.0]], ["x", "y"], [], None])
def test_what_is_no_vector_is_refused_by_id(bad: object) -> None:
    with pytest.raises(EncoderError, match="'c'"):
        Precomputed(VECTORS | {"c": bad}, name="n")  # type: ignore[arg-type]


def test_columns() -> None:
    assert Precomputed.from_columns(["a", "a"], [[1.0, 0.0], [1.0, 0.0]], name="n").dim == 2
    with pytest.raises(EncoderError, match="two different vectors"):
        Precomputed.from_columns(["a", "a"], [[1.0, 0.0], [0.0, 1.0]], name="n")
    with pytest.raises(EncoderError, match="empty"):
        Precomputed({}, name="n")
