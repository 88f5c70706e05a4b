"""The labelling desk in a real browser: fast fingers, a killed server, no network, keys alone, a phone, axe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rebracket_core.annotation import (
    EventKind,
    Label,
    LabelSession,
    NewItem,
    NewProject,
    ProjectSettings,
    Role,
    Submission,
    Suggestion,
    SuggestionPolicy,
)
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol, set_role
from rebracket_core.annotation.projects import change_settings, create_project, get_project
from rebracket_core.annotation.queries import get_item, list_events, list_items, list_labels
from rebracket_core.annotation.queue.suggestions import put_suggestions
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES
from tests.support.app_server import ROOT, AppServer
from tests.support.labels import label_at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
Open = Callable[..., "Page"]
AXE = ROOT / "build" / "axe" / "package" / "axe.min.js"
KEYS = ("123", "qwe", "asd")
GAP_MS = 20
TOO_SOON_MS = 350
"""Longer than presses are not taken after the concept in front changed."""
PAINT_MS = 50


@pytest.fixture
def session(empty_home: Path) -> Iterator[LabelSession]:
    """The labels of the home that the app serves, with a project of 160 short texts, over the same database file."""
    session = LabelSession.open(f"sqlite:///{empty_home / 'workbench.db'}")
    enrol(session, "Ann")
    texts = [NewItem(f"i{n:03}", f"Concept {n}: a bell that was cast and not yet rung, {n} years on.") for n in range(160)]
    settings = ProjectSettings(blind_share=0.0, random_share=0.0, suggestions=SuggestionPolicy.NEVER)
    create_project(session, NewProject("Trial", texts, settings=settings, guideline="Say what it *says*."), by="ann")
    yield session
    session.close()


@pytest.fixture
def server(session: LabelSession, empty_home: Path, tmp_path: Path) -> Iterator[AppServer]:
    """The app over that home."""
    server = AppServer(empty_home, log=tmp_path / "server.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desk(chromium: Browser, server: AppServer) -> Iterator[Open]:
    """A function that opens the desk in a fresh window and waits until a concept stands there."""
    contexts: list[BrowserContext] = []

    def go(path: str = "/label?person=ann&label.ahead=60", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 1000}, **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(server.url + path)
        wait(page)
        return page

    yield go
    for context in contexts:
        context.close()


def wait(page: Page) -> None:
    page.wait_for_selector(".desk .concept")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def all_saved(page: Page) -> None:
    """Wait until nothing is pending any more; a server that was away is asked again after some seconds."""
    page.locator(".desk [data-part=saving]", has_text="all saved").wait_for(timeout=60_000)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('rebracket.outbox')).length") == 0


def press(page: Page, keys: list[str], *, gap_ms: int = GAP_MS) -> None:
    """The keys one after another, from inside the browser, so that the gaps are what they say."""
    page.evaluate(
        """async ([keys, gap]) => {
          for (const key of keys) {
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }))
            await new Promise((go) => setTimeout(go, gap))
          }
        }""",
        [keys, gap_ms],
    )


def triple(n: int) -> tuple[int, int, int]:
    """The n-th of the 27 triples of modes: what the n-th label of a burst says."""
    return n % 3, n // 3 % 3, n // 9 % 3


def keys_of(numbers: range) -> list[str]:
    return [key for n in numbers for key in (*(KEYS[axis][mode] for axis, mode in enumerate(triple(n))), "Enter")]


def said(label: Label) -> tuple[int, ...]:
    return tuple(label.value.axes[axis].per_mille.index(1000) for axis in AXIS_NAMES)


def in_order(session: LabelSession) -> list[Label]:
    """The labels as they stand, in the order in which they were written."""
    labels = {label.label_id: label for label in list_labels(session, "trial")}
    events = [e for e in list_events(session, "trial", limit=10_000) if e.kind is EventKind.LABEL and not e.undone]
    assert len(events) == len({e.event_id for e in events}) == len(labels)
    return [labels[e.event_id] for e in reversed(events)]


def test_sixty_labels_at_twenty_milliseconds_a_key_arrive_in_order(desk: Open, session: LabelSession) -> None:
    page = desk()
    shown = page.locator(".desk .text").inner_text()
    press(page, keys_of(range(60)))
    all_saved(page)
    labels = in_order(session)
    assert [said(label) for label in labels] == [triple(n) for n in range(60)]
    assert get_item(session, "trial", item_id=labels[0].item_id).text == shown
    assert len({label.item_id for label in labels}) == 60
    assert check_consistency(session) == []


def test_a_killed_server_a_reload_and_no_network_lose_nothing_and_double_nothing(
    desk: Open, server: AppServer, session: LabelSession
) -> None:
    page = desk()
    press(page, keys_of(range(10)))
    server.kill()
    press(page, keys_of(range(10, 20)))
    server.start()
    page.reload()
    wait(page)
    all_saved(page)
    assert [said(label) for label in in_order(session)] == [triple(n) for n in range(20)]
    press(page, keys_of(range(20, 25)))
    page.context.set_offline(True)
    press(page, keys_of(range(25, 35)))
    assert "kept in this browser" in page.locator(".desk [data-part=saving]").inner_text()
    page.context.set_offline(False)
    press(page, keys_of(range(35, 40)))
    all_saved(page)
    labels = in_order(session)
    assert [said(label) for label in labels] == [triple(n) for n in range(40)]
    assert len({label.item_id for label in labels}) == 40
    assert check_consistency(session) == []


PAINTS = """async (rounds) => {
  const root = [...document.querySelectorAll("*")].find((node) => node.shadowRoot?.querySelector(".desk")).shadowRoot
  const text = () => root.querySelector(".text").textContent
  const tell = (key) => document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }))
  const painted = () => new Promise((go) => requestAnimationFrame(() => setTimeout(() => go(performance.now()))))
  const waits = []
  for (let i = 0; i < rounds; i += 1) {
    for (const key of "1qa") tell(key)
    await new Promise((go) => setTimeout(go, 120))
    const before = text()
    const start = performance.now()
    tell("Enter")
    const end = await painted()
    if (text() === before) throw new Error("the same concept stands there")
    waits.push(end - start)
  }
  return waits
}"""
"""Labels `rounds` concepts, eight a second; the time from each Enter to the painted next concept, in ms."""


def test_the_next_concept_is_painted_within_fifty_milliseconds(desk: Open) -> None:
    """28 of 30 do; of three rounds the quietest counts, as other programs on the machine can only add to the time."""
    page = desk()
    rounds: list[list[float]] = []
    while len(rounds) < 3 and (not rounds or rounds[-1][27] > PAINT_MS):
        rounds.append(sorted(page.evaluate(PAINTS, 30)))
        waits = rounds[-1]
        print(f"painted after {waits[15]:.1f} ms (median), {waits[27]:.1f} ms (28 of 30), {waits[-1]:.1f} ms (longest)")
    assert rounds[-1][27] <= PAINT_MS, rounds


def test_a_hundred_concepts_by_keyboard_alone(desk: Open, session: LabelSession) -> None:
    page = desk("/label?person=ann&label.ahead=20")
    keyboard = page.keyboard
    for n in range(100):
        page.locator(".desk .concept").wait_for()
        for key in keys_of(range(n, n + 1))[:-1]:
            keyboard.press(key)
        if n % 10 == 0:
            for key in ("2", "y", "j", "6", "n"):
                keyboard.press(key)
            keyboard.type(f"note 1 q {n}")
            keyboard.press("Escape")
        keyboard.press("Enter")
        if n == 50:  # taken back, seen again, and said as before
            keyboard.press("Backspace")
            keyboard.press("Enter")
    all_saved(page)
    labels = in_order(session)
    assert len(labels) == len({label.item_id for label in labels}) == 100
    first = labels[0].value
    assert first.temporal.per_mille == (750, 250, 0) and first.types == {TYPE_NAMES[0], TYPE_NAMES[5]}
    assert first.confidence == 650 and first.note == "note 1 q 0"
    assert [said(label) for n, label in enumerate(labels) if n % 10] == [triple(n) for n in range(100) if n % 10]
    assert check_consistency(session) == []


def test_triangles_answer_to_arrows_and_undo_takes_back_anything(desk: Open, session: LabelSession) -> None:
    page = desk()
    handle = page.get_by_role("slider", name="temporal")
    handle.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    assert sum(answer(page, 0)) == 1000
    page.keyboard.press("0")
    assert handle.get_attribute("aria-valuetext") == "cannot tell"
    for _ in range(3):
        page.keyboard.press("Backspace")
    assert handle.get_attribute("aria-valuetext") == "no answer yet"
    first = page.locator(".desk .text").inner_text()
    for key in ("1", "w", "d", "f", "Enter", "x", "Backspace", "Backspace"):
        page.keyboard.press(key)
    assert page.locator(".desk .text").inner_text() == first
    assert page.get_by_role("button", name="Flag").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Backspace")
    assert page.get_by_role("button", name="Flag").get_attribute("aria-pressed") == "false"
    all_saved(page)
    assert list_labels(session, "trial") == [] and check_consistency(session) == []


def answer(page: Page, axis: int) -> list[int]:
    """The shares per mille that a triangle shows, read off its words."""
    words = page.get_by_role("slider", name=AXIS_NAMES[axis]).get_attribute("aria-valuetext") or ""
    shares = dict.fromkeys(MODES[AXIS_NAMES[axis]], 0)
    for part in words.split(", "):
        mode, share, _ = part.split(" ")
        shares[mode] = round(float(share) * 10)
    return list(shares.values())


def test_a_suggestion_is_shown_afterwards_beside_what_one_said(desk: Open, session: LabelSession) -> None:
    project = get_project(session, "trial")
    settings = ProjectSettings(blind_share=0.0, random_share=0.0, suggestions=SuggestionPolicy.AFTER)
    change_settings(session, project.project_id, settings=settings, by="ann")
    axes: dict[str, tuple[float, ...]] = dict.fromkeys(AXIS_NAMES, (0.2, 0.3, 0.5))
    put_suggestions(session, "trial", suggestions=[Suggestion(f"i{n:03}", "run", axes) for n in range(160)], by="ann")
    page = desk()
    assert "will stand here" in page.locator(".desk .last").inner_text()
    assert "The model" not in page.locator(".desk").inner_text()
    press(page, ["1", "q", "0", "Enter"])
    page.locator(".desk .last", has_text="80 % apart").wait_for()
    said = page.locator(".desk .last").inner_text()
    assert "temporal: you past; the model future 50 %, present 30 %, past 20 %, 80 % apart" in said
    assert "ontological: you cannot tell; the model" in said
    assert next(label for label in list_labels(session, "trial")).shown_run == ""


def _differ(session: LabelSession) -> None:
    """A second project, in which two people differ on a text."""
    enrol(session, "Bo")
    settings = ProjectSettings(overlap=2, blind_share=0.0, random_share=0.0)
    create_project(session, NewProject("Parted", [NewItem("one", "A bell that nobody rings.")], settings=settings), by="ann")
    for who, mode in (("ann", 0), ("bo", 2)):
        item = get_item(session, "parted", item_id="one")
        value = label_at(mode, note="Look at the bell.")
        given = Submission(f"label-{who}", "one", 1, item.text_digest, value, "2026-01-01T00:00:00Z")
        assert submit_labels(session, "parted", submissions=[given], by=who)[0].status == "saved"


def test_without_a_server_the_desk_goes_on_and_nothing_stands_over_it(
    desk: Open, session: LabelSession, server: AppServer
) -> None:
    page = desk()
    page.evaluate(
        """() => new MutationObserver((seen) => {
          window.dialogs = (window.dialogs ?? 0) + seen.flatMap((one) => [...one.addedNodes]).filter(
            (node) => node.dataset?.testid === "stDialog").length
        }).observe(document.body, { childList: true })"""
    )
    server.kill()
    page.wait_for_function("() => window.dialogs > 0")
    page.locator("[data-testid=stDialog]").wait_for(state="detached", timeout=5_000)
    for key in ["1", "q", "a", "Enter"] * 3:
        page.keyboard.press(key)
    page.locator("[data-part=saving]", has_text="offline, 3 kept in this browser").wait_for()
    server.start()
    all_saved(page)
    assert [said(label) for label in list_labels(session, "trial")] == [(0, 0, 0)] * 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(desk: Open, session: LabelSession, scheme: str) -> None:
    if not AXE.exists():
        pytest.skip(f"there is no axe-core at {AXE.relative_to(ROOT)} (npm pack axe-core, unpacked there)")
    _differ(session)
    trial = "/label?person=ann&label.project=Trial&label."
    page = desk(f"{trial}ahead=60", color_scheme=scheme)
    root = page.url.split("/label")[0]
    press(page, ["1", "2", "q", "y", "6", "?"])
    cases = "/adjudicate?person=ann&adjudicate.project="
    for path, there in (
        ("", "Keys"),
        (f"{trial}mode=Plain+form", "Flag it"),
        (f"{cases}Trial", "Nothing waits"),
        (f"{cases}Parted", "How does it end?"),
    ):
        if path:
            page.goto(root + path)
            page.locator("[data-testid=stMain]", has_text=there).wait_for()
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        page.wait_for_timeout(1500)  # colours fade in after a run
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("async () => (await axe.run('[data-testid=stMain]')).violations")
        serious = [
            (fault["id"], [(node["html"][:160], node["any"][:1]) for node in fault["nodes"]][:3])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert not serious, f"{path or 'the desk'}: {json.dumps(serious, indent=1)}"


def test_a_phone_labels_by_touch(desk: Open, session: LabelSession) -> None:
    page = desk(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2)
    wide = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
    )
    assert wide <= 1
    for axis, mode in zip(AXIS_NAMES, ("present", "place", "known"), strict=True):
        button = page.get_by_role("group", name=axis, exact=True).first.get_by_role("button", name=mode)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None and box["height"] >= 44
        button.tap()
    pad = page.locator(".desk .pad").nth(1)
    pad.scroll_into_view_if_needed()
    place = pad.bounding_box()
    assert place is not None
    page.touchscreen.tap(place["x"] + place["width"] / 2, place["y"] + place["height"] * 0.6)
    mixed = answer(page, 1)
    page.get_by_role("button", name="Save").tap()
    all_saved(page)
    (label,) = list_labels(session, "trial")
    assert label.value.temporal.per_mille == (0, 1000, 0) and label.value.ontological.per_mille == (0, 0, 1000)
    assert list(label.value.spatial.per_mille) == mixed and min(mixed) > 0


def shown(page: Page) -> str:
    return str(page.locator(".desk .text").inner_text())


def answers(page: Page) -> list[str | None]:
    """What each axis says, in words."""
    return [page.get_by_role("slider", name=axis).get_attribute("aria-valuetext") for axis in AXIS_NAMES]


def skips(session: LabelSession) -> list[str]:
    """The items skipped, in order, those taken back too."""
    return [e.item_id for e in reversed(list_events(session, "trial", limit=500)) if e.kind is EventKind.SKIP]


def test_what_an_undo_brought_back_stays_in_front_until_its_reader_leaves_it(desk: Open, session: LabelSession) -> None:
    page = desk()
    seen = [shown(page)]
    for _ in range(3):
        page.keyboard.press("x")
        all_saved(page)
        page.wait_for_timeout(TOO_SOON_MS)
        seen.append(shown(page))
    assert len(set(seen)) == 4
    for before in reversed(seen[:3]):
        page.keyboard.press("Backspace")
        all_saved(page)
        page.wait_for_timeout(800)  # the answer of the server moves nothing
        assert shown(page) == before
    for concept in seen[:3]:
        assert shown(page) == concept
        press(page, ["1", "q", "a", "Enter"])
    all_saved(page)
    texts = {item.item_id: item.text for item in list_items(session, "trial")}
    assert [texts[label.item_id] for label in in_order(session)] == seen[:3]


def test_a_double_click_leaves_one_concept(desk: Open, session: LabelSession) -> None:
    page = desk()
    page.wait_for_timeout(TOO_SOON_MS)
    button = lambda name: page.get_by_role("button", name=name)  # noqa: E731
    first = shown(page)
    button("Skip").dblclick()
    assert page.locator(".desk .say", has_text="was not taken").is_visible()
    all_saved(page)
    assert len(skips(session)) == 1
    second = shown(page)
    page.wait_for_timeout(TOO_SOON_MS)
    press(page, ["x", "x"])  # a key that bounces
    all_saved(page)
    assert len(skips(session)) == 2
    page.wait_for_timeout(TOO_SOON_MS)
    button("Undo").dblclick()
    assert shown(page) == second
    page.wait_for_timeout(TOO_SOON_MS)
    page.keyboard.press("1")
    button("Undo").dblclick()  # the step alone, not the skip before it
    assert shown(page) == second and answers(page)[0] == "no answer yet"
    page.wait_for_timeout(TOO_SOON_MS)
    press(page, ["1", "q", "a"])
    button("Save").dblclick()
    all_saved(page)
    assert len(list_labels(session, "trial")) == 1 and shown(page) not in (first, second)


ROWS = ("QWE", "ASD")
LAYOUTS = {
    "Cyrillic": [("й", "KeyQ"), ("ф", "KeyA"), ("ч", "KeyX")],
    "Greek": [(";", "KeyQ"), ("α", "KeyA"), ("χ", "KeyX")],
    "Hebrew": [("/", "KeyQ"), ("ש", "KeyA"), ("ס", "KeyX")],
    "AZERTY": [("a", "KeyQ"), ("q", "KeyA"), ("x", "KeyX")],
    "Dvorak": [("'", "KeyQ"), ("o", "KeyS"), ("q", "KeyX")],
    "Colemak": [("f", "KeyE"), ("r", "KeyS"), ("x", "KeyX")],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_keep_their_places_and_hints_show_the_readers_letters(layout: str, desk: Open, session: LabelSession) -> None:
    page = desk()
    page.wait_for_timeout(TOO_SOON_MS)
    keydown = """([key, code]) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key, code, bubbles: true, composed: true, cancelable: true }))"""
    spatial, ontological, skip = LAYOUTS[layout]
    page.evaluate(keydown, ["1", "Digit1"])
    page.evaluate(keydown, spatial)
    assert "hints show your letters" in page.locator(".desk .say").inner_text()
    page.evaluate(keydown, ontological)
    modes = [
        MODES[name][row.index(code[-1])] for name, row, (_, code) in zip(AXIS_NAMES[1:], ROWS, LAYOUTS[layout], strict=False)
    ]
    assert answers(page) == [MODES["temporal"][0], *modes]
    for mode, (letter, _) in zip(modes, (spatial, ontological), strict=True):
        button = page.get_by_role("button", name=mode, exact=True)
        assert button.locator("kbd").inner_text() == letter and button.get_attribute("aria-keyshortcuts") == letter
    before = shown(page)
    page.evaluate(keydown, skip)
    assert shown(page) != before
    page.reload()
    wait(page)
    assert page.get_by_role("button", name=modes[0], exact=True).locator("kbd").inner_text() == spatial[0]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_half_made_answers_survive_reload_and_back_also_without_a_network(
    desk: Open, session: LabelSession, width: int, scheme: str
) -> None:
    page = desk(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.keyboard.press("x")
    all_saved(page)
    page.wait_for_timeout(TOO_SOON_MS)
    for key in ("Backspace", "1", "w", "d", "y", "6", "n"):
        page.keyboard.press(key)
    page.keyboard.type("half a no")
    concept, given = shown(page), answers(page)

    def same() -> None:
        assert shown(page) == concept and answers(page) == given
        assert page.locator(".desk textarea").input_value() == "half a no"
        assert page.get_by_role("button", name=TYPE_NAMES[0], exact=True).get_attribute("aria-pressed") == "true"

    page.context.set_offline(True)
    same()
    page.context.set_offline(False)
    page.reload()
    wait(page)
    same()
    page.goto(page.url.split("/label")[0] + "/import")
    page.get_by_role("heading", name="Import", exact=False).first.wait_for()
    page.go_back()
    wait(page)
    same()
    page.keyboard.press("Enter")
    all_saved(page)
    (label,) = list_labels(session, "trial")
    assert label.value.note == "half a no" and label.value.types == {TYPE_NAMES[0]} and shown(page) != concept


def test_enter_saves_however_one_arrived(desk: Open, session: LabelSession) -> None:
    for name in ("Second", "Third"):
        settings = ProjectSettings(blind_share=0.0, random_share=0.0)
        create_project(
            session, NewProject(name, [NewItem(f"{n}", f"{name} {n}") for n in range(9)], settings=settings), by="ann"
        )
    page = desk("/label?person=ann")

    def label_one() -> None:
        wait(page)
        before = shown(page)
        for key in ("1", "q", "a", "Enter"):
            page.keyboard.press(key)
        page.wait_for_function("(before) => !document.body.innerText.includes(before)", arg=before)
        all_saved(page)

    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("heading", name="Import", exact=False).first.wait_for()
    page.get_by_role("link", name="Label", exact=True).click()
    page.wait_for_timeout(600)
    label_one()
    page.locator(".st-key-label-project input").click()
    page.get_by_role("option", name="Second").click()
    page.locator(".desk .text", has_text="Second").wait_for()
    label_one()
    page.get_by_text("Guideline", exact=True).first.click()  # a toggle keeps the focus
    page.wait_for_timeout(600)
    label_one()
    assert [len(list_labels(session, name)) for name in ("third", "second")] == [1, 2]


def test_a_second_tab_is_told_and_changes_nothing_in_the_first(desk: Open, session: LabelSession) -> None:
    page = desk()
    told = page.locator(".desk [data-part=tabs]", has_text="open in another tab")
    other = page.context.new_page()
    other.goto(page.url)
    wait(other)
    other.locator(".desk [data-part=tabs]", has_text="open in another tab").wait_for()
    told.wait_for()
    concept = shown(page)
    assert shown(other) == concept
    for key in ("1", "q", "a", "Enter"):
        other.keyboard.press(key)
    all_saved(other)
    page.locator(".desk [data-part=lost]", has_text="no longer reserved").wait_for()
    assert shown(page) == concept != shown(other)
    other.close(run_before_unload=True)
    told.wait_for(state="hidden", timeout=15_000)
    for key in ("2", "q", "a", "Enter"):
        page.keyboard.press(key)
    all_saved(page)
    (label,) = list_labels(session, "trial")
    assert label.value.temporal.per_mille == (0, 1000, 0) and check_consistency(session) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_a_refusal_stands_where_the_eyes_are(desk: Open, session: LabelSession, width: int) -> None:
    page = desk(viewport={"width": width, "height": 844})
    page.keyboard.press("Enter")
    say = page.locator(".desk .say", has_text="Not saved yet")
    inside = lambda found: (found.bounding_box() or {"y": 0})["y"] < 844 and (found.bounding_box() or {"y": -1})["y"] > 0  # noqa: E731
    assert inside(say)
    enrol(session, "Bo")
    set_role(session, "bo", role=Role.ADMIN, by="ann")
    set_role(session, "ann", role=Role.ADMIN, by="bo", active=False)
    press(page, ["1", "q", "a", "Enter"])
    problem = page.locator(".desk [data-part=problem]", has_text="may not work here")
    problem.wait_for()
    assert inside(problem)
    set_role(session, "ann", role=Role.ADMIN, by="bo", active=True)
    all_saved(page)
    problem.wait_for(state="hidden")
    page.context.set_offline(True)
    press(page, ["1", "q", "a", "Enter"])
    page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.startsWith("rebracket.outbox")).forEach((key) => {
          localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), text_digest: "another" }))
        })"""
    )
    page.context.set_offline(False)
    refused = page.locator(".desk [data-part=refused] p", has_text="Not kept")
    refused.wait_for()
    assert inside(refused)
    assert len(list_labels(session, "trial")) == 1
