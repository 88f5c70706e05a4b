"""The rules of the house: imports go downward, heavy things load late, pages stay small, one copy of each fact."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "rebracket_core"
FLOORS = {
    "aliases": 0,
    "database": 0,
    "errors": 0,
    "file_lock": 0,
    "files": 0,
    "lazy": 0,
    "options": 0,
    "parquet": 0,
    "process": 0,
    "progress": 0,
    "rainbow": 0,
    "records": 0,
    "registry": 0,
    "settings": 0,
    "spreadsheet": 0,
    "texts": 0,
    "thresholds": 0,
    "verdict_kinds": 0,
    "corpus": 1,
    "stats": 1,
    "annotation": 2,
    "charts": 2,
    "encoders": 2,
    "models": 2,
    "validation": 3,
    "insight": 4,
    "maps": 4,
    "training": 4,
    "jobs": 5,
    "runs": 6,
    "reports": 7,
    "scoring": 8,
    "services": 9,
    "workbench": 10,
    "serving": 11,
    "cli": 12,
    "ui": 12,
}
# The one reader of YAML from outside, and the one of the table that comes with the project.
_YAML_READERS = ("corpus/readers/yaml_text.py", "rainbow/_table.py")
_LITERALS = "ast.literal_eval("  # reads literals and runs nothing
MOST_LINES = 40  # of a function
MOST_MODULES = 15  # in a folder, its face not counted
GROUND = {room for room, floor in FLOORS.items() if floor == 0}
MODULES = sorted(CORE.rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """The rooms of the engine that a module imports, wherever in the file."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module] if node.module != "rebracket_core" else [f"rebracket_core.{a.name}" for a in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("rebracket_core.")}
    return rooms - {"__version__"}


def _room(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def test_every_room_has_a_floor() -> None:
    assert {_room(p) for p in MODULES} - {"__init__"} == set(FLOORS)


def test_imports_go_downward() -> None:
    upward = []
    for path in MODULES:
        if path == CORE / "__init__.py":
            continue
        room = _room(path)
        for other in _imports(path) - {room}:
            if (room in GROUND and other not in GROUND) or (room not in GROUND and FLOORS[other] >= FLOORS[room]):
                upward.append(f"{path.relative_to(CORE)} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[other]})")
    assert len(MODULES) > 400 and not upward


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "umap", "streamlit", "pandas", "sklearn", "onnxruntime", "sqlalchemy", "numpy")
    code = f"import sys, rebracket_core; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["rebracket_core.workbench", "rebracket_core.validation", "rebracket_core.training"])
def test_the_way_to_a_verdict_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'transformers', 'umap', 'streamlit') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_modules_and_pages_stay_small() -> None:
    long = [str(p) for p in MODULES if len(p.read_text(encoding="utf-8").splitlines()) > 500]
    pages = [str(p) for p in (ROOT / "pages").rglob("*.py") if len(p.read_text(encoding="utf-8").splitlines()) > 150]
    assert not long and not pages


def test_functions_stay_short() -> None:
    """No function of the engine is longer than 40 lines, its signature and docstring counted; migrations are left aside."""
    long = []
    for path in MODULES:
        if "migrations/versions" in path.as_posix():
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES:
                    long.append(f"{path.relative_to(CORE)}: {node.name} has {lines} lines")
    assert not long


def test_no_folder_is_a_heap() -> None:
    modules = [p for p in MODULES if p.name != "__init__.py" and "migrations/versions" not in p.as_posix()]
    counts = Counter(path.parent.relative_to(ROOT).as_posix() for path in modules)
    assert {folder: n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_a_docstring_begins_with_what_a_function_does_or_gives() -> None:
    """None begins with "Nothing; ...", which tells what does not come back."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, documented):
                assert not (ast.get_docstring(node) or "").startswith(("Nothing;", "Nothing,")), f"{path}: {node}"


def test_no_page_lies_where_streamlit_would_serve_it_past_app_py() -> None:
    assert not list((ROOT / "pages").glob("*.py"))


def test_nothing_unpickles_or_runs_what_it_reads() -> None:
    forbidden = ("torch.load(", "pickle.load", "joblib.load", "yaml.load(", "unsafe_allow_html=True", "shell=True", "eval(")
    for path in [*MODULES, *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        text = path.read_text(encoding="utf-8")
        hits = [word for word in forbidden if word in text.replace(".eval(", "").replace(_LITERALS, "")]
        assert not hits, f"{path}: {hits}"


def test_nothing_takes_other_signs_than_line_ends_for_the_end_of_a_record() -> None:
    """`str.splitlines()` also splits at U+2028, U+0085, form feeds and more: all of them may stand within a person's text."""
    for path in [*MODULES, *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        assert "splitlines(" not in path.read_text(encoding="utf-8"), f"{path}: see records and errors.lines_of"


def test_what_lies_in_a_home_is_made_by_the_helpers_that_keep_it_private() -> None:
    """Files and folders made past `rebracket_core.files` would have whatever mode the umask of the moment leaves."""
    allowed = {
        ("reports/onnx_bundle/layout.py", "MODEL).mkdir("),
        ("reports/onnx_bundle/layout.py", ".write_bytes("),  # an export, in a room of mkdtemp
        ("jobs/launchers/bundle.py", ".mkdir("),  # in a temporary folder
        ("scoring/parts.py", "FileLock("),  # in a folder of exports
    }
    for path in MODULES:
        name = path.relative_to(CORE).as_posix()
        for line in path.read_text(encoding="utf-8").split("\n"):
            hits = [w for w in (".mkdir(", "FileLock(", ".touch(", ".write_text(", ".write_bytes(", "makedirs(") if w in line]
            if name != "files.py" and hits and "mode=PRIVATE_FOLDER" not in line:
                assert any(name == place and sign in line for place, sign in allowed), f"{name}: {line.strip()}"


def test_the_unit_tests_mirror_the_rooms() -> None:
    folders = {path.name for path in (ROOT / "tests" / "unit").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert folders <= FLOORS.keys(), sorted(folders - FLOORS.keys())
