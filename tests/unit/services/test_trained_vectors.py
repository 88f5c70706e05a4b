"""A table with embedding columns: imported, trained on without any encoder, asked with and without vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus import Concept
from rebracket_core.errors import DataError, EncoderError, NoModelError
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

pytestmark = pytest.mark.slow
DIM = 768
ALBUMS = ("Red", "Orange", "Green", "Blue")
WORDS = ["bell", "rope", "field", "ferry", "glass", "mirror", "letter", "stone"]


def table(n_songs: int = 24, *, seed: int = 1) -> list[dict[str, Any]]:
    """Segments of songs, two each, whose concept vectors lie around their album's own."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(ALBUMS), DIM))
    rows: list[dict[str, Any]] = []
    for song in range(n_songs):
        album = song % len(ALBUMS)
        concept = f"The {WORDS[song % 8]} of song {song} near the {WORDS[(song * 3 + 1) % 8]}"
        vector = (centres[album] + rng.normal(size=DIM)).astype(np.float32).tolist()
        for part in range(2):
            lyric = f"line {part} of song {song}" if song % 3 else ""
            sung = rng.normal(size=DIM) + centres[album] if lyric else np.zeros(DIM)
            rows.append(
                {
                    "segment_id": f"{song}-{part}",
                    "song_id": f"song-{song}",
                    "concept": concept,
                    "lyric_text": lyric,
                    "rainbow_color": ALBUMS[album],
                    "concept_embedding": vector,
                    "lyric_embedding": sung.astype(np.float32).tolist(),
                    "bpm": 100 + song,
                }
            )
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(scope="module")
def opened() -> list[str]:
    """The encoders that were opened, by name."""
    return []


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, opened: list[str]) -> Workbench:
    """A home with one run, trained on the vectors of its data; MiniLM and transformers are in nobody's reach."""
    folder = tmp_path_factory.mktemp("vectors")
    patch = pytest.MonkeyPatch()
    for module, name in (
        ("rebracket_core.encoders.onnx.minilm", "OnnxMiniLM"),
        ("rebracket_core.encoders.transformers.encoder", "TorchTransformer"),
        ("rebracket_core.encoders.onnx.minilm_files", "find_minilm"),
    ):

        def refuse(*_: Any, _name: str = name, **__: Any) -> None:
            opened.append(_name)
            raise AssertionError(f"{_name} was opened")

        patch.setattr(f"{module}.{name}", refuse)
    made = open_home(folder / "home")
    made.datasets.import_path(write(folder / "seg.parquet", table()), vectors_encoder="microsoft/deberta-v3-base, CLS")
    config = made.training.default_config("seg").with_(ensemble_size=1, folds=3, max_steps=20)
    made.training.train("seg", config=config)
    patch.undo()
    return made


def test_no_encoder_is_opened_and_data_run_and_model_name_what_made_the_vectors(bench: Workbench, opened: list[str]) -> None:
    assert opened == []
    (run,) = bench.runs.all()
    assert run.config["encoder"] == "vectors:seg" and "microsoft/deberta-v3-base, CLS" in run.encoder_id
    assert run.metrics["album"]["accuracy"] > 0.9  # the vectors are what tells the albums apart
    meta = bench.datasets.get("seg").meta
    assert [(v.field, v.dim, v.n_rows, v.n_vectors, v.encoder) for v in meta.vectors] == [
        ("concept", DIM, 48, 24, "microsoft/deberta-v3-base, CLS"),
        ("lyrics", DIM, 32, 32, "microsoft/deberta-v3-base, CLS"),
    ]
    assert any("joined by id" in note for note in meta.report.notes)
    assert any("Columns not taken: 'bpm'" in note for note in meta.report.notes)
    vectors = bench.resources.model(run.run_id).vectors
    assert vectors is not None and vectors["dim"] == DIM and "768 numbers by microsoft/deberta-v3-base" in vectors["needs"]
    notes = " ".join(run.metrics["notes"])
    assert "no encoder was opened" in notes and "texts that are no concepts" in notes


def test_a_run_on_vectors_is_not_promoted_by_itself(bench: Workbench) -> None:
    assert not bench.runs.all()[0].promoted
    with pytest.raises(NoModelError):
        bench.verdicts.reads_vectors()


