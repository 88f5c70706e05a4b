"""The keyboard view's own script, run by Node without a browser: what keys mean, the outbox, undoing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rebracket_core.annotation.entities.presets import axis_presets
from rebracket_core.rainbow import AXES, AXIS_NAMES, TYPE_NAMES
from rebracket_core.ui.annotate.labelling import component
from rebracket_core.ui.annotate.labelling.choices import choices
from rebracket_core.ui.annotate.labelling.protocol import CONFIDENCE

FOLDER = Path(component.__file__).parent
PRESETS = [{"name": p.name, "shares": list(p.shares), "words": p.words} for p in axis_presets(1)]
SETTING = f"""
const presets = {json.dumps(PRESETS)}
const fixed = {{
  person: "ann", project: "p", presets, types: {json.dumps(TYPE_NAMES)}, confidence: {json.dumps(CONFIDENCE)}, lease_s: 900,
  axes: {json.dumps([{"name": a.name, "modes": a.modes} for a in AXES])}, guideline_version: 1,
}}
class Box {{
  constructor(broken = false) {{ this.map = new Map(); this.broken = broken }}
  get length() {{ this.check(); return this.map.size }}
  check() {{ if (this.broken) throw new Error("full") }}
  key(i) {{ return [...this.map.keys()][i] }}
  getItem(key) {{ this.check(); return this.map.get(key) ?? null }}
  setItem(key, value) {{ this.check(); this.map.set(key, value) }}
  removeItem(key) {{ this.map.delete(key) }}
}}
const item = (n) => ({{
  item_id: `i${{n}}`, round: 1, text: `text ${{n}}`, text_digest: "d", lease_id: `l${{n}}`, why: "", note: "",
}})
const equal = (found, wanted) => {{
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value))
  if (one !== other) throw new Error(`${{one}} is not ${{other}}`)
}}
"""


@pytest.fixture
def node(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A function that runs lines after that script and gives what they print, read as JSON."""
    if not (program := shutil.which("node")):
        pytest.skip("node is not installed")

    def run(lines: str) -> object:
        file = tmp_path / "desk.mjs"
        file.write_text(component.script() + SETTING + lines + "\nprocess.exit(0)\n", encoding="utf-8")
        out = subprocess.run([program, str(file)], capture_output=True, text=True, timeout=30)
        assert out.returncode == 0, out.stderr[-1500:]
        return json.loads(out.stdout) if out.stdout.strip() else None

    return run


def test_the_modules_join_to_one_script_without_loose_ends() -> None:
    text = component.script()
    assert not re.search(r"^(import|export (?!default))", text, re.MULTILINE)
    names = re.findall(r"^(?:const|function|class) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
    modules = {path.name for path in FOLDER.glob("*.js")}
    assert modules == set(component._MODULES)
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 200 for path in FOLDER.glob("*.js"))


def test_data_never_becomes_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", component.script())


def test_the_same_words_mean_the_same_shares_in_browser_and_form(node) -> None:  # type: ignore[no-untyped-def]
    for axis in AXIS_NAMES:
        answers = {words: a.per_mille for words, a in choices(axis).items() if a.shares}
        said = node(f"""
          const answers = {json.dumps(list(answers.values()))}
          const modes = fixed.axes.find((axis) => axis.name === "{axis}").modes
          console.log(JSON.stringify(answers.map((answer) => inWords(answer, modes, presets))))
        """)
        assert said == list(answers)


def test_keys_of_an_axis(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const after = (keys) => keys.reduce((now, mode) => press(now.trail, mode, presets), { trail: null }).answer
      equal(after([0]), [1000, 0, 0])
      equal(after([1, 1]), [0, 1000, 0])
      equal(after([0, 1]), [750, 250, 0])
      equal(after([2, 0]), [250, 0, 750])
      equal(after([0, 1, 1]), [500, 500, 0])
      equal(after([0, 1, 1, 1]), [400, 400, 200])
      equal(after([0, 1, 1, 1, 1]), [334, 333, 333])
      equal(after([0, 1, 1, 1, 1, 1]), [750, 250, 0])
      equal(after([0, 1, 2]), [400, 400, 200])
      equal(after([2, 1, 0]), [200, 400, 400])
    """)


def test_shares_are_whole_and_sum_to_a_thousand_whatever_is_done(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      let seed = 7
      const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
      let answer = null
      let trail = null
      for (let i = 0; i < 20000; i += 1) {
        const kind = Math.floor(random() * 4)
        const mode = Math.floor(random() * 3)
        if (kind === 0) ({ answer, trail } = press(trail, mode, presets))
        else if (kind === 1) answer = nudge(answer, mode, random() < 0.5 ? 50 : -10)
        else if (kind === 2) answer = sharesAt(random() * 300 - 50, random() * 300 - 50)
        else answer = toPermille([random(), random(), random()], 1)
        equal([answer.every((n) => Number.isInteger(n) && n >= 0), answer[0] + answer[1] + answer[2]], [true, 1000])
      }
    """)


