"""The command `serve`, and `keys` for those who may ask the server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, ModelOption, settings_for, workbench_for
from rebracket_core.cli.tables import columns
from rebracket_core.errors import ConfigError, MissingExtraError
from rebracket_core.serving import ServeOptions

if TYPE_CHECKING:
    from rebracket_core.serving.guard import ApiKeyStore
    from rebracket_core.workbench import Workbench

keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Keys for the API of `rebracket serve`.")
DeadlineOption = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=0.01, help="How long a request may wait for its answer.")
]
DrainOption = Annotated[
    float, typer.Option("--drain", metavar="SECONDS", min=0, help="After SIGTERM, how long to finish what was taken.")
]
SampleOption = Annotated[
    float, typer.Option("--sample", min=0, max=1, help="Keep this share of the texts, to watch for drift and to label.")
]
SecondOption = Annotated[
    str | None, typer.Option("--second", metavar="RUN:SHARE", help="Let a share of the texts ask another run.")
]
TrustedProxyOption = Annotated[
    list[str] | None,
    typer.Option("--trusted-proxy", metavar="ADDRESS", help="Believe this proxy's forwarded headers; may be repeated."),
]
AllowHostOption = Annotated[
    list[str] | None, typer.Option("--allow-host", metavar="NAME", help="Without keys, answer this Host too; may be repeated.")
]
RootPathOption = Annotated[
    str, typer.Option("--root-path", metavar="/PREFIX", help="The path prefix under which a proxy serves the API.")
]
HeadTimeoutOption = Annotated[
    float, typer.Option("--head-timeout", metavar="SECONDS", min=0.01, help="How long the head of a request may take.")
]
HistoryFirstOption = Annotated[
    bool, typer.Option("--history-first", help="Keep each verdict, on the disk, before it is answered; else answer 503.")
]


@command
def serve(
    *,
    host: Annotated[str, typer.Option("--host", help="Where to listen; other than this machine needs a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8600,
    per_minute: Annotated[int, typer.Option("--per-minute", min=1, help="Requests of one caller in a minute.")] = 6000,
    max_queued: Annotated[int, typer.Option("--max-queued", min=1, help="Texts that may wait.")] = 4000,
    max_chars: Annotated[int, typer.Option("--max-chars", min=1, help="Characters of one request.")] = 2_000_000,
    max_queued_chars: Annotated[int, typer.Option("--max-queued-chars", min=1, help="Characters that may wait.")] = 8_000_000,
    deadline_s: DeadlineOption = 120.0,
    drain_s: DrainOption = 10.0,
    keep: Annotated[bool, typer.Option("--history/--no-history", help="Keep the verdicts in the history.")] = False,
    keep_first: HistoryFirstOption = False,
    sample: SampleOption = 0.0,
    log_texts: Annotated[bool, typer.Option("--log-texts", help="Let texts stand in the log.")] = False,
    second: SecondOption = None,
    trusted_proxy: TrustedProxyOption = None,
    allow_host: AllowHostOption = None,
    root_path: RootPathOption = "",
    head_timeout_s: HeadTimeoutOption = 10.0,
    model: ModelOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line a request.")] = False,
    home: HomeOption = None,
) -> int:
    """Serve verdicts over HTTP until SIGTERM; the API tells itself at /docs."""
    options = ServeOptions(
        host=host,
        port=port,
        per_minute=per_minute,
        max_queued=max_queued,
        max_chars=max_chars,
        max_queued_chars=max_queued_chars,
        deadline_s=deadline_s,
        drain_s=drain_s,
        head_timeout_s=head_timeout_s,
        **_kept(keep, keep_first, sample),
        log_texts=log_texts,
        **_second(second),
        **_access(trusted_proxy, allow_host, root_path),
    )
    return _serve(workbench_for(home, model=model), options, quiet=quiet)


class _Kept(TypedDict):
    keep: bool
    keep_first: bool
    sample: float


def _kept(keep: bool, keep_first: bool, sample: float) -> _Kept:
    return {"keep": keep, "keep_first": keep_first, "sample": sample}


class _Access(TypedDict):
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    root_path: str


def _access(proxies: list[str] | None, hosts: list[str] | None, root_path: str) -> _Access:
    return {"trusted_proxies": tuple(proxies or ()), "allowed_hosts": tuple(hosts or ()), "root_path": root_path}


def _serve(bench: Workbench, options: ServeOptions, *, quiet: bool) -> int:
    if find_spec("fastapi") is None or find_spec("prometheus_client") is None:
        raise MissingExtraError("serve", what="The API")
    from rebracket_core.serving import serve as run_server

    return run_server(bench, options, quiet=quiet)


@keys.command("add")
@command
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    *,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="validate, runs or metrics; may be repeated.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Make a key. It is shown once; what is kept cannot be turned back into it."""
    key, secret = _key_store(home).add(name, scopes=scope or ("validate", "runs"))
    if as_json:
        out.json({"key_id": key.key_id, "name": key.name, "scopes": list(key.scopes), "key": secret})
    else:
        out.text(secret)
        tell(f"The key of {key.name} ({key.key_id}) for {', '.join(key.scopes)}. It is not shown again.")
    return DONE


@keys.command("list")
@command
def list_(*, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Show the keys, without their secrets."""
    found = _key_store(home).all()
    if as_json:
        out.json(
            [
                {
                    "key_id": k.key_id,
                    "name": k.name,
                    "scopes": list(k.scopes),
                    "created_at": k.created_at,
                    "revoked_at": k.revoked_at,
                }
                for k in found
            ]
        )
    elif found:
        rows = [(k.key_id, k.name, ", ".join(k.scopes), k.created_at, k.revoked_at or "active") for k in found]
        out.text(columns(("key", "name", "scopes", "made", "revoked"), rows))
    else:
        out.text("No keys: a server for this machine alone answers everyone on it.")
    return DONE


@keys.command("revoke")
@command
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as `list` shows it.")],
    *,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """Take a key back; running servers refuse it from the next request on."""
    key = _key_store(home).revoke(key_id)
    out.answer({"key_id": key.key_id, "revoked_at": key.revoked_at}, f"{key.name} ({key.key_id}) is revoked.", as_json=as_json)
    return DONE


def _key_store(home: Path | None) -> ApiKeyStore:
    from rebracket_core.serving.guard import ApiKeyStore

    return ApiKeyStore(settings_for(home).home / "api_keys.json")


class SecondRun(TypedDict):
    """The options of a server that let a share of the texts ask another run."""

    second_run: str | None
    second_share: float


def _second(second_run: str | None) -> SecondRun:
    if second_run is None:
        return SecondRun(second_run=None, second_share=0.0)
    run, _, share = second_run.rpartition(":")
    try:
        return SecondRun(second_run=run, second_share=float(share))
    except ValueError:
        raise ConfigError(
            "The second run cannot be read.",
            expected="RUN:SHARE, such as 20260101-run:0.1",
            found=repr(second_run),
            hint="give the run's id and a share from 0 to 1",
        ) from None
