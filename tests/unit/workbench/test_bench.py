"""The one door: verdicts in order, remembered under all that they depend on, refused where nothing can be known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from rebracket_core.errors import ConfigError, InputError, ModelError, NoModelError
from rebracket_core.jobs import JobFolder, JobState, job_state
from rebracket_core.settings import Settings
from rebracket_core.validation import Concept, Verdict
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

TEXTS = (
    "The brass bell of the ferry, cast in 1911, hung for sixty years in the wheelhouse; its number is still on the rim.",
    "A hotel will stand on the ice, they dream, with a corridor for every wind.",
    "She stands at the counter this minute and nobody can say who she is, though she has served them for years.",
)


@pytest.fixture(scope="module")
def bench(trained_home: Path) -> Workbench:
    return open_home(trained_home)


def _judge(bench: Workbench, *texts: str, **kw: object) -> list[Verdict]:
    return bench.verdicts.validate([Concept(id=str(i), text=t) for i, t in enumerate(texts)], keep=False, **kw)  # type: ignore[arg-type]


def test_verdicts_come_in_input_order_with_errors_in_place(bench: Workbench) -> None:
    concepts = [Concept("a", TEXTS[0]), Concept("b", ""), Concept("c", TEXTS[1]), Concept("d", "!?"), Concept("e", TEXTS[2])]
    verdicts = bench.verdicts.validate(concepts, keep=False)
    assert [v.id for v in verdicts] == list("abcde")
    assert [bool(v.error) for v in verdicts] == [False, True, False, True, False]
    assert verdicts[1].verdict is None and verdicts[1].temporal is None


def test_a_verdict_does_not_depend_on_its_batch_or_on_the_cache(trained_home: Path) -> None:
    alone = [_judge(Workbench(Settings.from_env({"REBRACKET_HOME": str(trained_home)})), t)[0] for t in TEXTS]
    fresh = Workbench(Settings.from_env({"REBRACKET_HOME": str(trained_home)}))
    together = _judge(fresh, *TEXTS)
    again = _judge(fresh, *TEXTS)
    for one, many, cached in zip(alone, together, again, strict=True):
        assert many == cached
        assert (one.verdict, one.reason, one.album, one.flags) == (many.verdict, many.reason, many.album, many.flags)
        for name in ("album_probabilities", "temporal", "spatial", "ontological"):  # BLAS adds up in another order
            assert dict(getattr(one, name)) == pytest.approx(dict(getattr(many, name)), abs=5e-6)


def test_verdicts_cannot_be_changed(bench: Workbench) -> None:
    verdict = _judge(bench, TEXTS[0])[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.album = "Blue"  # type: ignore[misc]
    with pytest.raises(TypeError):
        verdict.temporal["past"] = 1.0  # type: ignore[index]


def test_thresholds_stand_in_the_result_and_in_the_key(bench: Workbench) -> None:
    open_gate = _judge(bench, TEXTS[0], thresholds={"accept": 0.0, "confidence": 0.0, "ood_p": 0.0})[0]
    shut_gate = _judge(bench, TEXTS[0], thresholds={"accept": 1.0, "hybrid_album": 1.0})[0]
    assert open_gate.thresholds["accept"] == 0.0 and shut_gate.thresholds["accept"] == 1.0
    assert shut_gate.verdict != "ACCEPT"
    with pytest.raises(ConfigError, match="acept"):
        _judge(bench, TEXTS[0], thresholds={"acept": 0.1})


def test_a_source_that_the_run_never_met_is_refused(bench: Workbench) -> None:
    known = bench.verdicts.validate([Concept("a", TEXTS[0], fields={"origin": "starter"})], keep=False)[0]
    strange = bench.verdicts.validate([Concept("a", TEXTS[0], fields={"origin": "proposals"})], keep=False)[0]
    assert "unknown_source" not in known.flags
    assert "unknown_source" in strange.flags
    assert strange.verdict == "REJECT" and strange.reason == "ood_detection"
    assert any("never met" in s for s in strange.suggestions)


def test_a_text_of_the_training_data_is_marked(bench: Workbench) -> None:
    text = bench.datasets.get("starter").frame["concept"].iloc[0]
    assert "seen_in_training" in _judge(bench, text)[0].flags
    assert "seen_in_training" not in _judge(bench, TEXTS[0])[0].flags


def test_no_model_no_verdict(tmp_path: Path) -> None:
    empty = Workbench(Settings.from_env({"REBRACKET_HOME": str(tmp_path)}))
    with pytest.raises(NoModelError, match="no verdict without one"):
        empty.verdicts.validate([Concept("a", TEXTS[0])])
    assert empty.runs.all() == [] and empty.runs.production() is None


def test_history_keeps_what_was_given(home: Path) -> None:
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))
    bench.verdicts.validate([Concept("a", TEXTS[0]), Concept("b", "")], source="a test")
    kept = bench.history.search("ferry")
    assert len(kept) == 1 and kept[0].verdict["run_id"] == bench.runs.production().run_id  # type: ignore[union-attr]


def test_a_damaged_run_is_refused_by_name_and_the_rest_stays(home: Path) -> None:
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))
    run_id = bench.runs.all()[0].run_id
    path = home / "runs" / run_id / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        bench.verdicts.validate([Concept("a", TEXTS[0])])
    (home / "runs" / run_id / "model" / "manifest.json").write_text("{}")
    assert bench.runs.all() == [] and bench.resources.runs.broken()[0][0] == run_id


def test_a_run_that_ends_while_it_is_looked_at_is_on_the_shelf_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))
    run_id = bench.runs.all()[0].run_id
    model, aside = home / "runs" / run_id / "model", home / "model"
    model.rename(aside)

    def ends_now(folder: JobFolder) -> JobState:
        state = job_state(folder)
        aside.rename(model)
        return state

    monkeypatch.setattr("rebracket_core.runs.store.job_state", ends_now)
    shelved = bench.resources.runs.snapshot()
    assert [info.run_id for info in shelved.finished] == [run_id]
    assert shelved.active == shelved.broken == ()


@pytest.mark.parametrize("run_id", ["../outside", "", ".", "no-such-run"])
def test_run_ids_stay_inside_the_shelf(bench: Workbench, run_id: str) -> None:
    with pytest.raises(ModelError):
        bench.runs.promote(run_id)


def test_paths_outside_the_root_are_refused(tmp_path: Path, trained_home: Path) -> None:
    inside = tmp_path / "root" / "a.txt"
    inside.parent.mkdir()
    inside.write_text("x")
    env = {"REBRACKET_HOME": str(trained_home), "REBRACKET_VALIDATE_ROOT": str(inside.parent)}
    bench = Workbench(Settings.from_env(env))
    assert bench.datasets.below_root("a.txt") == inside
    for path in ("..", "../root/../..", "/etc/passwd", "b.txt"):
        with pytest.raises(InputError):
            bench.datasets.below_root(path)
    with pytest.raises(InputError, match="REBRACKET_VALIDATE_ROOT"):
        open_home(trained_home).datasets.below_root("a.txt")


def test_data_sets_join_for_one_run(home: Path, tmp_path: Path) -> None:
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))
    table = tmp_path / "mine.csv"
    table.write_text("id,concept,rainbow_color,song_id\n" + "\n".join(f"{i},text number {i},Red,s{i}" for i in range(5)))
    bench.datasets.import_path(table, name="mine")
    joined = bench.datasets.get("starter+mine")
    assert joined.meta.n_rows == bench.datasets.get("starter").meta.n_rows + 5
    assert joined.frame["row_id"].is_unique
    with pytest.raises(InputError, match="twice"):
        bench.datasets.get("mine+mine")


@given(text=st.text(max_size=200))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_a_verdict_or_an_error(bench: Workbench, text: str) -> None:
    verdict = _judge(bench, text)[0]
    assert (verdict.error is None) == (verdict.verdict is not None)
    json.dumps(verdict.to_dict(), allow_nan=False)
