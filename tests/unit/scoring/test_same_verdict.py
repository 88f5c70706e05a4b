"""What looks the same is the same: one text, one vector, one verdict, by whatever door it comes in."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.scoring.watch import Watch, verdict_file
from rebracket_core.texts import clean_text
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import copy_home, open_home
from tests.support.look_alikes import BLANKS, CONTROLS, IGNORED, JOINERS, LINE_ENDS, PLAIN, look_alikes

QUICK = settings(max_examples=150, deadline=None)
ALIKE = look_alikes()
Told = list[dict[str, Any]]

# ---- the text ----------------------------------------------------------------------------------------------------------

# Letters of scripts in which no joiner means anything, with marks and signs; the eye sees nothing between them.
SIGNS = st.sampled_from("abzéüßỆĳ Ωάжйїשא\u05b8漢字かガ한국\u1112\u1161ไทย123.,;!?—“”❤")
WORDS = st.text(SIGNS, min_size=1, max_size=12)


@QUICK
@given(WORDS, st.lists(st.tuples(st.integers(0, 12), st.sampled_from(IGNORED) | st.sampled_from(JOINERS)), max_size=6))
def test_no_default_ignorable_makes_another_text(text: str, signs: list[tuple[int, str]]) -> None:
    odd = text
    for at, sign in signs:
        odd = f"{odd[:at]}{sign}{odd[at:]}"
    assert clean_text(odd) == clean_text(text)


@QUICK
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_one_text_however_it_is_composed_and_settles_at_once(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(unicodedata.normalize("NFC", text)) == clean_text(unicodedata.normalize("NFD", text)) == clean
    assert clean_text(clean) == clean
    others = [sign for sign in clean if sign in IGNORED and sign not in JOINERS]
    assert not others or "\U0001f3f4" in clean  # only a flag's tags


@pytest.mark.parametrize("sign", IGNORED[:60])
def test_each_of_them_goes_within_a_word_at_its_ends_and_alone(sign: str) -> None:
    assert clean_text(f"{sign}le{sign}d{sign}ger{sign}\n{sign}x") == "ledger\nx"
    assert clean_text(sign * 3) == ""


def test_blanks_line_ends_and_controls_are_one_kind_each() -> None:
    for blank in BLANKS:
        assert clean_text(f"one{blank}two") == "one two"
    for end in LINE_ENDS:
        assert clean_text(f"one{end}two") == "one\ntwo"
    for control in CONTROLS:
        assert clean_text(f"o{control}ne") == "one"
    assert clean_text("one\ttwo  three\u1680four") == "one\ttwo  three\u1680four"  # what the eye sees stays


JOINED = {
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645": True,  # Persian: yeh would join khah
    "\u06a9\u0627\u0631\u200c\u0647\u0627": False,  # Persian: reh joins nothing after it
    "\u0628\u200d\u0628": False,  # two letters that join anyway
    "\u0633\u064e\u200c\u0645": True,  # a vowel sign between
    "\u0915\u094d\u200d\u0937": True,  # Devanagari: half form
    "\u0915\u094d\u200c\u0937": True,  # Devanagari: no conjunct
    "\u0915\u200c\u092e": False,  # Devanagari: no virama
    "\u0d28\u0d4d\u200d": True,  # Malayalam: chillu at a word's end
    "\u09b0\u200d\u09cd\u09af": True,  # Bengali: ra and ya-phalaa
    "\U0001f469\u200d\U0001f680": True,  # a woman astronaut, not a woman and a rocket
    "\u2764\u200da": False,
    "\u0436\u200d\u0438": False,
    "\u1ec7\u200ct": False,
}


@pytest.mark.parametrize("text", JOINED)
def test_joiners_stay_where_they_change_what_is_seen(text: str) -> None:
    plain = text.replace("\u200c", "").replace("\u200d", "")
    assert clean_text(text) == (text if JOINED[text] else plain)
    doubled = text.replace("\u200c", "\u200c\u200c").replace("\u200d", "\u200d\u200d")
    assert clean_text(doubled) == clean_text(text)


def test_tags_stay_behind_a_black_flag_alone() -> None:
    england = "\U0001f3f4" + "".join(chr(0xE0000 + ord(sign)) for sign in "gbeng") + "\U000e007f"
    assert clean_text(f"{england} won") == f"{england} won"
    assert clean_text(england.replace("\U0001f3f4", "\U0001f3f3")) == "\U0001f3f3"


# ---- the verdict -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return open_home(copy_home(trained_home, tmp_path_factory.mktemp("alike") / "home"))


def essence(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict without where its text came from."""
    return {name: value for name, value in verdict.items() if name not in ("id", "source")}


@pytest.fixture(scope="module")
def wanted(bench: Workbench) -> dict[str, Any]:
    verdict = bench.verdicts.validate([Concept("x", PLAIN)], keep=False)[0].to_dict()
    assert not verdict["error"] and verdict["text"] == PLAIN
    return json.loads(json.dumps(essence(verdict)))  # type: ignore[no-any-return]