def test_a_text_is_scored_by_its_own_vector_or_told_what_it_needs(bench: Workbench) -> None:
    (run,) = bench.runs.all()
    known = table()[0]
    near = tuple(float(x) for x in np.array(known["concept_embedding"]) + 0.01)
    concepts = [
        Concept("known", known["concept"]),
        Concept("plain", "A lighthouse that nobody has built yet"),
        Concept("own", "A lighthouse that nobody has built yet", vectors={"concept": near}),
        Concept("short", "A lighthouse that nobody has built yet", vectors={"concept": near[:384]}),
        Concept("zero", "A lighthouse that nobody has built yet", vectors={"concept": (0.0,) * DIM}),
    ]
    verdicts = {v.id: v for v in bench.verdicts.validate(concepts, run_id=run.run_id, keep=False)}
    assert verdicts["known"].error is None and verdicts["own"].error is None
    assert verdicts["known"].album == verdicts["own"].album == "Red"
    plain = verdicts["plain"].error or ""
    assert "no vector" in plain and "768 numbers by microsoft/deberta-v3-base, CLS" in plain and "minilm" in plain
    assert "384 numbers" in (verdicts["short"].error or "") and "768 numbers" in (verdicts["short"].error or "")
    assert "zeros" in (verdicts["zero"].error or "")


def test_another_vector_of_the_same_text_is_another_verdict(bench: Workbench) -> None:
    (run,) = bench.runs.all()
    rows = table()
    ask = [Concept("a", "One text", vectors={"concept": tuple(rows[2 * k]["concept_embedding"])}) for k in range(4)]
    found = [bench.verdicts.validate([one], run_id=run.run_id, keep=False)[0].album for one in ask]
    assert found == list(ALBUMS)


def test_files_bring_their_vectors_to_validation(bench: Workbench, tmp_path: Path) -> None:
    (run,) = bench.runs.all()
    path = write(tmp_path / "new.parquet", table(8, seed=1))
    assert all(not c.vectors for c in bench.verdicts.read([path]).concepts)
    read = bench.verdicts.read([path], vectors=bench.verdicts.reads_vectors(run.run_id))
    uploaded = bench.verdicts.read_upload("new.parquet", path.read_bytes(), vectors=True)
    assert read.concepts[0].vectors == uploaded.concepts[0].vectors and len(read.concepts[0].vectors["concept"]) == DIM
    assert all(v.error is None for v in bench.verdicts.validate(read.concepts, run_id=run.run_id, keep=False))


def test_the_run_scores_texts_with_vectors_when_its_data_set_is_gone(
    bench: Workbench, tmp_path: Path, opened: list[str]
) -> None:
    from tests.conftest import copy_home

    home = copy_home(bench.settings.home, tmp_path / "home")
    other = open_home(home)
    other.resources.library.remove("seg")
    (run,) = other.runs.all()
    vector = tuple(table()[2]["concept_embedding"])
    own, plain = other.verdicts.validate(
        [Concept("own", "Another text", vectors={"concept": vector}), Concept("plain", table()[2]["concept"])],
        run_id=run.run_id,
        keep=False,
    )
    assert own.error is None and own.album == "Orange"
    assert "no vector" in (plain.error or "") and "768 numbers" in (plain.error or "")


