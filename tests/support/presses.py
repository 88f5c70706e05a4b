"""Pressing everything that a page offers, in a fixed order: what there is to press, how, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Tab

TEXT = "A bell that was cast in 1804."
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}")
# What is filled in before anything is pressed that may need it; what ends or changes the most comes last.
_LAST = ("annotate.not_you", "label.people.", "closed", "label.project", "annotate.who")


@dataclass(frozen=True)
class Press:
    """One thing to do on a page: what names it over all runs of the page, and how it is done."""

    name: str
    do: Callable[[AppTest], object]


def presses(app: AppTest, *, options: int) -> list[Press]:
    """Everything that can be pressed on the page as it stands, in order; of each choice so many options, the first one last."""
    found = [*_texts(app), *_buttons(app), *_switches(app), *_choices(app, options), *_tabs(app)]
    return sorted(found, key=lambda press: any(word in press.name for word in _LAST))


def _name(kind: str, widget: Any, value: object = "") -> str:
    return _IDS.sub("#", f"{kind} {widget.key or widget.label} {value}".strip())


def _calling(method: Callable[..., object], *given: object) -> Callable[[AppTest], object]:
    return lambda _: method(*given)


def _setting(widget: Any, value: object) -> Callable[[AppTest], object]:
    return _calling(widget.set_value, value)


def _opening(key: str, label: str) -> Callable[[AppTest], object]:
    return lambda app: app.session_state.__setitem__(key, label)


def _texts(app: AppTest) -> Iterator[Press]:
    for widget in (*app.text_input, *app.text_area):
        yield Press(_name(widget.type, widget), _setting(widget, TEXT[: widget.proto.max_chars or 99]))
    for upload in app.file_uploader:
        yield Press(_name("upload", upload), _calling(upload.upload, "two.txt", TEXT.encode(), "text/plain"))
    for number in app.number_input:
        up = number.value is None or number.max is None or number.value + (number.step or 1) <= number.max
        to = (number.min or 0) if number.value is None else number.value + (number.step or 1) * (1 if up else -1)
        yield Press(_name("number", number), _setting(number, to))
    for slider in app.slider:
        yield Press(_name("slider", slider), _setting(slider, slider.value if isinstance(slider.value, tuple) else slider.max))


def _choices(app: AppTest, options: int) -> Iterator[Press]:
    for widget in (*app.radio, *app.selectbox):
        for k in _in_turn(len(widget.options), options):
            how = _setting(widget, widget.options[k]) if widget.type == "radio" else _calling(widget.select_index, k)
            yield Press(_name(widget.type, widget, widget.options[k]), how)
    for group in app.button_group:
        many = "multi" in str(getattr(group.proto, "click_mode", "")).lower() or isinstance(group.value, list)
        for k in _in_turn(len(group.options), options):
            option = group.options[k]
            yield Press(_name("group", group, option), _setting(group, [option] if many else option))
    for several in app.multiselect:
        for option in several.options[:options]:
            if option not in several.value:
                yield Press(_name("several", several, option), _calling(several.select, option))


def _in_turn(n: int, most: int) -> list[int]:
    """The places of so many options beside the first one, and then of the first, at which the choice is left."""
    return [*range(1, n)][-most:] + [0] * bool(n)


def _tabs(app: AppTest) -> Iterator[Press]:
    for block in app.get("tab_container"):
        key = block.proto.id.rpartition("-")[2]
        for tab in block.children.values():
            if key and isinstance(tab, Tab):
                yield Press(f"tab {key} {tab.label}", _opening(key, tab.label))


def _switches(app: AppTest) -> Iterator[Press]:
    for widget in (*app.checkbox, *app.toggle):
        yield Press(_name(widget.type, widget), _setting(widget, not widget.value))


def _buttons(app: AppTest) -> Iterator[Press]:
    for widget in (*app.button, *app.form_submit_button, *app.download_button):
        if not widget.proto.disabled:
            yield Press(_name("button", widget, widget.label), _calling(widget.click))


def press_everything(app: AppTest, page: str, *, options: int, most: int) -> tuple[list[str], list[str]]:
    """Press what the page offers until nothing new is offered, at most so many; what was pressed and what went wrong."""
    done: list[str] = []
    wrong: list[str] = [f"{page}: opening: {e.message}" for e in app.exception]
    title = app.title[0].value if app.title else ""
    while len(done) < most:
        new = next((press for press in presses(app, options=options) if press.name not in done), None)
        if new is None:
            break
        done.append(new.name)
        try:
            new.do(app)
            app.run()
        except Exception as error:  # whatever escapes a page is what this looks for
            wrong.append(f"{page}: {new.name}: {type(error).__name__}: {error}")
            break
        wrong += [f"{page}: {new.name}: {e.proto.type}: {e.message}" for e in app.exception]
        if app.exception or not app.title or app.title[0].value != title:
            app.switch_page(page).run()
    return done, wrong
