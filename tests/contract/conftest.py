"""The fixtures of the encoder tests, and a real Ray head."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.encoder_fixtures import minilm, settings, shared_settings, small_deberta  # noqa: F401


@pytest.fixture(scope="session")
def ray_head() -> Iterator[str]:
    """The address of a Ray head of one CPU on this machine, started for the session and stopped after it.

    A token of Ray's that this user may have (~/.ray) plays no part: head and clients go without.
    """
    pytest.importorskip("ray", reason="the extra ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield from _head()


def _head() -> Iterator[str]:
    ports = [_free_port() for _ in range(3)]
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # short: Ray's sockets lie in it
    env = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "RAY_JOB_STOP_WAIT_TIME_S": "20",
        "OMP_NUM_THREADS": "1",
    }
    line = [
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "start",
        "--head",
        "--block",
        "--num-cpus=1",
        "--disable-usage-stats",
        f"--port={ports[0]}",
        f"--dashboard-port={ports[1]}",
        "--dashboard-host=127.0.0.1",
        "--include-dashboard=true",
        f"--ray-client-server-port={ports[2]}",
        "--object-store-memory=80000000",
        f"--temp-dir={folder}",
    ]
    with open(Path(folder) / "head.txt", "wb") as log:
        head = subprocess.Popen(line, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{ports[1]}"
    try:
        for _ in range(240):
            try:
                urlopen(f"{address}/api/jobs/", timeout=2).read()
                break
            except OSError:
                assert head.poll() is None, (Path(folder) / "head.txt").read_text()
                time.sleep(0.5)
        else:
            raise AssertionError((Path(folder) / "head.txt").read_text())
        yield address
    finally:
        head.terminate()
        head.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