def test_the_outbox_keeps_the_order_and_two_tabs_do_not_overwrite_each_other(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const box = new Box()
      const one = new Outbox("ann", "p", box)
      const two = new Outbox("ann", "p", box)
      const other = new Outbox("bo", "p", box)
      const a = one.add({ kind: "label" })
      const b = two.add({ kind: "label" })
      const c = one.add({ kind: "undo" })
      other.add({ kind: "label" })
      equal(new Outbox("ann", "p", box).load().length, 3)
      equal(one.load().findIndex((e) => e.id === c.id) > one.load().findIndex((e) => e.id === a.id), true)
      equal(two.remove([a.id, c.id]), 2)
      equal(one.load().map((e) => e.id), [b.id])
      equal(other.load().length, 1)
      const full = new Outbox("ann", "p", new Box(true))
      full.add({ kind: "label" })
      equal([full.fragile, full.load().length], [true, 1])
    """)


def test_a_batch_is_said_again_until_it_is_acknowledged(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const outbox = new Outbox("ann", "p", new Box())
      const said = []
      const sender = new Sender(outbox, { patience: [20, 20], quiet: 0 })
      const rest = (ms) => new Promise((go) => setTimeout(go, ms))
      sender.give = (message) => said.push(message.entries.map((e) => e.id))
      const a = outbox.add({ kind: "label" })
      sender.push()
      await rest(5)
      const b = outbox.add({ kind: "label" })
      sender.push()
      equal(said, [[a.id]])
      sender.answered([])
      equal(said.length, 1)
      sender.answered([a.id])
      await rest(5)
      equal(said.slice(0, 2), [[a.id], [b.id]])
      await rest(90)
      equal(said.length >= 4, true)
      equal(sender.late(), true)
      sender.answered([b.id])
      const n = said.length
      await rest(60)
      equal([said.length, sender.late(), outbox.load().length], [n, false, 0])
    """)


def test_a_batch_waits_for_a_pause_between_the_keys_but_not_for_ever(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const outbox = new Outbox("ann", "p", new Box())
      const sender = new Sender(outbox, { quiet: 60, longest: 200 })
      const said = []
      sender.give = (message) => said.push([performance.now(), message.entries.length])
      const rest = (ms) => new Promise((go) => setTimeout(go, ms))
      outbox.add({ kind: "label" })
      let start = performance.now()
      sender.push()
      for (let i = 0; i < 30 && !said.length; i += 1) { sender.hold(); await rest(10) } // keys without a pause
      equal(said.length, 1)
      equal(said[0][0] - start >= 190, true)
      sender.answered(outbox.load().map((entry) => entry.id))
      sender.hold() // a key with nothing to send
      await rest(80)
      equal(said.length, 1)
      outbox.add({ kind: "label" })
      outbox.add({ kind: "label" })
      start = performance.now()
      sender.push()
      sender.push()
      await rest(120)
      equal([said.length, said[1][1], said[1][0] - start >= 55], [2, 2, true])
      sender.answered(outbox.load().map((entry) => entry.id))
      outbox.add({ kind: "label" })
      sender.push()
      sender.hurry() // the page is left
      equal(said.length, 3)
      sender.close()
    """)


def test_undo_takes_back_steps_first_and_then_the_label_itself(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const client = new LabellingClient(fixed, new Box())
      client.sender.give = () => {}
      client.receive({ ...fixed, items: [item(1), item(2)] })
      equal(client.submit(), false)
      for (const axis of [0, 1, 2]) client.draft.press(axis, axis, presets)
      client.draft.toggleType("memory")
      equal(client.submit(), true)
      equal(client.item.item_id, "i2")
      client.draft.flag()
      client.undo()
      equal([client.item.item_id, client.draft.now.flag], ["i2", false])
      client.undo()
      equal([client.item.item_id, client.draft.now.types], ["i1", ["memory"]])
      const [label, undo] = client.outbox.load()
      equal([label.kind, undo.kind, undo.target], ["label", "undo", label.id])
      equal(label.value.temporal, { per_mille: [1000, 0, 0], kind: "hard" })
      client.undo()
      equal(client.draft.now.types, null)
      const done = [label, undo].map((entry) => ({ id: entry.id, status: "saved" }))
      client.receive({ ...fixed, items: [item(2), item(3)], done })
      equal(client.queue.map((one) => one.item_id), ["i1", "i2", "i3"])
    """)


