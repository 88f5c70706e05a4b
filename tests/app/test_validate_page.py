"""The Validate page: one concept, many concepts, and what goes wrong."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_pages import Open, elements, table_with, words
from tests.support.look_alikes import PLAIN, look_alikes

PAGE = "pages/concepts/validate.py"
TEXT = "The town weighed its bread against an iron pound that had been stamped in 1804 and lay in the museum now."


def _ask(app: AppTest, text: str) -> AppTest:
    app.text_area(key="validate.text").set_value(text)
    return app.form_submit_button[0].click().run()


def _many(app: AppTest, way: str) -> AppTest:
    app.segmented_control(key="validate.mode").set_value("Many concepts").run()
    return app.segmented_control(key="validate.way").set_value(way).run()


def test_one_concept_gets_its_verdict_first_and_everything_after(open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), TEXT)
    assert not app.exception and not app.error
    verdict = app.session_state["validate.one"]
    head = app.subheader[0].value
    assert verdict["verdict"].replace("_", r"\_") in head and verdict["album"] in head
    assert f"{verdict['album_probability']:.2f}".replace(".", r"\.") in head
    assert [s.value for s in app.subheader[1:3]] == ["How clear each axis is", "What to change"]
    assert len(app.get("plotly_chart")) == 6
    said = words(app)
    assert verdict["run_id"].replace("-", r"\-") in said
    assert "trained on the starter corpus" in said
    assert "Album accuracy on held-out groups of texts" in said
    assert len(app.get("download_button")) == 3


@pytest.mark.slow
def test_signs_that_nobody_sees_make_no_other_verdict(open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), PLAIN)
    wanted = app.session_state["validate.one"]
    alike = look_alikes()
    for name in ("soft hyphen", "joiner", "decomposed", "no-break spaces", "all at once"):
        assert _ask(app, alike[name]).session_state["validate.one"] == wanted, name
    assert not app.exception and wanted["text"] == PLAIN


def test_a_reject_says_what_to_change(open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), "Invoice 4411: twelve boxes of staples, net thirty days.")
    verdict = app.session_state["validate.one"]
    assert verdict["verdict"] == "REJECT"
    assert verdict["suggestions"]
    assert f"1. {verdict['suggestions'][0]}" in words(app)
    assert "first guess" in app.subheader[0].value


@pytest.mark.parametrize("text", ["", "   \n "])
def test_no_text_is_an_error_and_not_a_verdict(text: str, open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), text)
    assert len(app.error) == 1 and "There is no text to validate" in app.error[0].value
    assert app.session_state["validate.one"] is None
    assert not app.get("plotly_chart")


def test_text_without_letters_fails(open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), "?!? ... 1234")
    assert "could not be scored" in app.error[0].value
    assert not app.get("plotly_chart")


def test_markup_in_a_text_shows_as_written(open_page: Open, home: Path) -> None:
    evil = "<script>alert(1)</script> **bold** :red[red] ![x](http://evil.example/x.png) was here in 1804"
    app = _ask(open_page(PAGE), evil)
    assert not app.exception
    assert evil in [t.value for t in app.text]
    read_as_markdown = "\n".join(
        str(e.value) for kind in ("markdown", "caption", "subheader", "info", "warning", "error") for e in elements(app, kind)
    )
    assert "<script>" not in read_as_markdown and "**bold**" not in read_as_markdown and ":red[" not in read_as_markdown


def test_pasted_concepts_become_a_table_with_filters(open_page: Open, home: Path) -> None:
    app = _many(open_page(PAGE), "Paste")
    app.text_area(key="validate.pasted").set_value("\n".join([TEXT, "A lighthouse that will be forgotten.", "???"]))
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    shown = table_with(app, "verdict")
    assert len(shown) == 3 and shown["verdict"].tolist()[2] == "failed"
    assert {m.label: m.value for m in app.metric}["Failed"] == "1"
    app.text_input(key="validate.many.search").set_value("lighthouse").run()
    shown = table_with(app, "verdict")
    assert len(shown) == 1
    app.text_input(key="validate.many.search").set_value("nothing has this").run()
    assert "No verdict passes these filters" in words(app)


def test_uploads_are_read_by_content_and_the_expected_album_is_compared(open_page: Open, home: Path) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("a.yaml", f"concept: {json.dumps(TEXT)}\nrainbow_color: Red\n")
    app = _many(open_page(PAGE), "Files")
    uploader = app.file_uploader(key="validate.files.0")
    uploader.upload("rows.csv", b"concept,rainbow_color\nA bell that will ring for nobody.,Green\n,Red\n")
    uploader.upload("songs.zip", archive.getvalue())
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    shown = table_with(app, "expected")
    assert shown["expected"].tolist() == ["Green", "Red", "Red"]
    assert set(shown["as expected"].dropna()) <= {"yes", "no", ""}
    assert shown["verdict"].tolist()[1] == "failed"
    with pytest.raises(KeyError):
        app.file_uploader(key="validate.files.0")  # the files were let go


def test_a_folder_must_be_opened_by_the_settings(
    open_page: Open, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _many(open_page(PAGE), "Folder")
    assert "REBRACKET_VALIDATE_ROOT" in words(app)
    root = tmp_path / "root"
    (root / "set").mkdir(parents=True)
    (root / "set" / "one.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("A secret that lay outside in 1900.", encoding="utf-8")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setenv("REBRACKET_VALIDATE_ROOT", str(root))
    app = app.run()
    app.selectbox(key="validate.path").set_value("link.txt")
    app.form_submit_button[0].click().run()
    assert len(app.error) == 1 and not app.exception
    assert "validate.batch" not in app.session_state
    app.selectbox(key="validate.path").set_value("set")
    app.form_submit_button[0].click().run()
    assert not app.error and not app.exception
    assert table_with(app, "verdict")["text"].tolist() == [TEXT]


def test_a_batch_that_is_unlike_the_training_texts_says_so_and_what_helps(open_page: Open, home: Path) -> None:
    app = _many(open_page(PAGE), "Paste")
    invoices = "\n".join(f"Invoice {n}: {n} boxes of staples, net thirty days, VAT 19 %." for n in range(4400, 4410))
    app.text_area(key="validate.pasted").set_value(invoices)
    app.form_submit_button[0].click().run()
    verdicts = table_with(app, "verdict")
    assert not app.exception and verdicts["reason"].tolist() == ["ood detection"] * 10
    assert "are out of distribution (unlike the training texts)" in words(app)


def test_ones_own_thresholds_are_used_and_shown(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    run_id = json.loads((home / "runs" / "promoted.json").read_text())["run_id"]
    app.toggle(key="validate.own").set_value(True).run()
    app.number_input(key=f"validate.threshold.dominant.{run_id}").set_value(0.95).run()
    app = _ask(app, TEXT)
    assert app.session_state["validate.one"]["thresholds"]["dominant"] == 0.95


def test_every_verdict_is_kept_and_found_again(open_page: Open, home: Path) -> None:
    app = _ask(open_page(PAGE), TEXT)
    verdict = app.session_state["validate.one"]
    app = open_page("pages/concepts/history.py")
    shown = table_with(app, "number")
    assert shown["number"].tolist() == ["1"] and shown["model"].tolist() == [verdict["run_id"]]
    app.text_input(key="history.search").set_value("IRON pound").run()
    assert "1 of 1" in words(app)
    app.text_input(key="history.entry").set_value("1").run()
    assert app.subheader[0].value == "Entry 1" and len(app.get("plotly_chart")) == 6
    app.text_input(key="history.entry").set_value("77").run()
    assert "no such entry" in app.error[0].value
    app.text_input(key="history.search").set_value("not in it").run()
    assert "No verdict passes these filters" in words(app)
