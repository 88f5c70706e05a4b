"""What every encoder keeps: shape, dtype, length 1, order, no influence of batch mates, nothing cut, the same again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.corpus import Dataset, DatasetMeta, Library, ReadReport, frame_digest, make_frame, read_rows
from rebracket_core.corpus.fields import FIELDS, TEXT_FIELDS, field_names
from rebracket_core.corpus.readers import Hints
from rebracket_core.encoders import CachedEncoder, Encoder, Precomputed, Vectors, open_encoder, uncached
from rebracket_core.encoders.base import checked_vectors
from rebracket_core.encoders.kinds import ENCODERS, MINILM, MINILM_TORCH, EncoderKind, kind_of, names_of_encoders
from rebracket_core.encoders.modality import MODALITIES, Modality, checked_items, content_of
from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
from rebracket_core.errors import EncoderError, InputError
from rebracket_core.progress import StepCounter
from rebracket_core.settings import Settings, Thresholds
from rebracket_core.training import Callback, TrainingConfig, train_run
from rebracket_core.training.rows import background_texts
from tests.support.encoder_fixtures import WordEncoder

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


# ---- kinds: every registered one goes through ---------------------------------------------------------------------------


NAMES = {MINILM: MINILM, MINILM_TORCH: MINILM_TORCH}


@pytest.fixture(scope="session")
def name_of(small_deberta: Path, shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A name that means the kind, and whose encoder can be opened here."""

    def name(kind: str) -> str:
        if kind == "precomputed":
            path = tmp_path_factory.mktemp("table") / "vectors.parquet"
            return f"precomputed:{_table(path, texts=[text for text in dict.fromkeys(TEXTS) if text])}"
        if kind == "vectors":
            return _dataset_with_vectors(shared_settings, tmp_path_factory.mktemp("data") / "words.parquet")
        return str(small_deberta) if kind == "transformers" else NAMES[kind]

    return name


def _dataset_with_vectors(settings: Settings, path: Path) -> str:
    read = read_rows(_table(path, texts=[text for text in dict.fromkeys(TEXTS) if text]), hints=Hints(vectors=True))
    Library(settings.library).add(read.frame, name="words", source=path.name, report=read.report, vectors=read.vectors)
    return "vectors:words"


def _table(path: Path, *, texts: Sequence[str]) -> Path:
    vectors = WordEncoder(dim=32).encode(texts).tolist()
    pd.DataFrame({"row_id": range(len(texts)), "concept": texts, "concept_embedding": vectors}).to_parquet(path)
    return path


def test_every_kind_stands_in_this_suite() -> None:
    """A kind that is registered without a row here fails; add its name to `name_of`."""
    assert set(ENCODERS.names) == {*NAMES, "precomputed", "vectors", "transformers"}
    assert [kind.name for kind in ENCODERS if kind.catch_all] == ["transformers"]


@pytest.mark.parametrize("kind", ENCODERS.names)
def test_a_kind_describes_itself_and_is_found_by_name(kind: str, name_of: Callable[[str], str]) -> None:
    found = ENCODERS.get(kind)
    assert found.label and found.help.endswith(".") and found.modality in MODALITIES.names
    assert kind_of(name_of(kind)) is found
    assert (found.written or found.name) in names_of_encoders()


@pytest.mark.parametrize("kind", ENCODERS.names)
def test_a_kind_opens_an_encoder_with_and_without_a_cache(
    kind: str, name_of: Callable[[str], str], shared_settings: Settings
) -> None:
    plain = open_encoder(name_of(kind), settings=shared_settings, cached=False)
    cached = open_encoder(name_of(kind), settings=shared_settings)
    assert plain.modality == cached.modality == ENCODERS.get(kind).modality
    stored = ENCODERS.get(kind).stored  # vectors that are at hand need no cache
    assert isinstance(plain, Encoder) and isinstance(cached, CachedEncoder) != stored
    assert uncached(cached).encoder_id == plain.encoder_id
    texts = [text for text in TEXTS if text]
    vectors = plain.encode(texts)
    assert vectors.shape == (len(texts), plain.dim) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.abs(cached.encode(texts) - vectors).max() <= 1e-6
    with pytest.raises(InputError, match="An item is no text"):
        plain.encode(["fine", 3])


@pytest.mark.parametrize("kind", ENCODERS.names)
def test_a_kind_gives_a_hidden_layer_or_says_that_it_has_none(
    kind: str, name_of: Callable[[str], str], shared_settings: Settings
) -> None:
    if kind in ("precomputed", "vectors"):
        with pytest.raises(EncoderError, match="no transformers model"):
            open_encoder(name_of(kind), settings=shared_settings, layer=1)
        return
    last = open_encoder(name_of(kind), settings=shared_settings, cached=False)
    layer = open_encoder(name_of(kind), settings=shared_settings, cached=False, layer=1)
    assert layer.dim == last.dim and layer.encoder_id.endswith("|layer 1")


