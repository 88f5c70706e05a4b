"""The project speaks the field's language: no identifier, page or document has a word of the glossary's left column.

`IDENTIFIERS` and `PHRASES` are that column (docs/dev/glossary.md) as far as a machine can hold it: exact identifiers, and
phrases of pages and documents. Common words may stand in prose. `EXCEPTIONS` lists what keeps an old name, and why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "rebracket_core"


@dataclass(frozen=True, slots=True)
class Old:
    """An old word for identifiers: what replaces it, and where it counts.

    `part` counts it as any part of an identifier (snake_case or CamelCase); otherwise it must be the whole identifier, without
    the underscores before it. `rooms` are the folders in which alone it counts, for a word that means another thing elsewhere.
    """

    new: str
    part: bool = True
    rooms: tuple[str, ...] = ()


def whole(new: str, *rooms: str) -> Old:
    """An old word that counts as a whole identifier alone."""
    return Old(new, part=False, rooms=tuple(f"rebracket_core/{room}/" for room in rooms))


IDENTIFIERS: dict[str, Old] = {
    "strangeness": Old("ood_score"),
    "strange": Old("ood_score, out_of_distribution"),
    "lamp": Old("check"),
    "lamps": Old("checks"),
    "ledger": Old("store"),
    "flip": whole("counterfactual"),
    "flips": whole("counterfactuals", "services", "cli", "ui", "insight", "annotation"),
    "show_flip": whole("show_counterfactual"),
    "desk": Old("session, model router, labelling client"),
    "shelf": Old("store, cache, source"),
    "shelved": Old("snapshot"),
    "kept_table": whole("sql_table"),
    "turn": whole("queued_lock, file lock", "database", "jobs", "training", "file_lock.py"),
    "had_turn": whole("got_lock"),
    "places": whole("executor, affinity", "jobs", "scoring"),
    "far_worker": whole("remote_worker"),
    "spare": whole("warm_worker", "jobs"),
    "source_print": whole("fingerprint"),
    "prints": whole("fingerprints"),
    "judge": Old("score, predict, Scorer"),
    "judges": Old("scores"),
    "judged": Old("scored"),
    "unjudged": Old("failed"),
    "asked": Old("request, wanted"),
    "told": Old("result, record, document"),
    "said": Old("result, message"),
    "asking": Old("session, opened"),
    "answers": whole("predictions", "services/maps", "services/review.py", "insight", "ui/review", "training", "reports"),
    "has_answers": whole("has_predictions"),
    "baseline_answers": whole("baseline_predictions"),
    "held": whole("held_out, validation", "training/evaluation", "training/heads", "stats", "insight", "models/heads/kinds.py"),
    "held_answers": whole("out_of_fold_predictions_of"),
    "held_rows": whole("out_of_fold_rows_of"),
    "held_verdicts": whole("held_out_verdicts"),
    "had_not_met": whole("held_out"),
    "unseen": Old("held_out"),
    "hold_out": whole("held_out_rows"),
    "passes": whole("mc_samples", "models", "training"),
    "strength": whole("inverse_l2, alpha"),
    "lexicon": Old("vocabulary"),
    "count_words": whole("tfidf"),
    "trunk": Old("backbone"),
    "learns": Old("trains, trained, fine_tuning_mode"),
    "keeper": Old("callback"),
    "stop_after": whole("patience_epochs"),
    "held_share": whole("validation_fraction"),
    "contrast_weight": whole("contrastive_loss_weight"),
    "many_rows": whole("full_batch_solver", "models", "training"),
    "closed_form": whole("analytic_gradients"),
    "album_sets": whole("conformal"),
    "doubt": Old("uncertainty"),
    "doubts": Old("uncertainties"),
    "mistakes": Old("error analysis"),
    "doubted": Old("label_error_candidates"),
    "suspects": Old("label_error_candidates"),
    "anchoring": Old("automation_bias"),
    "ballot": Old("rating"),
    "ballots": Old("ratings"),
    "votes": Old("ratings"),
    "second_look": whole("re_annotation"),
    "in_hand": whole("reserved"),
    "ahead": whole("prefetch"),
    "aside": whole("skipped"),
    "intake": Old("import_form"),
    "handover": Old("run_export"),
    "hand_over": whole("run_export, send"),
    "in_use": whole("production"),
    "put_to_use": whole("promote"),
    "go_back": whole("roll_back"),
    "gate": whole("middleware", "serving"),
    "counting": whole("metrics", "serving"),
    "key_ring": whole("api_key_store"),
    "ring": whole("key_store", "serving", "cli"),
    "ending": whole("exit_codes", "cli"),
    "look": whole("read, snapshot, state"),
    "exporting": whole("onnx_export", "reports"),
    "exchange": whole("label_formats", "annotation"),
    "per_mille": whole("probabilities"),
    "top_mode": whole("argmax_mode"),
    "lead": whole("argmax_mode", "validation", "insight"),
}
"""Old word → its replacement. CamelCase is read as snake_case: `KeyRing` is key_ring, `Held` is held."""

PHRASES: dict[str, str] = {
    r"\bin use\b": "the production model",
    r"put to use": "promote",
    r"go(es)? back to the run": "roll back",
    r"album right|share right|how often it is right": "accuracy",
    r"can the probability be trusted": "Reliability diagram (calibration)",
    r"what caution buys": "Accuracy when only the surest are accepted (risk–coverage)",
    r"off by on average|a perfect model": "calibration error (ECE); expected by chance",
    r"\bunseen\b|had not met": "held-out",
    r"\bstrangeness\b|as strange\b|stranger than": "out of distribution; OOD score",
    r"truth and answer": "label and prediction",
    r"texts of a cell": "texts in this cell",
    r"\bledger\b": "saved changes; counterfactual store",
    r"smallest edits": "word changes that flip the result",
    r"\bkept flips?\b": "saved counterfactuals",
    r"even out \w+, now led|even out spatial|now led by": "mention places and people as much as things",
    r"\blamps?\b": "check 1, check 2",
    r"\bblanked\b": "removed",
    r"left aside": "skipped",
    r"take away|take it away": "Export",
    r"bring in\b": "Import",
    r"hand over": "Export",
    r"row-split twins|one partition": "texts shared between rows; always occur together",
    r"middle half": "typical time",
    r"oddly quick": "suspiciously fast",
    r"second look": "re-annotation",
    r"blind share|share by chance|hidden repeats": "without model suggestions (%), random sample (%), repeated items (%)",
    r"keep the distribution": "keep all opinions",
    r"half within|0\.95 within": "median, 95th percentile latency",
    r"nearest 15 kept": "neighbourhood preservation (k = 15)",
    r"count words": "Add word counts (TF-IDF)",
    r"make small": "Minimise",
    r"what learns": "fine-tuning mode",
    r"learn(ed|t) from": "trained on",
    r"not judged|(cannot|could not) be judged|\bjudg(e|es|ed|ing)\b(?! of generation)": "score; failed",
    r"in hand\b": "reserved",
    r"labelling desk|the desk\b": "keyboard view",
    r"\blexicon\b": "vocabulary",
}
"""Pattern of a phrase → what stands on the page instead; letter case does not count."""

# What keeps an old name, and why: (path or folder, identifiers or phrases; "*" is all).
EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    ("rebracket_core/aliases.py", "*", "the one module that reads the old names of options"),
    ("rebracket_core/annotation/database/migrations/", "*", "migrations are frozen: what a database was is not renamed"),
    (
        "rebracket_core/annotation/entities/label_schema.py",
        "per_mille",
        "a field of stored labels, of events and of label files",
    ),
    ("rebracket_core/ui/annotate/labelling/presses.js", "per_mille", "the same field, as the browser sends it"),
    ("rebracket_core/services/explain/counterfactuals.py", "UNJUDGED", "its name is a key of `rebracket replay --json`"),
    ("rebracket_core/serving/agent.py", "judge_node", "the name under which agents of version 0.1 import the node"),
    ("rebracket_core/runs/store.py", "album_sets", "a field of manifests and of `rebracket runs --json`"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """An old word where it stands: `old` the word of the left column, `new` what replaces it."""

    path: str
    line: int
    text: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text!r} has {self.old!r}: say {self.new}"


def parts_of(name: str) -> list[str]:
    """The parts of an identifier in lower case: of `_KeyRing` and `KEY_RING` key and ring."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def old_word(name: str, *, path: str) -> tuple[str, str] | None:
    """The old word in an identifier of a file and what replaces it; None where there is none."""
    parts = parts_of(name)
    bare = "_".join(parts)
    for old, rule in IDENTIFIERS.items():
        if rule.rooms and not path.startswith(rule.rooms):
            continue
        if bare == old or (rule.part and old in parts):
            return old, rule.new
    return None