def test_the_engine_gives_one_verdict_and_keeps_one_entry(bench: Workbench, wanted: dict[str, Any]) -> None:
    scorer = bench.verdicts._scorer
    bench.verdicts.validate([Concept("x", PLAIN)], keep=False)
    before = len(scorer._cache._entries)
    encoder = bench.resources.encoder(bench.resources.runs.encoder_of(bench.resources.model()))
    stored = len(encoder._memory)  # type: ignore[attr-defined]
    found = bench.verdicts.validate([Concept(name, text) for name, text in ALIKE.items()], keep=False)
    assert [json.loads(json.dumps(essence(verdict.to_dict()))) for verdict in found] == [wanted] * len(ALIKE)
    assert (len(scorer._cache._entries), len(encoder._memory)) == (before, stored)  # type: ignore[attr-defined]


def test_another_text_gets_another_verdict(bench: Workbench, wanted: dict[str, Any]) -> None:
    other = bench.verdicts.validate([Concept("x", PLAIN.replace("ledger", "lodger"))], keep=False)[0].to_dict()
    assert essence(other)["album_probability"] != wanted["album_probability"]


def test_fields_beside_the_text_are_read_as_it_is() -> None:
    fields = {name: text for name, text in ALIKE.items() if name != "hidden words in tags"}
    assert set(Concept("x", "A bell.", fields=fields).fields.values()) == {PLAIN}


# ---- the doors ---------------------------------------------------------------------------------------------------------


def as_jsonl(texts: Sequence[str]) -> bytes:
    return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts).encode()


def as_csv(texts: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", "text"], *enumerate(texts)])
    return out.getvalue().encode()


def as_parquet(texts: Sequence[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": list(texts)}), sink)
    return sink.getvalue()


def as_lines(texts: Sequence[str]) -> bytes:
    return "\n".join(texts).encode()


def as_yaml(texts: Sequence[str]) -> bytes:
    return "---\n".join(f"concept: {json.dumps(text, ensure_ascii=False)}\n" for text in texts).encode()


FILES: dict[str, Callable[[Sequence[str]], bytes]] = {
    "a.jsonl": as_jsonl,
    "a.csv": as_csv,
    "a.parquet": as_parquet,
    "a.txt": as_lines,
    "a.yml": as_yaml,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_files_on_the_command_line_uploaded_and_watched(
    name: str, bench: Workbench, wanted: dict[str, Any], tmp_path: Path
) -> None:
    data = FILES[name](list(ALIKE.values()))
    (tmp_path / name).write_bytes(data)
    line = ["validate", str(tmp_path / name), "--json", "--home", str(bench.settings.home)]
    told = json.loads(CliRunner().invoke(program, line).stdout)["verdicts"]
    assert [essence(one) for one in told] == [wanted] * len(ALIKE)
    read = bench.verdicts.read_upload(name, data).concepts
    assert [one.text for one in read] == [PLAIN] * len(ALIKE)
    assert len(Watch(bench.verdicts, tmp_path, settle_s=0.0, keep=False).scan()) == 1
    watched = json.loads(verdict_file(tmp_path / name).read_text(encoding="utf-8"))["verdicts"]
    assert [essence(one) for one in watched] == [wanted] * len(ALIKE)


def test_standard_input(bench: Workbench, wanted: dict[str, Any]) -> None:
    for data in (as_lines(list(ALIKE.values())), as_jsonl(list(ALIKE.values()))):
        line = ["validate", "-", "--json", "--home", str(bench.settings.home)]
        told = json.loads(CliRunner().invoke(program, line, input=data).stdout)["verdicts"]
        assert [essence(one) for one in told] == [wanted] * len(ALIKE)


@pytest.fixture(scope="module")
def client(bench: Workbench) -> Iterator[Any]:
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    from starlette.testclient import TestClient

    from rebracket_core.serving.api import create_app
    from rebracket_core.serving.options import ServeOptions

    with TestClient(create_app(bench, ServeOptions(per_minute=100_000))) as client:
        yield client


@pytest.mark.slow
def test_the_api_alone_in_a_batch_and_through_the_node(bench: Workbench, client: Any, wanted: dict[str, Any]) -> None:
    from rebracket_core.serving.agent import ask_workbench

    texts = list(ALIKE.values())
    alone = [client.post("/v1/validate", json={"text": text}).json() for text in texts]
    batch = client.post("/v1/validate/batch", json={"items": texts}).json()["verdicts"]
    ask = ask_workbench(bench, keep=False)
    assert [essence(one) for one in (*alone, *batch)] == [wanted] * 2 * len(texts)
    assert [json.loads(json.dumps(essence(ask(text)))) for text in texts] == [wanted] * len(texts)