def test_a_table_knows_its_own_texts_alone(tmp_path: Path, shared_settings: Settings) -> None:
    encoder = open_encoder(
        f"precomputed:{_table(tmp_path / 't.parquet', texts=['a rose', 'a bell'])}", settings=shared_settings
    )
    expected = WordEncoder(dim=32).encode(["a bell", "a rose"])
    assert np.abs(encoder.encode(["a bell", "a rose"])[0] - expected[0]).max() <= 1e-6
    with pytest.raises(EncoderError, match=r"1 of 2 texts have no precomputed vector.*'a drum'"):
        encoder.encode(["a rose", "a drum"])
    blank = encoder.encode(["", "a rose"])
    assert blank[0].tolist() == [1.0, *[0.0] * 31] and np.abs(blank[1] - expected[1]).max() <= 1e-6
    twice = tmp_path / "twice.parquet"
    columns = {"row_id": [1, 2], "concept": ["a rose"] * 2, "concept_embedding": [[1.0, 2.0], [2.0, 1.0]]}
    pd.DataFrame(columns).to_parquet(twice)
    with pytest.raises(EncoderError, match="One text has two different vectors"):
        open_encoder(f"precomputed:{twice}", settings=shared_settings)
    bare = tmp_path / "bare.parquet"
    pd.DataFrame({"row_id": [1], "embedding": [[1.0, 2.0]]}).to_parquet(bare)
    with pytest.raises(EncoderError, match="does not hold the texts"):
        open_encoder(f"precomputed:{bare}", settings=shared_settings)


def test_a_name_of_no_kind_names_all_kinds(shared_settings: Settings) -> None:
    with pytest.raises(EncoderError, match="There is no encoder 'a b'") as caught:
        open_encoder("a b", settings=shared_settings)
    assert caught.value.expected == names_of_encoders()


def test_the_content_of_an_item_is_told_apart_by_its_kind() -> None:
    assert content_of("é\ud800") == b"\xc3\xa9\xed\xa0\x80"
    assert content_of(b"RIFF") == content_of(bytearray(b"RIFF")) == hashlib.sha256(b"RIFF").digest()
    with pytest.raises(InputError, match="cannot be told apart"):
        content_of((1.0, 2.0))


def test_every_field_has_a_registered_modality() -> None:
    assert {field.modality for field in FIELDS} <= set(MODALITIES.names)
    assert field_names("text") == TEXT_FIELDS == ("concept", "descriptions", "lyrics")
    assert field_names("numbers") == ()


# ---- another modality: one module and its registrations, here this file -------------------------------------------------

Numbers = tuple[float, ...]
NUMBERS = Modality(
    "numbers",
    "Numbers",
    "Tuples of numbers.",
    item="a tuple of floats",
    accepts=lambda item: isinstance(item, tuple) and all(isinstance(number, float) for number in item),
    content=lambda item: np.asarray(item, dtype="<f8").tobytes(),
)


class NumbersEncoder:
    """Vectors (n, 8): the first numbers of each tuple and a one. It counts what it is asked for."""

    modality = "numbers"
    encoder_id = "numbers|first 7|float32"
    dim = 8
    window = 0
    asked: ClassVar[list[Numbers]] = []

    def encode(self, items: Sequence[Numbers], *, progress: StepCounter | None = None) -> Vectors:
        """Unit vectors (n, 8) float32."""
        listed = checked_items(items, modality=self.modality)
        self.asked.extend(listed)
        rows = np.zeros((len(listed), self.dim), dtype=np.float32)
        rows[:, -1] = 1.0
        for row, item in zip(rows, listed, strict=True):
            row[: min(7, len(item))] = item[:7]
        if progress is not None and listed:
            progress(len(listed), len(listed))
        return checked_vectors(rows / np.linalg.norm(rows, axis=1, keepdims=True), encoder_id=self.encoder_id)


class NumbersKind(EncoderKind):
    """The made-up encoder, opened by "numbers"."""

    name = "numbers"
    label = "Numbers"
    help = "The first seven numbers of a tuple."
    modality = "numbers"

    def open(self, name: str, settings: Settings) -> Encoder[Numbers]:
        """The encoder."""
        return NumbersEncoder()


@pytest.fixture
def numbers() -> Iterator[None]:
    """The modality and its kind of encoder, registered for one test."""
    NumbersEncoder.asked.clear()
    with MODALITIES.registered(NUMBERS), ENCODERS.registered(NumbersKind):
        yield


