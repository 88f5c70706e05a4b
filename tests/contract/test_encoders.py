"""What every encoder keeps: shape, dtype, length 1, order, no influence of batch mates, nothing cut, the same again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from encoder_fixtures import WordEncoder
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rebracket_core.encoders import CachedEncoder, Encoder, Precomputed, open_encoder
from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
from rebracket_core.settings import Settings

LONG = "the rose that was here remembers itself, a thing, a song; " * 20
TEXTS = ["the rose", "a thing that was here", "", "日本 é", "the rose", "a song " * 30, "x" * 300, LONG]
KINDS = ("minilm", "minilm cached", "small deberta", "small deberta cached", "precomputed")


@pytest.fixture(scope="session")
def make(minilm: OnnxMiniLM, small_deberta: Path, shared_settings: Settings) -> Callable[[str], Encoder]:
    """The encoder of each kind, opened once."""
    opened: dict[str, Encoder] = {"minilm": minilm}

    def build(kind: str) -> Encoder:
        if kind == "precomputed":
            vectors = WordEncoder(dim=16 * 2).encode(TEXTS)
            return Precomputed(dict(zip(TEXTS, vectors, strict=True)), name="words")
        if kind == "small deberta":
            return open_encoder(str(small_deberta), settings=shared_settings, cached=False)
        return CachedEncoder(get(kind.removesuffix(" cached")), settings=shared_settings)

    def get(kind: str) -> Encoder:
        if kind not in opened:
            opened[kind] = build(kind)
        return opened[kind]

    return get


@pytest.fixture(params=KINDS)
def encoder(request: pytest.FixtureRequest, make: Callable[[str], Encoder]) -> Encoder:
    """Each encoder in turn."""
    return make(request.param)


@pytest.fixture
def reader(encoder: Encoder) -> Encoder:
    """Each encoder that reads text of any kind."""
    if isinstance(encoder, Precomputed):
        pytest.skip("precomputed vectors know only their ids")
    return encoder


def test_shape_type_and_length(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert isinstance(encoder, Encoder)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1.0).max() <= 1e-5


def test_no_texts_no_vectors(encoder: Encoder) -> None:
    vectors = encoder.encode([])
    assert vectors.shape == (0, encoder.dim)
    assert vectors.dtype == np.float32


def test_order_is_kept_and_batch_mates_change_nothing(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS)
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.abs(together - backwards).max() <= 1e-6
    assert np.abs(together - alone).max() <= 1e-6
    assert np.abs(together[0] - together[4]).max() <= 1e-6
    assert np.abs(together[0] - together[1]).max() > 1e-4


def test_the_same_again(encoder: Encoder) -> None:
    assert np.array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


def test_the_id_is_stable_text(encoder: Encoder) -> None:
    assert encoder.encoder_id == encoder.encoder_id != ""
    assert encoder.encoder_id.isprintable()


def test_progress_ends_with_all_texts(encoder: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    encoder.encode(TEXTS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXTS), len(TEXTS))
    assert seen == sorted(seen)


def test_the_end_of_a_long_text_counts(reader: Encoder) -> None:
    a, b = reader.encode([LONG + "was", LONG + "song song song"])
    assert np.abs(a - b).max() > 1e-5


@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(), max_size=40), max_size=4))
def test_any_text_has_a_vector(reader: Encoder, texts: list[str]) -> None:
    vectors = reader.encode(texts)
    assert vectors.shape == (len(texts), reader.dim)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_threads_may_share_one_encoder(encoder: Encoder) -> None:
    expected = encoder.encode(TEXTS[:5])
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(encoder.encode(TEXTS[:5]))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.abs(vectors - expected).max() <= 1e-6 for vectors in found)
