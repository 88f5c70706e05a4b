"""A run folder through a log: the same files on the other side, and nothing that does not belong there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rebracket_core.errors import ConfigError, StoreError
from rebracket_core.jobs.launchers.executors import LOCAL, executors, launcher_for
from rebracket_core.jobs.workers.log_transport import MARK, FolderReceiver, FolderSender
from rebracket_core.settings import Settings


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _pass(sender: FolderSender, receiver: FolderReceiver) -> list[str]:
    lines = list(sender.lines())
    assert all(len(line) < 8_000 and "\n" not in line for line in lines)
    return [name for line in ["noise", *lines] if (name := receiver.take(line))]


def test_what_changes_comes_over_and_what_grows_comes_in_parts(tmp_path: Path) -> None:
    remote, here = tmp_path / "remote", tmp_path / "near"
    for folder in (remote, here):
        (folder / "attempts/0001").mkdir(parents=True)
        (folder / "spec.json").write_text("{}")
    sender, receiver = FolderSender(remote), FolderReceiver(here)
    (remote / "model").mkdir()
    (remote / "model/weights.safetensors").write_bytes(os.urandom(50_000))
    (remote / "attempts/0001/metrics.jsonl").write_text('{"a": 1}\n')
    (remote / "attempts/0001/lock").touch()
    (remote / "attempts/0001/result.json").write_text('{"status": "done"}')
    assert _pass(sender, receiver)[-1] == "attempts/0001/result.json"
    with open(remote / "attempts/0001/metrics.jsonl", "a") as file:
        file.write('{"a": 2}\n')
    assert _pass(sender, receiver) == ["attempts/0001/metrics.jsonl"]
    assert _pass(sender, receiver) == []
    assert _files(here) == {name: content for name, content in _files(remote).items() if not name.endswith("lock")}


@pytest.mark.parametrize("change", [{"file": "../out"}, {"file": "/tmp/out"}, {"file": "spec.json"}, {"sha256": "0" * 64}])
def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    (tmp_path / "remote").mkdir()
    sender = FolderSender(tmp_path / "remote")
    (tmp_path / "remote/a.json").write_text("{}")
    (line,) = sender.lines()
    frame = {**json.loads(line.removeprefix(MARK)), **change}
    with pytest.raises(StoreError, match="damaged"):
        FolderReceiver(tmp_path / "near").take(MARK + json.dumps(frame))
    assert not (tmp_path / "out").exists() and not (tmp_path / "near").exists()


def test_executors_are_those_of_the_settings(tmp_path: Path) -> None:
    plain = Settings.from_env({"REBRACKET_HOME": str(tmp_path)})
    assert list(executors(plain)) == [LOCAL]
    with pytest.raises(ConfigError, match="REBRACKET_RAY_ADDRESS"):
        launcher_for("ray", plain)
    with pytest.raises(ConfigError, match="no such executor"):
        launcher_for("moon", plain)
    cluster = Settings.from_env({"REBRACKET_HOME": str(tmp_path), "REBRACKET_RAY_ADDRESS": "http://head:8265"})
    assert list(executors(cluster)) == [LOCAL, "ray"]
