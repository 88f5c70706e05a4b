"""A PostgreSQL server of the tests' own: started in a temporary folder, on a free port, and stopped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def programs() -> Path | None:
    """The folder of the server's programs, or None where none is installed."""
    found = shutil.which("initdb")
    return Path(found).parent if found else next((p for p in _PLACES if (p / "initdb").is_file()), None)


def _as_server(command: list[str]) -> list[str]:
    """The command as the user `postgres` where we are root: the server refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a running server, without a database's name; skips where there is none to start."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="rebracket-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "check": True, "cwd": folder}
    subprocess.run(
        _as_server(
            [
                str(bin_ / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ]
        ),
        **quiet,
    )  # type: ignore[call-overload]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c max_connections=60"
    start = [str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start"]
    stop = [str(bin_ / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"]
    try:
        subprocess.run(_as_server(start), **quiet)  # type: ignore[call-overload]
        yield f"postgresql+pg8000://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run(_as_server(stop), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)