def names_in(source: str) -> Iterator[tuple[int, str]]:
    """The names that Python source defines, with their lines: functions, classes, arguments, variables, attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield getattr(node, "lineno", 1), node.asname


_JS_TEXT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def js_names_in(source: str) -> Iterator[tuple[int, str]]:
    """The identifiers of JavaScript with their lines; comments and quoted strings are none."""
    blank = _JS_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    for number, line in enumerate(blank.split("\n"), start=1):
        for name in re.findall(r"[A-Za-z_$][\w$]*", line):
            yield number, name


def texts_in(source: str, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """The texts of Python source with their lines: sentences, and words with a capital. Keys and file names are none."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, documented) and ast.get_docstring(n)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (docstrings or id(node) not in docs):
            text = node.value
            if " " in text.strip() or (text[:1].isupper() and not text.isupper()):
                yield node.lineno, text


def phrases_in(lines: Iterable[tuple[int, str]], *, path: str) -> list[Found]:
    """The old phrases of numbered texts."""
    return [
        Found(path, line, text[:100], found[0], new)
        for line, text in lines
        for pattern, new in PHRASES.items()
        if (found := re.search(pattern, text, re.IGNORECASE))
    ]


def identifiers_in(names: Iterable[tuple[int, str]], *, path: str) -> list[Found]:
    """The old words among numbered identifiers."""
    return [Found(path, line, name, *old) for line, name in names if (old := old_word(name, path=path))]