def test_what_is_on_its_way_does_not_come_back_and_a_lost_lease_goes(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const box = new Box()
      const client = new LabellingClient(fixed, box)
      client.receive({ ...fixed, items: [item(1), item(2), item(3)] })
      client.skip()
      const again = new LabellingClient(fixed, box)
      again.receive({ ...fixed, items: [item(1), item(2), item(3)] })
      equal(again.queue.map((one) => one.item_id), ["i2", "i3"])
      again.draft.press(0, 0, presets)
      again.receive({ ...fixed, lost: ["l2", "l3"] })
      equal(again.queue.map((one) => one.item_id), ["i2"])
      const [skipped] = again.outbox.load()
      again.receive({ ...fixed, done: [{ id: skipped.id, status: "refused", reason: "No." }] })
      equal([again.refused.length, again.pending()], [1, 0])
    """)


def test_a_page_loaded_anew_can_still_undo_what_was_saved(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const value = {
        temporal: { per_mille: [0, 1000, 0], kind: "hard" }, spatial: { per_mille: [0, 0, 0], kind: "abstain" },
        ontological: { per_mille: [750, 250, 0], kind: "soft" }, types: [], confidence: 650, note: "so", flag: true,
      }
      const client = new LabellingClient(fixed, new Box())
      const recent = [{ id: "new-event", item: item(4), value }, { id: "old-event", item: item(3), value: null }]
      client.receive({ ...fixed, items: [item(5)], recent })
      client.undo()
      equal([client.item.item_id, client.draft.now.confidence, client.draft.value(fixed.axes)], ["i4", 650, value])
      client.undo()
      equal(client.queue.map((one) => one.item_id), ["i3", "i4", "i5"])
      equal(client.undo(), false)
      equal(client.outbox.load().map((entry) => entry.target), ["new-event", "old-event"])
    """)


