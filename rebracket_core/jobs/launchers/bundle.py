"""All that a remote machine needs to run a job: the code, the job's folder, its data set, known embeddings."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rebracket_core.errors import InputError
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.kinds import kind_of
from rebracket_core.settings import Settings, data_dir

_CACHE_BYTES = 64 * 1024 * 1024
_CODE = shutil.ignore_patterns("__pycache__", "home", "*.pyc")


def check_remote(folder: JobFolder) -> None:
    """Raise InputError where the job is of a kind that needs more than a remote machine is given."""
    kind = kind_of(folder)
    if not kind.runs_remotely:
        raise InputError(
            "This kind of job cannot run on a remote machine.",
            expected="a training or a search",
            found=kind.label,
            hint="run it on this machine",
        )


@contextmanager
def remote_bundle(folder: JobFolder, *, settings: Settings) -> Iterator[Path]:
    """Make a temporary folder with all that a remote worker needs; it is gone when the block ends."""
    spec = folder.spec()
    with tempfile.TemporaryDirectory(prefix="rebracket-") as room:
        root = Path(room)
        shutil.copytree(Path(__file__).resolve().parents[2], root / "rebracket_core", ignore=_CODE)
        shutil.copytree(data_dir(), root / "data", ignore=_CODE)
        home = root / "home"
        shutil.copytree(folder.path, home / folder.path.parent.name / folder.job_id, ignore=shutil.ignore_patterns("lock"))
        for name in str(spec["dataset"]).split("+"):
            shutil.copytree(settings.library / name, home / "library" / name)
        known = settings.cache / "embeddings"
        files = sorted(known.glob("*")) if known.is_dir() else []
        if sum(path.stat().st_size for path in files) <= _CACHE_BYTES:
            (home / "cache" / "embeddings").mkdir(parents=True)
            for path in files:
                shutil.copy(path, home / "cache" / "embeddings")
        yield root
