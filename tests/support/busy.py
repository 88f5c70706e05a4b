"""The making of a home in which everything that pages show is there at least once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from rebracket_core.annotation import Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queries import list_items
from rebracket_core.jobs import create_run
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.support.labels import label_at


def make_busy(home: Path, folder: Path) -> Path:
    """Fill a copy of a trained home: two more runs and data sets, two projects with labels, verdicts, two selections."""
    leaked_twin(home, "leaked-run")
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))
    for name in ("bells", "towers"):
        texts = [f"A text on {name} from 18{n:02}." for n in range(12)]
        (folder / f"{name}.txt").write_text("\n\n".join(texts), encoding="utf-8")
        bench.datasets.import_path(folder / f"{name}.txt", name=name)
    meta = next(d for d in bench.datasets.all() if d.name == "starter")
    create_run(home / "runs", meta=meta, config=TrainingConfig.of(ensemble_size=1), encoder_id="minilm").new_attempt()
    _projects(bench)
    bench.verdicts.validate([Concept(f"c{n}", f"A bell that was cast in 180{n}.", "tests") for n in range(3)])
    info = bench.maps.fit(bench.maps.spec("starter", method="pca"))
    stored = bench.maps.open(getattr(info, "map_id", None) or bench.maps.infos("starter")[0].map_id)
    for name, at in (("one", range(20)), ("two", range(40, 60))):
        bench.maps.selections.keep("starter", stored.values("row_id", list(at)), name=name)
    return home


def leaked_twin(home: Path, name: str) -> str:
    """The trained run once more, under another id and marked as leaked."""
    source = next(p for p in (home / "runs").iterdir() if p.is_dir())
    folder = home / "runs" / name
    shutil.copytree(source, folder)
    for part in ("spec.json", "evaluation.json", "model/manifest.json"):
        raw = json.loads((folder / part).read_text())
        raw["run_id"] = name
        if part == "model/manifest.json":
            raw["metrics"] |= {"leaked": True}
        (folder / part).write_text(json.dumps(raw))
    return name


def _projects(bench: Workbench) -> None:
    session = bench.labels.session
    for name in ("Ada", "Bo"):
        enrol(session, name)
    for name, dataset in (("First", "starter"), ("Second", "bells")):
        project = bench.labels.create_project(name, dataset, by="ada")
        for who in ("ada", "bo"):
            sent = []
            for k, item in enumerate(list_items(session, project.project_id)[:10]):
                at = (k + (who == "bo" and k % 3 == 0)) % 3
                value = label_at(at)
                name_of = f"{project.project_id}-{who}-{k}"
                sent.append(Submission(name_of, item.item_id, 1, item.text_digest, value, "2026-03-01T10:00:00Z", active_s=3.0))
            submit_labels(session, project.project_id, submissions=sent, by=who)
