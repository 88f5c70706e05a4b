"""The cache gives what the encoder gives, or nothing: after a kill, beside another process, damaged, locked or full."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders import CachedEncoder, embeddings_dir
from rebracket_core.encoders.cache.vector_store import VectorStore
from rebracket_core.encoders.onnx.minilm import OnnxMiniLM
from rebracket_core.settings import Settings
from tests.support.encoder_fixtures import WordEncoder

TEXTS = ["one", "two", "three", "two", "", "é\ud800", "one"]
TESTS = Path(__file__).parents[2]


def _file(settings: Settings) -> Path:
    return next(embeddings_dir(settings).glob("*.sqlite"))


def test_duplicates_are_encoded_once_and_the_rest_never_again(settings: Settings) -> None:
    inner = WordEncoder()
    cached = CachedEncoder(inner, settings=settings)
    expected = WordEncoder().encode(TEXTS)
    seen: list[tuple[int, int]] = []
    assert np.array_equal(cached.encode(TEXTS, progress=lambda *p: seen.append(p)), expected)
    assert sorted(inner.encoded) == sorted(set(TEXTS))
    assert seen[-1] == (7, 7)
    assert seen == sorted(seen)
    assert np.array_equal(cached.encode(TEXTS), expected)
    fresh = WordEncoder()
    assert np.array_equal(CachedEncoder(fresh, settings=settings).encode(TEXTS), expected)
    assert len(inner.encoded) == len(set(TEXTS)) and fresh.encoded == []


def test_another_encoder_id_shares_nothing(settings: Settings) -> None:
    CachedEncoder(WordEncoder(encoder_id="a"), settings=settings).encode(TEXTS)
    other = WordEncoder(encoder_id="b")
    vectors = CachedEncoder(other, settings=settings).encode(TEXTS)
    assert np.array_equal(vectors, WordEncoder(encoder_id="b").encode(TEXTS))
    assert len(other.encoded) == len(set(TEXTS))


def test_a_returned_array_belongs_to_the_caller(settings: Settings) -> None:
    cached = CachedEncoder(WordEncoder(), settings=settings)
    cached.encode(["one"])[:] = 0.0
    assert np.array_equal(cached.encode(["one"]), WordEncoder().encode(["one"]))


def test_memory_is_bounded(settings: Settings) -> None:
    inner = WordEncoder()
    cached = CachedEncoder(inner, settings=settings, memory_bytes=10 * 4 * 384)
    texts = [str(n) for n in range(100)]
    assert np.array_equal(cached.encode(texts), WordEncoder().encode(texts))
    assert np.array_equal(cached.encode(texts), WordEncoder().encode(texts))
    assert len(inner.encoded) == 100 and len(cached._memory) == 10


@pytest.mark.alone
@pytest.mark.slow
def test_fifty_thousand_texts_are_found_in_two_seconds(settings: Settings) -> None:
    texts = [f"concept {n}" for n in range(50_000)]
    store = VectorStore(embeddings_dir(settings), encoder_id="words", size=4 * 384)
    cached = CachedEncoder(WordEncoder(), settings=settings)
    keys = [cached._key(text) for text in texts]
    store.put(dict.fromkeys(keys, np.full(384, 0.5, dtype="<f4").tobytes()))
    started = time.process_time()
    assert cached.encode(texts).shape == (50_000, 384)
    assert time.process_time() - started < 2.0


def test_a_hit_is_twenty_times_faster_than_encoding(minilm: OnnxMiniLM, settings: Settings) -> None:
    texts = [f"a place that forgot its name {n} times" for n in range(60)]
    CachedEncoder(minilm, settings=settings).encode(texts)
    started = time.perf_counter()
    expected = minilm.encode(texts)
    encoding_s = time.perf_counter() - started
    lookups_s = []
    for _ in range(3):
        fresh = CachedEncoder(minilm, settings=settings)
        started = time.perf_counter()
        found = fresh.encode(texts)
        lookups_s.append(time.perf_counter() - started)
    assert min(lookups_s) < encoding_s / 20
    assert np.abs(found - expected).max() <= 1e-6


@pytest.mark.parametrize("damage", ["text", "cut", "pages", "empty"])
def test_a_damaged_file_never_gives_a_wrong_vector(settings: Settings, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    texts = [str(n) for n in range(400)]
    expected = WordEncoder().encode(texts)
    cached = CachedEncoder(WordEncoder(), settings=settings)
    cached.encode(texts)
    cached.close()
    path = _file(settings)
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"not a database at all " * 500)
    elif damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "pages":
        content[4096:] = np.random.default_rng(0).permutation(np.frombuffer(content[4096:], dtype=np.uint8)).tobytes()
    else:
        content.clear()
    path.write_bytes(content)
    assert np.array_equal(CachedEncoder(WordEncoder(), settings=settings).encode(texts), expected)
    if damage != "empty":
        assert "damaged" in caplog.text
        assert list(path.parent.glob("*damaged*"))
    again = WordEncoder()
    assert np.array_equal(CachedEncoder(again, settings=settings).encode(texts), expected)
    assert again.encoded == []


def test_rows_with_changed_bytes_are_made_again(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    cached = CachedEncoder(WordEncoder(), settings=settings)
    cached.encode(["a", "b", "c"])
    cached.close()
    with sqlite3.connect(_file(settings)) as connection:
        rows = connection.execute("SELECT key, vector FROM vectors").fetchall()
        connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (rows[1][1], rows[0][0]))
        connection.execute("UPDATE vectors SET vector = ? WHERE key = ?", (rows[1][1][:-4], rows[1][0]))
        connection.execute("UPDATE vectors SET vector = 'words' WHERE key = ?", (rows[2][0],))
    connection.close()
    inner = WordEncoder()
    vectors = CachedEncoder(inner, settings=settings).encode(["a", "b", "c"])
    assert np.array_equal(vectors, WordEncoder().encode(["a", "b", "c"]))
    assert sorted(inner.encoded) == ["a", "b", "c"] and "is made again" in caplog.text


def test_a_locked_file_is_logged_only(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    cached = CachedEncoder(WordEncoder(), settings=settings)
    cached._store._busy_s = 0.05
    cached.encode(["first"])
    cached.close()
    holder = sqlite3.connect(_file(settings), isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("DELETE FROM about")
    assert np.array_equal(cached.encode(["second"]), WordEncoder().encode(["second"]))
    assert "locked" in caplog.text
    holder.close()
    assert np.array_equal(cached.encode(["first"]), WordEncoder().encode(["first"]))


def test_a_folder_that_cannot_be_made_is_logged_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("in the way")
    cached = CachedEncoder(WordEncoder(), settings=Settings(home=tmp_path, database_url="sqlite://"))
    assert np.array_equal(cached.encode(TEXTS), WordEncoder().encode(TEXTS))
    assert "cannot be" in caplog.text


SCRIPT = """
import sys
from pathlib import Path
from tests.support.encoder_fixtures import WordEncoder
import numpy as np
from rebracket_core.encoders import CachedEncoder
from rebracket_core.settings import Settings
settings = Settings(home=Path(sys.argv[2]), database_url="sqlite://")
"""
WRITER = (
    SCRIPT
    + """