def test_keys_with_modifiers_and_streamlits_own_are_left_alone(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const key = (key, more = {}) => actionOf({ key, code: "", ...more })
      const alone = ["c", "r", "C", "R"].map((one) => key(one))
      equal([...alone, key("1", { ctrlKey: true }), key("q", { metaKey: true })], Array(6).fill(null))
      equal(key("Q"), { do: "press", axis: 1, mode: 0 })
      equal(key("&", { code: "Digit1" }), { do: "press", axis: 0, mode: 0 })
      equal(key("l"), { do: "type", type: 7 })
      const named = ["Enter", "Backspace", "?", "0", "9"].map((one) => key(one).do)
      equal(named, ["submit", "undo", "help", "cannotTell", "even"])
      const single = [NO_TYPE_KEY, EVEN_KEY, CANNOT_TELL_KEY, "n", "f", "x", "?"]
      const all = [...AXIS_KEYS.flat(), ...TYPE_KEYS, ...CONFIDENCE_KEYS, ...single]
      equal(new Set(all).size, all.length)
    """)


# What stands on the places of q w e, a s d, i o, n f x, and the rest that means something here, by layout.
LAYOUTS = {
    "Dvorak": {"KeyQ": "'", "KeyI": "c", "KeyO": "r", "KeyS": "o", "KeyX": "q", "KeyN": "b", "KeyF": "u"},
    "Colemak": {"KeyS": "r", "KeyD": "s", "KeyE": "f", "KeyO": "y", "KeyP": ";", "KeyJ": "n", "KeyF": "t"},
    "Workman": {"KeyE": "r", "KeyW": "d", "KeyP": ";", "KeyN": "k", "KeyJ": "n"},
    "AZERTY": {"KeyQ": "a", "KeyW": "z", "KeyA": "q"},
    "QWERTZ": {"KeyY": "z"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_key_means_its_place_whatever_letter_stands_on_it(node, layout: str) -> None:  # type: ignore[no-untyped-def]
    node(f"""
      const keys = {json.dumps(LAYOUTS[layout])}
      const letters = new Letters(new Box())
      for (const [code, key] of Object.entries(keys)) {{
        const place = code.slice(3).toLowerCase()
        equal(actionOf({{ key, code }}, letters), actionOf({{ key: place, code }}))
        equal(actionOf({{ key, code }}, letters) !== null, true)
        letters.learn({{ key, code }})
        equal(letters.shown(place), key)
        equal(actionOf({{ key, code: "" }}, letters), actionOf({{ key: place, code }})) // a keyboard on a screen
        equal(helpOf(letters).some((row) => row.join(" ").includes(key)), true)
      }}
    """)


def test_a_whole_layout_is_known_from_one_key_and_its_c_and_r_are_the_desks_where_they_mean_something(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const letters = new Letters(new Box())
      letters.learn({ key: "r", code: "KeyO" })
      equal(TYPE_KEYS.map((key) => letters.shown(key)).join(""), "fgcrdhtn")
      const found = { c: "KeyI", r: "KeyO" }
      equal(Object.entries(found).map(([key, code]) => isStreamlits({ key }) && actionOf({ key, code }, letters).type), [2, 3])
      equal(["j", "p"].map((key, i) => actionOf({ key, code: ["KeyC", "KeyR"][i] }, letters)), [null, null])
      const colemak = new Letters(new Box())
      colemak.learn({ key: "r", code: "KeyS" })
      equal(colemak.row.join(""), "qwfpgjluy;arstdhneizxcvbkm")
      colemak.learn({ key: "g", code: "KeyG" }) // Mod-DH differs there
      equal(colemak.row.join(""), "qwfpbjluy;arstgmneizxcdvkh")
    """)


def test_a_closed_project_saves_nothing_and_keeps_the_answers(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const box = new Box()
      const client = new LabellingClient(fixed, box, new Box())
      client.receive({ ...fixed, items: [item(1), item(2)] })
      for (const axis of [0, 1, 2]) client.draft.press(axis, axis, presets)
      client.submit()
      const [label] = client.outbox.load()
      client.receive({ ...fixed, closed: true, done: [{ id: label.id, status: "refused", reason: "Closed." }] })
      equal([client.refused.length, client.pending(), client.history.length], [1, 0, 0])
      const refusals = ["submit", "skip", "undo"].map((act) => refusalOf(client, { do: act }) !== "")
      equal(refusals, [true, true, true])
      client.draft.press(0, 0, presets)
      equal([refusalOf(client, { do: "undo" }), refusalOf(client, { do: "press" })], ["", ""])
      client.receive({ ...fixed, closed: false, items: [item(1)] })
      equal(refusalOf(client, { do: "submit" }), "")
      equal(client.draftOf(item(1)).value(fixed.axes), label.value) // what was refused stands there again
    """)


def test_a_half_labelled_concept_stays_in_front_though_its_lease_is_over(node) -> None:  # type: ignore[no-untyped-def]
    node("""
      const [box, tab] = [new Box(), new Box()]
      const client = new LabellingClient(fixed, box, tab)
      client.receive({ ...fixed, items: [item(1), item(2)] })
      client.draft.press(0, 0, presets)
      client.keepDraft()
      const again = new LabellingClient(fixed, box, tab) // the page was loaded anew, and somebody else has the concept now
      again.receive({ ...fixed, items: [item(3), item(4)] })
      equal(again.queue.map((one) => one.item_id), ["i1", "i3", "i4"])
      again.receive({ ...fixed, lost: ["l1"] })
      equal([again.item.item_id, again.item.lost], ["i1", true])
      again.draft.undo()
      again.keepDraft()
      const blank = new LabellingClient(fixed, box, tab)
      blank.receive({ ...fixed, items: [item(3)] })
      equal(blank.queue.map((one) => one.item_id), ["i3"])
    """)
