"""Keys are digests with scopes; a bucket fills evenly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rebracket_core.errors import ConfigError, InputError, StoreError
from rebracket_core.serving.guard.api_keys import ApiKeyStore, Scope
from rebracket_core.serving.guard.rate_limit import RateLimit
from rebracket_core.serving.options import ServeOptions

WRONG: list[dict[str, object]] = [
    {name: (wrong,)}
    for name, all_wrong in (
        ("trusted_proxies", ("*", "", "proxy.example", "10.0.0.7/8", "10.0.0.7:80", "10.0.0.1,10.0.0.2")),
        ("allowed_hosts", ("*", "", "a.example:80", "http://a.example", "a.example/", "a,b", "[a]:1")),
    )
    for wrong in all_wrong
]


def test_a_secret_opens_only_what_its_key_may_and_is_not_in_the_file(tmp_path: Path) -> None:
    ring = ApiKeyStore(tmp_path / "keys.json")
    key, secret = ring.add("the agent", scopes=["validate"])
    assert ring.find(secret) == key and key.allows(Scope.VALIDATE) and not key.allows(Scope.METRICS)
    assert secret not in (tmp_path / "keys.json").read_text() and (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    for wrong in ("", "rbk_", secret[:-1], secret + "x", f"rbk_{key.key_id}_guess", "rbk_00000000_x"):
        assert ring.find(wrong) is None


def test_a_key_revoked_by_another_process_is_refused_at_once(tmp_path: Path) -> None:
    server, admin = ApiKeyStore(tmp_path / "keys.json"), ApiKeyStore(tmp_path / "keys.json")
    key, secret = admin.add("a script")
    assert server.find(secret) is not None
    admin.revoke(key.key_id)
    assert server.find(secret) is None and server.all()[0].revoked_at


def test_a_key_without_name_or_with_a_strange_scope_is_refused(tmp_path: Path) -> None:
    ring = ApiKeyStore(tmp_path / "keys.json")
    for name, scopes in ((" ", ["validate"]), ("x", ["everything"]), ("x", [])):
        with pytest.raises(InputError):
            ring.add(name, scopes=scopes)
    with pytest.raises(InputError, match="no such key"):
        ring.revoke("deadbeef")
    assert ring.all() == []


def test_a_damaged_file_of_keys_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [{"name": "x"}]}))
    with pytest.raises(StoreError, match="cannot be read"):
        ApiKeyStore(tmp_path / "keys.json").find("rbk_x_y")


def test_only_a_file_that_was_never_there_leaves_a_server_without_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = ApiKeyStore(path)
    assert not ring.required(local=True)
    _, secret = ring.add("x")
    assert ring.required(local=True) and ring.required(local=False)
    path.unlink()
    for local in (True, False):
        with pytest.raises(StoreError, match="has no API keys"):
            ring.required(local=local)
    assert ring.find(secret) is None
    with pytest.raises(StoreError, match=r"keys\.json\.lock"):
        ApiKeyStore(path).required(local=True)
    (tmp_path / "keys.json.lock").unlink()
    assert not ApiKeyStore(path).required(local=True)
    with pytest.raises(StoreError, match="keys add"):
        ApiKeyStore(path).required(local=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "\u00e9" * 64},
        {"digest": 7},
        {"scopes": "validate"},
        {"scopes": [1]},
        {"revoked_at": None},
        {"key_id": 7},
        {"colour": 1},
    ],
)
def test_a_key_that_rebracket_did_not_write_makes_the_file_damaged(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "keys.json"
    _, secret = ApiKeyStore(path).add("x")
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({"keys": [{**whole["keys"][0], **changes}]}))
    ring = ApiKeyStore(path)
    for ask in (lambda: ring.find(secret), lambda: ring.required(local=True), lambda: ring.required(local=False)):
        with pytest.raises(StoreError, match="cannot be read"):
            ask()
    path.write_text(json.dumps({"keys": whole["keys"] * 2}))  # else a revoked key could come back by a second entry
    with pytest.raises(StoreError, match="same id"):
        ring.required(local=True)
    path.unlink()
    with pytest.raises(StoreError, match="has no API keys"):
        ring.required(local=True)


def test_a_bucket_gives_a_burst_and_then_the_rate() -> None:
    now = [0.0]
    limit = RateLimit(60, clock=lambda: now[0])
    assert [limit.wait_s("a") for _ in range(16)] == [0] * 15 + [1]
    assert limit.wait_s("b") == 0
    now[0] = 2.0
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 1]


def test_a_slow_rate_says_how_long_to_wait() -> None:
    limit = RateLimit(1, clock=lambda: 0.0)
    assert limit.wait_s("a") == 0 and limit.wait_s("a") == 60


@pytest.mark.parametrize("changes", [{"port": 70_000}, {"second_run": "x"}, {"second_share": 0.5}, {"max_items": 0}, *WRONG])
def test_options_out_of_range_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ServeOptions(**changes)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_in_the_place_of_the_keys_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "api_keys.json")
    with pytest.raises(StoreError, match="no plain file"):
        ApiKeyStore(tmp_path / "api_keys.json").all()