cached = CachedEncoder(WordEncoder(), settings=settings)
for part in range(int(sys.argv[3]), int(sys.argv[4])):
    texts = [f"{part}-{n}" for n in range(50)]
    assert np.array_equal(cached.encode(texts), WordEncoder().encode(texts))
    print(part, flush=True)
"""
)
FULL = (
    SCRIPT
    + """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
texts = [str(n) for n in range(1000)]
cached = CachedEncoder(WordEncoder(), settings=settings)
assert np.array_equal(cached.encode(texts), WordEncoder().encode(texts))
"""
)


def _start(script: str, settings: Settings, *arguments: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(TESTS), str(settings.home), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TESTS.parent)


@pytest.mark.slow
def test_processes_share_the_file_and_one_may_be_killed(settings: Settings) -> None:
    writers = [_start(WRITER, settings, 0, 40), _start(WRITER, settings, 20, 60)]
    victim = _start(WRITER, settings, 60, 100_000)
    assert victim.stdout is not None
    for _ in range(10):
        victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
        assert "damaged" not in errors
    inner = WordEncoder()
    texts = [f"{part}-{n}" for part in range(69) for n in range(50)]
    assert np.array_equal(CachedEncoder(inner, settings=settings).encode(texts), WordEncoder().encode(texts))
    assert len(inner.encoded) <= 50
    with sqlite3.connect(_file(settings)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_is_logged_only(settings: Settings) -> None:
    process = _start(FULL, settings)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "cannot be written" in errors
