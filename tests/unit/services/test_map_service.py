"""Maps through the workbench: fitted once, answered out of fold, searched, placed on, kept and taken away."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rebracket_core.annotation import AxisLabel, Decision, DecisionKind, LabelValue, ProjectSettings, Submission
from rebracket_core.annotation.adjudication import decide_item
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queries import list_items
from rebracket_core.errors import DataError, InputError, StoreError
from rebracket_core.jobs import Status
from rebracket_core.maps.predictions import PredictionSource, load_predictions, predictions_file
from rebracket_core.maps.spec import MapMethod
from rebracket_core.reports.map_export import to_csv, to_html
from rebracket_core.services.maps.ratings import LABEL_STATES, SEVERAL
from rebracket_core.stats.out_of_fold_rows import read_out_of_fold_rows
from rebracket_core.ui.review.maps.colours import people_paint
from rebracket_core.workbench import Workbench
from tests.conftest import open_home


@pytest.fixture
def bench(home: Path) -> Workbench:
    return open_home(home)


@pytest.fixture
def map_id(bench: Workbench) -> str:
    return bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA)).map_id


def test_a_map_is_fitted_once_and_knows_its_texts(bench: Workbench, map_id: str) -> None:
    again = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA))
    (info,) = bench.maps.infos("starter")
    assert again.map_id == map_id and info.fitted and info.state.status is Status.DONE and info.state.attempt == 1
    texts = bench.datasets.get("starter").frame["concept"].str.strip()
    assert len(again) == texts.nunique() and again.places.shape == (len(again), 2)
    ids = again.values("row_id", [3, 1])
    assert again.positions(ids).tolist() == [1, 3] and np.isfinite(again.trust).all()


def test_a_data_set_that_changed_gets_no_map_of_the_old_one(bench: Workbench, home: Path) -> None:
    from rebracket_core.jobs.attempt import run_job
    from rebracket_core.jobs.kinds.map import create_map

    folder = create_map(bench.settings, bench.maps.spec("starter", method=MapMethod.PCA, seed=3))
    raw = json.loads((folder.path / "spec.json").read_text())
    raw["config"]["digest"] = "0" * 64
    (folder.path / "spec.json").write_text(json.dumps(raw))
    with pytest.raises(DataError, match="has changed"):
        run_job(folder, attempt=folder.new_attempt(), settings=bench.settings)
    (info,) = bench.maps.infos("starter")
    assert not info.fitted and info.state.status is Status.FAILED and "changed" in info.state.error
    with pytest.raises(InputError):
        bench.maps.open("../runs")


def test_answers_about_texts_that_were_learned_are_those_of_the_other_folds(bench: Workbench, map_id: str) -> None:
    run = bench.runs.production()
    assert run is not None and bench.maps.has_predictions(map_id, run.run_id)
    found, stored = bench.maps.predictions(map_id, run.run_id), bench.maps.open(map_id)
    held = read_out_of_fold_rows(bench.resources.runs.folder_of(run.run_id).path)
    place = {row_id: at for at, row_id in enumerate(stored.column("row_id").to_pylist())}
    for j in range(0, len(held), 17):
        at = place[held.row_id[j]]
        assert found.standing[at] == PredictionSource.OUT_OF_FOLD
        assert found.album_proba[at] == pytest.approx(held.album_proba[j], abs=1e-6)
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()
    assert found.count(PredictionSource.TRAINED_ON) == 0


def test_without_kept_answers_what_was_learned_is_marked_and_not_answered(bench: Workbench, map_id: str) -> None:
    run = bench.runs.production()
    assert run is not None
    (bench.resources.runs.folder_of(run.run_id).path / "held.parquet").unlink()
    found = bench.maps.predictions(map_id, run.run_id)
    learned = found.standing == PredictionSource.TRAINED_ON
    assert learned.sum() >= run.n_rows and (found.album[learned] == -1).all() and np.isnan(found.probability[learned]).all()


def test_answers_kept_by_a_version_that_kept_less_are_asked_anew(bench: Workbench, map_id: str) -> None:
    run = bench.runs.production()
    assert run is not None
    found, stored = bench.maps.predictions(map_id, run.run_id), bench.maps.open(map_id)
    np.savez(predictions_file(stored, run.run_id), **{n: getattr(found, n) for n in ("album_proba", "right", "standing")})
    assert load_predictions(stored, run.run_id) is None
    again = Workbench(bench.settings).maps.predictions(map_id, run.run_id)
    assert np.array_equal(again.confidence, found.confidence) and load_predictions(stored, run.run_id) is not None


def test_what_people_said_colours_a_map(bench: Workbench, map_id: str) -> None:
    session, stored = bench.labels.session, bench.maps.open(map_id)
    assert (bench.maps.people(map_id).state == -1).all() and bench.maps.people(map_id).names == (SEVERAL,)
    for name in ("Ada", "Ben"):
        enrol(session, name)
    ids = stored.values("row_id", list(range(20)))
    settings = ProjectSettings(overlap=2, random_share=0.0)
    project = bench.labels.picked.new_project(
        "Twenty", dataset="starter", row_ids=ids, by="ada", settings=settings
    ).project.project_id
    past, future = (
        LabelValue(AxisLabel.hard("temporal", mode), AxisLabel.abstain(), AxisLabel.abstain()) for mode in ("past", "future")
    )
    alone, both, apart, settled = list_items(session, project)[:4]
    for item, who, said in (
        (alone, "ada", past),
        (both, "ada", past),
        (both, "ben", past),
        (apart, "ada", past),
        (apart, "ben", future),
        (settled, "ben", past),
    ):
        sent = Submission(str(uuid.uuid4()), item.item_id, item.round, item.text_digest, said, "")
        assert submit_labels(session, project, submissions=[sent], by=who)[0].status in ("saved", "revised")
    decide_item(session, project, item_id=settled.item_id, decision=Decision(DecisionKind.DROP), by="ada")
    found = bench.maps.people(map_id)
    at = {item.item_id: int(stored.positions([item.item_id])[0]) for item in (alone, both, apart, settled)}
    states = [LABEL_STATES[found.state[at[i.item_id]]] for i in (alone, both, apart, settled)]
    assert states == ["has some of its labels", "has all its labels", "waits for a reviewer", "dropped by a reviewer"]
    names = [found.names[found.annotator[at[i.item_id]]] for i in (alone, both, settled)]
    assert names == ["Ada", SEVERAL, "Ben"]
    assert (found.state >= 0).sum() == 20 and (found.annotator >= 0).sum() == 4
    paint = people_paint(found, "people.state")
    assert dict(zip(paint.names, paint.counts, strict=True))["in no project"] == len(stored) - 20


def test_texts_are_found_by_words_and_by_meaning(bench: Workbench, map_id: str) -> None:
    stored = bench.maps.open(map_id)
    text = stored.values("text", [5])[0]
    assert 5 in bench.maps.with_words(map_id, text[:30].upper())
    near, cosines = bench.maps.alike(map_id, text, most=4)
    assert near[0] == 5 and cosines[0] == pytest.approx(1.0, abs=1e-4) and (np.diff(cosines) <= 0).all()


def test_a_new_text_is_placed_once_and_stays(bench: Workbench, map_id: str) -> None:
    first = bench.maps.place(map_id, "A bell rang under the lake before the town was drowned.")
    again = bench.maps.place(map_id, " A bell rang under the lake before the town was drowned. ")
    assert first.placed == again.placed and bench.maps.open(map_id).placed() == [first.placed] and len(first.near) == 10
    with pytest.raises(InputError, match="cannot be placed"):
        bench.maps.place(map_id, "!?")


def test_selections_and_notes_outlive_a_refit(bench: Workbench, map_id: str) -> None:
    ids = bench.maps.open(map_id).values("row_id", [1, 2, 3])
    kept = bench.maps.selections.keep("starter", ids, name="three")
    assert bench.maps.selections.keep("starter", reversed(ids)).selection_id == kept.selection_id  # type: ignore[arg-type]
    bench.maps.selections.add_note("starter", ids[0], text="look again", author="Ada")
    other = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA, dims=3))
    assert other.map_id != map_id
    assert len(other.positions(bench.maps.selections.get(kept.selection_id).row_ids)) == 3
    assert [(n.row_id, n.author) for n in bench.maps.selections.notes("starter")] == [(ids[0], "Ada")]
    assert [s.name for s in bench.maps.selections.named("starter")] == ["three"]
    for wrong in ("../x", "0" * 12):
        with pytest.raises(InputError, match="no such selection"):
            bench.maps.selections.get(wrong)
    with pytest.raises(InputError):
        bench.maps.selections.add_note("starter", ids[0], text=" ", author="Ada")


def test_two_fits_of_one_encoder_move_nothing(bench: Workbench, map_id: str) -> None:
    other = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA, seed=5)).map_id
    here, there, laid = bench.maps.beside(map_id, other)
    assert (here == there).all() and laid == pytest.approx(bench.maps.open(map_id).places, abs=1e-3)
    assert bench.maps.drift(map_id, other)[1].kept.min() == 1.0


def test_a_map_is_taken_away_with_its_version(bench: Workbench, map_id: str, tmp_path: Path) -> None:
    run = bench.runs.production()
    assert run is not None
    table = bench.maps.coordinates(map_id, run_id=run.run_id)
    pq.write_table(table, tmp_path / "map.parquet")
    names = set(pq.read_table(tmp_path / "map.parquet").column_names)
    assert {"row_id", "x", "y", "trust", "map_version", "run_album"} <= names
    assert to_csv(table).count(b"\r\n") >= table.num_rows + 1
    from rebracket_core.ui.review.maps.colours import known_paint

    stored = bench.maps.open(map_id)
    page = to_html(stored, known_paint(stored, "album"), at=np.arange(len(stored)), reading="How to <read> it").decode()
    assert "How to &lt;read&gt; it" in page and 'src="http' not in page


def test_a_damaged_map_is_named(bench: Workbench, map_id: str) -> None:
    path = bench.maps.open(map_id).folder / "coordinates.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(StoreError, match=r"coordinates\.parquet"):
        Workbench(bench.settings).maps.open(map_id).column("text")


@pytest.mark.slow
def test_a_worker_fits_a_map_and_can_be_cancelled(bench: Workbench) -> None:
    first = bench.maps.launch(bench.maps.spec("starter", method=MapMethod.TSNE))
    second = bench.maps.launch(bench.maps.spec("starter", method=MapMethod.TSNE, seed=4))
    bench.maps.cancel(second)
    states = _wait(bench)
    assert states == {first: Status.DONE, second: Status.CANCELLED}
    assert bench.maps.open(first).quality.knn_preservation > bench.maps.open(first).quality.chance * 3


@pytest.mark.slow
def test_a_worker_fits_the_map_of_a_hidden_layer_and_its_movers_are_found(bench: Workbench) -> None:
    final = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA))
    layer = bench.maps.spec("starter", method=MapMethod.PCA, layer="2")
    assert layer.map_id != final.map_id and layer.encoder_id.endswith("layer 2")
    bench.maps.launch(layer)
    _wait(bench)
    other = bench.maps.open(layer.map_id)
    assert other.places.shape == final.places.shape and not np.allclose(other.places, final.places)
    at, found = bench.maps.drift(final.map_id, layer.map_id)
    assert len(at) == len(final) and found.chance < found.kept.mean() < 1.0 and found.moved.any()
    here, there, laid = bench.maps.beside(final.map_id, layer.map_id)
    assert np.array_equal(here, there) and laid.shape == final.places.shape


def _wait(bench: Workbench) -> dict[str, Status]:
    """The states of all maps once none is being fitted."""
    import time

    for _ in range(900):
        states = {i.map_id: i.state.status for i in bench.maps.infos("starter")}
        if not any(s.active for s in states.values()):
            return states
        time.sleep(0.1)
    raise AssertionError(states)
