"""What tests of the whole workbench share: a home with a small trained model, made once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

if TYPE_CHECKING:
    from rebracket_core.workbench import Workbench

# What a single example takes says more of the machine than of the code.
hypothesis_settings.register_profile("tests", deadline=None)
hypothesis_settings.load_profile("tests")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
EVERY = 4  # of the starter's groups one in so many is taken, so that all albums are there and training is quick


def open_home(home: Path) -> Workbench:
    """The workbench of a home folder."""
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import get_workbench

    return get_workbench(Settings.from_env({"REBRACKET_HOME": str(home)}))


def _make(home: Path, folder: Path) -> None:
    from rebracket_core.settings import data_dir
    from rebracket_core.training import TrainingConfig

    folder.mkdir(parents=True)
    for path in sorted((data_dir() / "starter" / "concepts").glob("*.yaml"))[::EVERY]:
        shutil.copy(path, folder)
    bench = open_home(home)
    bench.datasets.import_path(folder, name="starter")
    bench.training.train("starter", config=TrainingConfig.of(ensemble_size=1, folds=3, max_steps=25))


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A home with a part of the starter corpus and one promoted run; shared by all workers, so copy it to change it."""
    from filelock import FileLock

    root = tmp_path_factory.getbasetemp()
    root = root.parent if hasattr(request.config, "workerinput") else root  # one for all workers of pytest-xdist
    home, done = root / "trained_home", root / "trained_home.done"
    with FileLock(str(root / "trained_home.lock")):
        if not done.exists():
            _make(home, root / "starter_part")
            done.touch()
    return home


def copy_home(home: Path, to: Path) -> Path:
    """The copy of a home at `to`; what can be made again (the encoder's graph, embeddings) is linked, not copied."""
    to.mkdir(parents=True)
    for part in home.iterdir():
        if part.name == "cache":
            (to / "cache").symlink_to(part)
        elif part.is_dir():
            shutil.copytree(part, to / part.name)
        elif not part.name.startswith("workbench.db"):
            shutil.copy(part, to)
    return to


@pytest.fixture(scope="session")
def starter_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home that `make run` prepares: the whole starter corpus and the starter model; slow, and not to be changed."""
    from rebracket_core.workbench.prepare import prepare

    home = tmp_path_factory.mktemp("starter") / "home"
    prepare(open_home(home))
    return home


@pytest.fixture(scope="session")
def corpus_folder() -> Path:
    """The users' own corpus: REBRACKET_CORPUS, or `../shared/corpus` beside the checkout; skips where it is absent."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("REBRACKET_CORPUS") or root.parent / "shared" / "corpus")
    if not (folder / "proposals.parquet").is_file():
        pytest.skip("the users' corpus is not here: set REBRACKET_CORPUS to its folder")
    return folder


@pytest.fixture
def home(trained_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A trained home of the test's own, and the environment that points at it."""
    mine = copy_home(trained_home, tmp_path / "home")
    monkeypatch.setenv("REBRACKET_HOME", str(mine))
    yield mine


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nothing was done yet, and the environment that points at it."""
    mine = tmp_path / "empty"
    monkeypatch.setenv("REBRACKET_HOME", str(mine))
    return mine