ITEMS: list[Numbers] = [(1.0, 2.0), (), (0.5,) * 9, (1.0, 2.0), (2.0, 1.0)]


def test_an_encoder_of_another_modality_is_opened_by_name_and_cached_by_content(numbers: None, settings: Settings) -> None:
    encoder = open_encoder("numbers", settings=settings)
    assert encoder.modality == "numbers" and kind_of("numbers").label == "Numbers"  # though "numbers" could be a hub name
    vectors = encoder.encode(ITEMS)
    assert vectors.shape == (5, 8) and np.array_equal(vectors, NumbersEncoder().encode(ITEMS))
    assert sorted(NumbersEncoder.asked[:4]) == sorted(set(ITEMS))
    NumbersEncoder.asked.clear()
    again = open_encoder("numbers", settings=settings)
    assert np.array_equal(again.encode(ITEMS[::-1])[::-1], vectors), "the vectors come back the same from the disk"
    assert NumbersEncoder.asked == []


@pytest.mark.parametrize("wrong", ["one string", [(1.0,), "text"], [[1.0]], [(1,)]])
def test_items_of_another_modality_are_refused_before_anything_is_encoded(
    numbers: None, settings: Settings, wrong: Any
) -> None:
    with pytest.raises(InputError, match=r"numbers|list"):
        open_encoder("numbers", settings=settings).encode(wrong)
    assert NumbersEncoder.asked == []


def test_precomputed_vectors_are_found_by_the_content_of_any_modality(numbers: None) -> None:
    vectors = NumbersEncoder().encode(ITEMS)
    column = Precomputed(dict(zip(ITEMS, vectors, strict=True)), name="column", modality="numbers")
    assert column.modality == "numbers" and np.abs(column.encode(ITEMS[::-1]) - vectors[::-1]).max() <= 1e-6
    with pytest.raises(EncoderError, match=r"1 of 1 ids have no precomputed vector.*3\.0"):
        column.encode([(3.0,)])


def test_a_registered_kind_shows_on_the_command_line_and_in_help(numbers: None) -> None:
    shown = CliRunner().invoke(program, ["encoders", "--json"])
    assert shown.exit_code == 0
    found = {kind["name"]: kind for kind in json.loads(shown.stdout)["encoders"]}
    assert set(found) == {*ENCODERS.names} and found["numbers"]["modality"] == "numbers"
    assert names_of_encoders().endswith("numbers")
    assert "The first seven numbers" in CliRunner().invoke(program, ["encoders"]).stdout


def test_the_page_for_the_next_engineer_names_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "dev" / "adding" / "encoder.md").read_text("utf-8")
    assert all(f"`{kind.written or kind.name}`" in page for kind in ENCODERS)


@pytest.mark.slow
def test_heads_are_trained_on_the_vectors_of_another_modality(numbers: None, settings: Settings, tmp_path: Path) -> None:
    """The rows' numbers become vectors, cached; a column of these by text trains heads that learn what the numbers say."""
    frame, items = _rows_with_numbers()
    encoder = open_encoder("numbers", settings=settings)
    others = background_texts()
    made = encoder.encode([*items, *((0.0, 0.0, float(k % 7 + 1)) for k in range(len(others)))])
    column = Precomputed(dict(zip([*frame["concept"], *others], made, strict=True)), name="numbers of each text")
    meta = DatasetMeta("numbers", frame_digest(frame), len(frame), 24, ("table",), "", "", ReadReport(len(frame)))
    run = train_run(
        Dataset("numbers", frame, meta),
        config=TrainingConfig.of(folds=3, ensemble_size=1, max_steps=30, tfidf=False),
        encoder=column,
        folder=tmp_path / "run",
        thresholds=Thresholds(),
        callback=Callback(),
    )
    assert run.album["accuracy"] > 0.9 > 0.6 > run.album["majority"]
    manifest = json.loads((tmp_path / "run" / "model" / "manifest.json").read_text("utf-8"))
    assert manifest["encoder_id"] == column.encoder_id


def _rows_with_numbers() -> tuple[pd.DataFrame, list[Numbers]]:
    """48 rows of 24 songs, two albums; the first two numbers say which album a row is of."""
    rng = np.random.default_rng(0)
    albums = [("Red", (2.0, 0.0)), ("Blue", (0.0, 2.0))]
    rows, items = list[dict[str, Any]](), list[Numbers]()
    for at in range(48):
        album, centre = albums[at // 2 % 2]
        rows.append({"row_id": f"r{at}", "group_id": f"song {at // 2}", "concept": f"item number {at}", "album": album})
        items.append(tuple((np.asarray(centre) + rng.normal(scale=0.1, size=2)).tolist()))
    return make_frame(rows), items
