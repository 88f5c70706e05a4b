"""Labels in and out of files and agreement, on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from rebracket_core.annotation import LabelSession, NewItem, NewProject, Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items
from tests.support.labels import label_at

Invoke = Callable[..., Result]


def labelled(home: Path, *, n: int = 24) -> LabelSession:
    """A home with a project that two people labelled, alike on two texts of three."""
    home.mkdir(parents=True)
    session = LabelSession.open(f"sqlite:///{home / 'workbench.db'}")
    for name in ("Rev", "Ann"):
        enrol(session, name)
    create_project(session, NewProject("One", [NewItem(f"i{k}", f"Text {k}") for k in range(n)]), by="rev")
    for who in ("rev", "ann"):
        sent = []
        for k, item in enumerate(list_items(session, "one")):
            at = (k + (who == "ann" and k % 3 == 0)) % 3
            value = label_at(at, types=frozenset())
            sent.append(Submission(f"{who}{k}", item.item_id, 1, item.text_digest, value, "2026-03-01T10:00:00Z", active_s=3.0))
        submit_labels(session, "one", submissions=sent, by=who)
    return session


def test_out_and_in_and_agreement(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REBRACKET_DB", raising=False)
    labelled(tmp_path / "home").close()
    home = ("--home", tmp_path / "home")
    told = json.loads(invoke("annotations", "agreement", "one", "--json", *home).stdout)
    main = told["agreement"]["questions"][0]["main"]
    assert main["n_items"] == 24 and main["low"] < main["value"] < main["high"]
    assert "all labels are the same" in told["agreement"]["questions"][3]["main"]["why"]
    assert "alpha, total variation" in invoke("annotations", "agreement", "one", *home).stdout
    file = tmp_path / "labels.zip"
    made = json.loads(invoke("annotations", "export", "one", "--out", file, "--format", "doccano", "--json", *home).stdout)
    assert made["labels"] == made["in_database"] == 48 and made["lost"]
    other = tmp_path / "other"
    other.mkdir()
    session = LabelSession.open(f"sqlite:///{other / 'workbench.db'}")
    enrol(session, "Rev")
    create_project(session, NewProject("One", [NewItem(f"i{k}", f"Text {k}") for k in range(20)]), by="rev")
    session.close()
    result = invoke("annotations", "import", "one", file, "--by", "Rev", "--json", "--home", other)
    assert result.exit_code == 3
    back = json.loads(result.stdout)
    assert (back["saved"], len(back["skipped"])) == (40, 8)


def test_label_studio_gets_its_configuration(invoke: Invoke, tmp_path: Path) -> None:
    labelled(tmp_path / "home").close()
    file = tmp_path / "tasks.json"
    result = invoke("annotations", "export", "one", "--out", file, "--format", "label-studio", "--home", tmp_path / "home")
    assert result.exit_code == 0 and "48 of 48" in result.stdout
    assert (tmp_path / "tasks.json.config.xml").read_text().startswith("<View>")


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
@pytest.mark.parametrize("kind", ["pipe", "folder", "too large", "device"])
def test_no_label_file_without_end_is_waited_for(kind: str, invoke: Invoke, tmp_path: Path) -> None:
    labelled(tmp_path / "home", n=1).close()
    file = Path("/dev/zero") if kind == "device" else tmp_path / "x.jsonl"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "too large":
        with file.open("wb") as handle:
            handle.truncate(256 * 2**20 + 1)  # no block of it is on the disk
    result = invoke("annotations", "import", "one", file, "--by", "Rev", "--home", tmp_path / "home")
    assert result.exit_code == 2 and "Error:" in result.stderr and "What to do" in result.stderr


@pytest.mark.parametrize(
    "line", [["export", "one", "--out", "x", "--format", "xml"], ["import", "one", "missing.jsonl"], ["agreement", "nothing"]]
)
def test_wrong_use_is_bad_input(invoke: Invoke, tmp_path: Path, line: list[str]) -> None:
    labelled(tmp_path / "home", n=1).close()
    result = invoke("annotations", *line, "--home", tmp_path / "home")
    assert result.exit_code == 2 and "Error:" in result.stderr


@pytest.mark.slow
def test_a_closed_or_archived_project_takes_no_file_and_the_list_says_so(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REBRACKET_DB", raising=False)
    labelled(tmp_path / "home", n=3).close()
    home, file = ("--home", tmp_path / "home"), tmp_path / "labels.jsonl"
    invoke("annotations", "export", "one", "--out", file, *home)
    file.write_text(file.read_text().replace('"label_id": "', '"label_id": "new-'))
    assert json.loads(invoke("annotations", "close", "one", "--by", "Rev", "--json", *home).stdout)["closed"] is True
    refused = invoke("annotations", "import", "one", file, "--by", "Rev", *home)
    assert refused.exit_code == 2 and "rebracket annotations reopen one" in refused.stderr
    assert "closed" in invoke("annotations", "status", *home).stdout
    assert "takes labels again" in invoke("annotations", "reopen", "one", "--by", "Rev", *home).stdout
    invoke("archive", "project", "one", *home)
    refused = invoke("annotations", "import", "one", file, "--by", "Rev", *home)
    assert refused.exit_code == 2 and "rebracket restore project one" in refused.stderr
    hidden = invoke("annotations", "status", *home)
    assert "one" not in hidden.stdout.split() and "1 archived" in hidden.stderr
    assert json.loads(invoke("annotations", "status", "--json", *home).stdout)["projects"] == []
    for more in ("--all", "one"):
        assert "open, archived" in invoke("annotations", "status", more, *home).stdout
    invoke("restore", "project", "one", *home)
    assert "archived" not in invoke("annotations", "status", *home).stdout
    assert invoke("annotations", "import", "one", file, "--by", "Rev", *home).exit_code == 0