def _allowed(found: Found) -> bool:
    return any(
        found.path.startswith(where) and (name == "*" or name in (found.text.lstrip("_"), found.old))
        for where, name, _ in EXCEPTIONS
    )


def kept(found: Iterable[Found]) -> list[str]:
    """What was found and no exception names, as lines."""
    return [str(one) for one in found if not _allowed(one)]


def _path(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _python(*roots: str) -> list[Path]:
    return sorted(path for root in roots for path in ([ROOT / root] if root.endswith(".py") else (ROOT / root).rglob("*.py")))


CODE = _python("rebracket_core", "pages", "app.py", "tests/support", "benchmarks")
SHOWN = _python("pages", "app.py", *(f"rebracket_core/{room}" for room in ("ui", "charts", "reports", "cli")))
IN_WORDS = _python(*(f"rebracket_core/{room}" for room in ("services", "validation", "insight", "serving", "training/config")))
SCRIPTS = sorted((CORE / "ui").rglob("*.js"))
DOCUMENTS = sorted(
    path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *(CORE / "ui").rglob("*.html")]
    if path.name != "glossary.md"  # it names the old words
)


def test_no_name_in_code_is_of_the_left_column() -> None:
    assert len(CODE) > 400
    found = [one for file in CODE for one in identifiers_in(_names_of(file), path=_path(file))]
    assert kept(found) == []


def _names_of(file: Path) -> list[tuple[int, str]]:
    return [(1, file.stem), *names_in(file.read_text(encoding="utf-8"))]


def test_no_name_in_a_script_is_of_the_left_column() -> None:
    found = [one for file in SCRIPTS for one in identifiers_in(js_names_in(file.read_text("utf-8")), path=_path(file))]
    assert kept(found) == []


def test_no_text_that_people_read_has_an_old_phrase() -> None:
    found = []
    for file in [*SHOWN, *IN_WORDS]:
        docstrings = _path(file).startswith("rebracket_core/cli/commands/")  # a command's docstring is its help
        texts = texts_in(file.read_text(encoding="utf-8"), docstrings=docstrings)
        found += phrases_in(texts, path=_path(file))
    assert kept(found) == []


def test_no_line_of_a_document_or_script_has_an_old_phrase() -> None:
    found = []
    for file in [*DOCUMENTS, *SCRIPTS]:
        lines = enumerate(file.read_text(encoding="utf-8").split("\n"), start=1)
        found += phrases_in(lines, path=_path(file))
    assert kept(found) == []


PLANTED = {
    "class KeyRing: ...": "key_ring",
    "def f(told): ...": "told",
    "async def judge_all(): ...": "judge",
    "self.album_ledger = 1": "ledger",
    "(a, unseenRows) = b": "unseen",
    "with f() as desk: ...": "desk",
    "try: ...\nexcept ValueError as said: ...": "said",
    "match x:\n    case [ballots]: ...": "ballots",
    "import store as FlipLedger": "ledger",
    "STRANGENESS: float = 1": "strangeness",
    "[a for doubted in b]": "doubted",
}


@pytest.mark.parametrize("source", PLANTED)
def test_a_planted_old_name_is_found(source: str) -> None:
    (found,) = identifiers_in(names_in(source), path="rebracket_core/services/x.py")
    assert found.old == PLANTED[source] and found.new in str(found) and kept([found]) == [str(found)]


def test_a_word_that_means_something_else_elsewhere_counts_in_its_rooms_alone() -> None:
    names = [(1, "held"), (1, "turn")]
    assert [one.old for one in identifiers_in(names, path="rebracket_core/training/heads/x.py")] == ["held", "turn"]
    assert identifiers_in(names, path="rebracket_core/ui/x.py") == []
    assert identifiers_in([(1, "beheld"), (1, "unsaid"), (1, "lampshade"), (1, "retold")], path="rebracket_core/x.py") == []


def test_a_planted_old_name_in_a_script_is_found_and_its_comments_are_not_read() -> None:
    source = "// the desk\nconst a = 'desk' /* ledger\n */ + \"lamp\"\nclass Desk { told() {} }\n"
    assert [(one.line, one.old) for one in identifiers_in(js_names_in(source), path="x.js")] == [(4, "desk"), (4, "told")]


def test_planted_old_phrases_are_found_where_they_stand() -> None:
    source = '"""Docs of the run in use."""\nst.text("The run in use")\nst.text(f"Album right on {x}: 1")\nkey = "ledger"\n'
    assert [one.line for one in phrases_in(texts_in(source, docstrings=False), path="x.py")] == [2, 3]
    assert [one.line for one in phrases_in(texts_in(source, docstrings=True), path="x.py")] == [1, 2, 3]
    assert [one.line for one in phrases_in([(7, "| What caution buys |")], path="x.md")] == [7]


def test_an_exception_names_a_file_that_is_there_and_a_reason() -> None:
    for where, name, reason in EXCEPTIONS:
        assert (ROOT / where).exists() and name and len(reason) > 10, where


def test_every_replacement_is_free_of_old_words() -> None:
    for old, rule in IDENTIFIERS.items():
        assert not (rule.part and old in parts_of(rule.new)), old
