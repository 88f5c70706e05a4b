"""`rebracket serve`: the options of the command reach the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from rebracket_core.cli.program import program
from rebracket_core.serving import server
from rebracket_core.serving.options import ServeOptions


def _options(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, list[ServeOptions]]:
    given: list[ServeOptions] = []
    monkeypatch.setattr(server, "serve", lambda bench, options, quiet: given.append(options))
    return CliRunner().invoke(program, ["serve", *arguments]).exit_code, given


def test_proxies_and_hosts_may_be_named_more_than_once(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, given = _options(
        monkeypatch,
        "--trusted-proxy",
        "10.0.0.7",
        "--trusted-proxy",
        "fd00::/8",
        "--allow-host",
        "a.example",
        "--allow-host",
        "b",
    )
    assert code == 0 and given[0].trusted_proxies == ("10.0.0.7", "fd00::/8") and given[0].allowed_hosts == ("a.example", "b")
    code, given = _options(monkeypatch)
    assert code == 0 and given[0].trusted_proxies == given[0].allowed_hosts == ()


@pytest.mark.parametrize("wrong", [("--trusted-proxy", "*"), ("--allow-host", "*"), ("--allow-host", "a.example:80")])
def test_one_that_cannot_be_read_is_refused(empty_home: Path, monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, str]) -> None:
    assert _options(monkeypatch, *wrong) == (2, [])
