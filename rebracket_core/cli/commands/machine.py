"""The commands `app`, `doctor` and `encoders`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, FAILED, command, out
from rebracket_core.cli.options import HomeOption, JsonOption, settings_for
from rebracket_core.cli.tables import columns
from rebracket_core.errors import MissingExtraError, RebracketError


@command
def app(
    *,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="The port; 8501 by default.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    home: HomeOption = None,
) -> int:
    """Serve the workbench for the browser until it is stopped."""
    from importlib.util import find_spec

    page = Path(__file__).resolve().parents[3] / "app.py"
    if not page.is_file():
        raise RebracketError(
            "The app is not here.",
            expected="app.py beside the package",
            found=str(page),
            hint="run it from a checkout of Rebracket",
        )
    if find_spec("streamlit") is None:
        raise MissingExtraError("app", what="The app")
    line = [sys.executable, "-m", "rebracket_core.ui", "run", str(page)]
    line += [f"--server.port={port}"] if port else []
    line += [f"--server.address={host}"] if host else []
    line += ["--server.headless=true"] if headless else []
    env = {**os.environ, "REBRACKET_HOME": str(settings_for(home).home)}
    sys.stderr.flush()
    if os.name == "posix":  # the server takes the place of this process, so that signals reach it
        os.chdir(page.parent)
        os.execve(sys.executable, line, env)
    return subprocess.call(line, env=env, cwd=page.parent)


@command
def doctor(*, as_json: JsonOption = False, home: HomeOption = None) -> int:
    """Check that this machine can score concepts: home, disk, database, encoder, model. Exit code 1 where something fails."""
    from rebracket_core.services import Outcome, examine

    checks = examine(settings_for(home))
    healthy = all(check.outcome is not Outcome.FAIL for check in checks)
    if as_json:
        out.json({"healthy": healthy, "checks": [check.to_dict() for check in checks]})
    else:
        out.text(columns(("check", "result", "what"), [(c.name, c.outcome, c.detail) for c in checks]))
        for check in checks:
            if check.hint:
                out.text(f"{check.name}: {check.hint}")
    return DONE if healthy else FAILED


@command
def encoders(*, as_json: JsonOption = False) -> int:
    """List the kinds of encoders, as `--set encoder=` and REBRACKET_ENCODER take them."""
    from rebracket_core.encoders import ENCODERS

    fields = ("name", "written", "modality", "label", "help")
    kinds = [{**{name: getattr(kind, name) for name in fields}, "written": kind.written or kind.name} for kind in ENCODERS]
    if as_json:
        out.json({"encoders": kinds})
    else:
        rows = [(kind["written"], kind["modality"], kind["help"]) for kind in kinds]
        out.text(columns(("written", "modality", "what"), rows))
    return DONE


@command
def formats(*, as_json: JsonOption = False) -> int:
    """List the formats of files that import, validate, watch and uploads read, in the order in which they are tried."""
    from rebracket_core.corpus.sources.formats import FORMATS

    if as_json:
        found = [{"name": f.name, "label": f.label, "help": f.help, "suffixes": list(f.suffixes)} for f in FORMATS]
        out.json({"formats": found})
    else:
        rows = [(f.name, " ".join(f.suffixes) or "-", f.label, f.help) for f in FORMATS]
        out.text(columns(("name", "endings", "label", "what"), rows))
    return DONE
