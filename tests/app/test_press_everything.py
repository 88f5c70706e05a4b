"""Everything that can be pressed on any page is pressed, in a home that has everything; no page may break."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_pages import PAGES, Open
from tests.support.presses import press_everything

# Pages on which something has to be there to press: a page that shows nothing is no proof of anything.
LEAST = {"pages/annotate/label.py": 20, "pages/review/map.py": 15, "pages/train/runs.py": 10, "pages/concepts/validate.py": 5}
# Pages whose presses compute for long; the fast form leaves them to the full one.
LONG = {"pages/train/launch.py", "pages/train/runs.py", "pages/train/search.py"}
LONG |= {page for page in PAGES if page.startswith("pages/review/") and page != "pages/review/map.py"}


def _as_admin(open_page: Open, page: str) -> AppTest:
    app = open_page("pages/home/overview.py")
    app.query_params["person"] = "ada"
    app.session_state["annotate.person"] = "ada"
    app.switch_page(page).run()
    assert app.title and app.title[0].value != "Not open to this visitor", page
    return app


def _press(open_page: Open, page: str, *, options: int, most: int) -> list[str]:
    done, wrong = press_everything(_as_admin(open_page, page), page, options=options, most=most)
    assert not wrong, "\n".join(wrong)
    assert len(done) >= LEAST.get(page, 0), done
    return done


@pytest.mark.slow
def test_buttons_forms_and_tabs_break_no_page(open_page: Open, busy_home: Path) -> None:
    pressed = {page: _press(open_page, page, options=1, most=25) for page in PAGES if page not in LONG}
    assert sum(map(len, pressed.values())) > 80


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_a_page_offers_breaks_it(page: str, open_page: Open, busy_home: Path) -> None:
    assert len(_press(open_page, page, options=50, most=400)) < 400


def test_a_second_project_is_made_and_turned_to(open_page: Open, busy_home: Path) -> None:
    app = _as_admin(open_page, "pages/annotate/label.py")
    assert app.selectbox(key="label.project").options == ["Second", "First"]
    app.text_input(key="label.new.name").set_value("Third")
    next(b for b in app.form_submit_button if b.label == "Make the project").click().run()
    assert not app.exception and not app.error
    assert app.selectbox(key="label.project").value == "third"


def test_two_models_are_put_beside_each_other_on_a_map(open_page: Open, busy_home: Path) -> None:
    app = _as_admin(open_page, "pages/review/map.py")
    app.selectbox(key="map.dataset").set_value("starter").run()
    app.selectbox(key="map.colour").set_value("run.album").run()
    app.session_state["map.tab"] = "Two models or maps"
    app.run()
    assert not app.exception and not app.error
    assert app.selectbox(key="map.run2").options == ["leaked-run"]
    assert any("They predict another album for" in text.value for text in app.text)