def test_minilm_stays_the_choice_where_it_is_asked_for_or_the_vectors_are_unsound(bench: Workbench, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [{**row, "segment_id": f"r{k}"} for k, row in enumerate(table()[::2])]
    for row in rows:
        row["concept_embedding"] = rng.random(DIM).tolist()
        del row["lyric_embedding"]
    _, report = bench.datasets.import_path(write(tmp_path / "random.parquet", rows))
    assert any("look like random numbers" in note for note in report.notes)
    assert bench.training.default_config("random").features.encoder == "minilm"
    with pytest.raises(EncoderError, match="no vectors of its own"):
        bench.datasets.import_path(write(tmp_path / "bare.parquet", [{"concept": r["concept"]} for r in rows]))
        bench.resources.encoder("vectors:bare")
    assert TrainingConfig.of(encoder="vectors:random").features.encoder == "vectors:random"


def test_the_api_and_the_command_line_score_by_vectors_and_say_what_is_needed(bench: Workbench, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient
    from typer.testing import CliRunner

    from rebracket_core.cli.program import program
    from rebracket_core.serving.api import create_app
    from rebracket_core.serving.options import ServeOptions

    (run,) = bench.runs.all()
    near = table()[6]["concept_embedding"]
    with TestClient(create_app(bench, ServeOptions())) as client:
        body = {"text": "A text of somebody else", "run": run.run_id}
        plain = client.post("/v1/validate", json=body)
        own = client.post("/v1/validate", json={**body, "vectors": {"concept": near}})
        items = ["One", {"text": "Two", "vectors": {"concept": near}}]
        batch = client.post("/v1/validate/batch", json={"run": run.run_id, "items": items})
    assert plain.status_code == 422 and "768 numbers by microsoft/deberta-v3-base" in plain.text
    assert own.status_code == 200 and own.json()["album"] == "Blue"
    one, two = batch.json()["verdicts"]
    assert "768 numbers" in one["error"] and two["error"] is None and two["album"] == "Blue"

    path = write(tmp_path / "new.parquet", table(4))
    given = [str(path), "--run", run.run_id, "--home", str(bench.settings.home), "--no-history"]
    scored = CliRunner().invoke(program, ["validate", *given, "--json"])
    assert scored.exit_code == 0 and '"n_failed": 0' in scored.stdout
    (tmp_path / "plain.txt").write_text("A text of somebody else, without a vector")
    refused = CliRunner().invoke(program, ["validate", str(tmp_path / "plain.txt"), *given[1:], "--json"])
    assert refused.exit_code != 0 and "768 numbers by microsoft/deberta-v3-base" in refused.stdout
    parts = CliRunner().invoke(program, ["validate", *given[:-1], "--parts", str(tmp_path / "parts"), "--json"])
    assert parts.exit_code == 0, parts.output
    assert '"error":null' in (next((tmp_path / "parts").glob("part*"))).read_text().replace(" ", "")


def test_a_table_of_vectors_of_its_own_is_joined_by_id_one_to_one(bench: Workbench, tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if not k.endswith("_embedding")} for row in table()[::2]]
    vectors = [{k: row[k] for k in ("segment_id", "concept", "concept_embedding")} for row in table()[::2]]
    source = write(tmp_path / "plain.parquet", rows)
    turned = write(tmp_path / "turned.parquet", vectors[::-1])
    dataset, report = bench.datasets.import_path(source, name="joined", vectors=turned)
    assert dataset.meta.own_vectors[0].n_rows == len(rows) and any("joined by id" in note for note in report.notes)
    encoder = bench.resources.encoder("vectors:joined")
    first = np.array(vectors[0]["concept_embedding"])
    assert np.allclose(encoder.encode([rows[0]["concept"]])[0], first / np.linalg.norm(first), atol=1e-5)
    for name, changed, found in (
        ("less", vectors[1:], "1 rows without a vector ('0-0')"),
        ("more", [*vectors, {**vectors[0], "segment_id": "x-9"}], "1 vectors without a row ('x-9')"),
    ):
        with pytest.raises(DataError, match="one to one") as caught:
            bench.datasets.import_path(source, name=name, vectors=write(tmp_path / f"{name}.parquet", changed))
        assert found in caught.value.found


def test_a_run_is_evaluated_on_other_data_with_their_vectors(bench: Workbench, tmp_path: Path) -> None:
    (run,) = bench.runs.all()
    bench.datasets.import_path(write(tmp_path / "more.parquet", table(44)))
    found = bench.runs.evaluate(run.run_id, "more")
    assert found.n_seen_excluded == 24 and found.album["n"] == 20 and found.album["accuracy"] > 0.9
    narrow = [{**row, "concept_embedding": row["concept_embedding"][:64]} for row in table(44)]
    for row in narrow:
        del row["lyric_embedding"]
    bench.datasets.import_path(write(tmp_path / "narrow.parquet", narrow))
    with pytest.raises(EncoderError, match="another width"):
        bench.runs.evaluate(run.run_id, "narrow")


def test_vectors_that_change_before_a_run_goes_on_stop_it(bench: Workbench, tmp_path: Path) -> None:
    from rebracket_core.jobs import JobInputs, run_job
    from rebracket_core.progress import NoProgress
    from tests.conftest import copy_home

    other = open_home(copy_home(bench.settings.home, tmp_path / "home"))
    config = other.training.default_config("seg").with_(ensemble_size=1, folds=3, max_steps=20)
    folder = other.training._new_run("seg", config)
    other.resources.library.remove("seg")
    changed = [{**row, "concept_embedding": row["concept_embedding"][::-1]} for row in table()]
    other.datasets.import_path(write(tmp_path / "seg.parquet", changed), vectors_encoder="microsoft/deberta-v3-base, CLS")
    with pytest.raises(DataError, match="have changed since the run was made"):
        run_job(
            folder,
            attempt=folder.new_attempt(),
            settings=other.settings,
            inputs=JobInputs(other.resources.encoder, progress=NoProgress()),
        )
