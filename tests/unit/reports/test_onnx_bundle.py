"""A run as a folder: the run's own verdicts without torch, and a refusal for everything that is not as it was written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rebracket_core.encoders.onnx import export as onnx_export
from rebracket_core.errors import InputError, ModelError, StoreError
from rebracket_core.reports.onnx_bundle import ExportedRun, Precision, export as exporting, open_exported
from rebracket_core.reports.onnx_bundle.export import export_onnx
from rebracket_core.reports.onnx_bundle.layout import FILES, MANIFEST
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import copy_home, open_home
from tests.support.look_alikes import PLAIN, look_alikes

ROOT = Path(__file__).parents[3]
LONG = " ".join(f"The house number {n} keeps the sound of the door; it is known, and it is gone." for n in range(60))
CONCEPTS = [
    Concept(id="short", text="A bell that was cast for a tower that nobody built."),
    Concept(id="long", text=LONG, source="there", expected_album="Red"),
    Concept(id="blank", text="   "),
    Concept(id="strange", text="A lamp by the sea.", fields={"origin": "songs", "title": "Lamp"}),
]


@pytest.fixture(scope="module")
def made(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, Path]:
    """A workbench and the folder of its run in use."""
    bench = open_home(copy_home(trained_home, tmp_path_factory.mktemp("exported") / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "COMPARED_TEXTS", 6)
        report = export_onnx(
            bench.resources.runs,
            bench.resources.runs.chosen(None),
            settings=bench.settings,
            to=bench.settings.home.parent / "out" / "run",
        )
    assert report.equality.score_difference <= 1e-5 and not report.equality.changed and report.lowered is None
    assert report.equality.longer_than_window >= 1 and report.equality.concepts == len(exporting._PLAIN) + 6
    return bench, Path(report.folder)


@pytest.fixture
def folder(made: tuple[Workbench, Path], tmp_path: Path) -> Path:
    """A copy of the folder that a test may break; what it does not touch is linked."""
    return Path(shutil.copytree(made[1], tmp_path / "run", copy_function=lambda a, b: Path(b).hardlink_to(a)))


def test_what_looks_the_same_gets_one_verdict_also_as_concepts(made: tuple[Workbench, Path]) -> None:
    run, texts = open_exported(made[1]), list(look_alikes().values())
    (wanted,) = run.validate([Concept("", PLAIN)])
    for found in (run.validate(texts), run.validate([Concept("", text) for text in texts])):
        assert [replace(verdict, id="") for verdict in found] == [wanted] * len(texts)
    assert len(run._scorer._cache._entries) == 1


def test_verdicts_are_those_of_the_run(made: tuple[Workbench, Path]) -> None:
    bench, folder = made
    wanted = bench.verdicts.validate(CONCEPTS, keep=False)
    found = open_exported(folder).validate(CONCEPTS)
    assert [v.to_dict() for v in found] == [v.to_dict() for v in wanted]
    assert found[2].error and "unknown_source" in found[3].flags
    limits = open_exported(folder).validate(["a lamp"], thresholds={"dominant": 0.65})[0]
    assert limits.thresholds["dominant"] == 0.65 and limits.id == "0"


def test_a_verdict_needs_nothing_but_onnx_runtime(made: tuple[Workbench, Path]) -> None:
    code = (
        "import sys\n"
        "class Fence:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'sqlalchemy',\n"
        "                                  'streamlit', 'onnx', 'filelock', 'huggingface_hub'):\n"
        "            raise ImportError(f'{name} is not to be had here')\n"
        "sys.meta_path.insert(0, Fence())\n"
        "from rebracket_core.reports.onnx_bundle import open_exported\n"
        "verdict = open_exported(sys.argv[1]).validate([sys.argv[2]])[0]\n"
        "print(verdict.verdict, verdict.album_probability)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made[1]), LONG], capture_output=True, text=True, check=False, cwd=ROOT
    )
    wanted = made[0].verdicts.validate([Concept(id="0", text=LONG)], keep=False)[0]
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(wanted.verdict), str(wanted.album_probability)]


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError) as caught:
        open_exported(folder)
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged or was changed") as caught:
        open_exported(folder)
    assert str(folder / name) in str(caught.value)


def _rewritten(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    raw = json.loads((folder / MANIFEST).read_text())
    change(raw)
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_text(json.dumps(raw))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.update(precision="int8"), "damaged or was changed"),
        (lambda raw: raw.update(kind="x"), "no exported run"),
        (lambda raw: raw.update(schema_version=99), "another schema"),
    ],
)
def test_an_altered_manifest_is_refused(folder: Path, change: Callable[[dict[str, object]], object], said: str) -> None:
    _rewritten(folder, change)
    with pytest.raises(ModelError, match=said):
        open_exported(folder)


@pytest.mark.slow
def test_altered_weights_are_refused_and_nothing_is_left(
    made: tuple[Workbench, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file, save_file

    def altered(weights: Path) -> bytes:
        arrays = load_file(weights)
        name = "encoder.layer.3.output.dense.weight"
        arrays[name] = arrays[name] * np.float32(1.05)
        save_file(arrays, tmp_path / "altered.safetensors")
        return real(tmp_path / "altered.safetensors")

    real = onnx_export.build_graph
    monkeypatch.setattr(onnx_export, "build_graph", altered)
    monkeypatch.setattr(exporting, "COMPARED_TEXTS", 4)
    bench = made[0]
    with pytest.raises(ModelError, match=r"not the run, so it is not written.*a difference of 0\.0") as caught:
        export_onnx(
            bench.resources.runs, bench.resources.runs.chosen(None), settings=bench.settings, to=tmp_path / "out" / "run"
        )
    assert "1e-05" in str(caught.value) and not list((tmp_path / "out").iterdir())


def test_a_taken_folder_and_an_unwritable_one_are_refused(made: tuple[Workbench, Path], tmp_path: Path) -> None:
    bench, folder = made
    with pytest.raises(InputError, match="taken"):
        export_onnx(bench.resources.runs, bench.resources.runs.chosen(None), settings=bench.settings, to=folder)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be written"):
        export_onnx(
            bench.resources.runs, bench.resources.runs.chosen(None), settings=bench.settings, to=tmp_path / "file" / "run"
        )
    with pytest.raises(InputError, match="--check"):
        export_onnx(
            bench.resources.runs,
            bench.resources.runs.chosen(None),
            settings=bench.settings,
            to=tmp_path / "low",
            precision=Precision.INT8,
        )


@pytest.mark.slow
@pytest.mark.parametrize("precision", [Precision.BF16, Precision.INT8])
def test_a_lower_precision_is_measured_and_says_so(
    made: tuple[Workbench, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(exporting, "COMPARED_TEXTS", 4)
    bench, whole = made
    check = [
        Concept(id=f"c{n}", text=f"The {word} kept a ledger of lost hours, number {n}.")
        for n, word in enumerate(("miller", "clerk", "baker", "sexton", "glazier") * 4)
    ]
    report = export_onnx(
        bench.resources.runs,
        bench.resources.runs.chosen(None),
        to=tmp_path / "low",
        settings=bench.settings,
        precision=precision,
        check=[*check, Concept("x", LONG)],
    )
    assert report.lowered is not None and report.lowered.concepts == (21 if precision is Precision.BF16 else 15)
    assert 0 < report.lowered.score_difference < 0.5 and report.bytes < 0.8 * sum(
        path.stat().st_size for path in whole.rglob("*") if path.is_file()
    )
    lower = ExportedRun(tmp_path / "low")
    assert lower.manifest.precision is precision and lower.manifest.check["lowered"]["changed"] == report.lowered.changed
    assert lower.manifest.encoder_id != ExportedRun(whole).manifest.encoder_id
    alone = lower.validate([check[0]])[0]
    among = ExportedRun(tmp_path / "low").validate([Concept("x", LONG), *check])[1]
    assert exporting._outcome(alone) == exporting._outcome(among)  # no text's verdict depends on its batch mates
    assert exporting._apart(alone, among) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("method", "base"), [("lora", "minilm"), ("full", "deberta")])
def test_a_run_with_an_encoder_of_its_own(trained_home: Path, tmp_path: Path, method: str, base: str) -> None:
    from rebracket_core.training import TrainingConfig
    from tests.support.encoder_fixtures import save_small_deberta

    bench = open_home(copy_home(trained_home, tmp_path / "home"))
    encoder = base if base == "minilm" else str(save_small_deberta(tmp_path / "deberta"))
    config = TrainingConfig.of(ensemble_size=1, folds=2, max_steps=25, method=method, encoder=encoder, epochs=1, max_tokens=16)
    info = bench.training.train("starter", config=config)
    report = export_onnx(bench.resources.runs, info.run_id, settings=bench.settings, to=tmp_path / "own", check=CONCEPTS)
    assert report.equality.score_difference <= 1e-5 and report.equality.longer_than_window >= 2
    wanted = bench.verdicts.validate(CONCEPTS, run_id=info.run_id, keep=False)
    found = open_exported(tmp_path / "own").validate(CONCEPTS)
    assert [(v.verdict, v.album, v.error) for v in found] == [(v.verdict, v.album, v.error) for v in wanted]
