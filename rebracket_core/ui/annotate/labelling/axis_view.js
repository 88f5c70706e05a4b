// One axis on the page: its triangle, its keys, and its answer in words.

import { AXIS_KEYS, CANNOT_TELL_KEY, EVEN_KEY } from "./keys.js"
import { el, keyButton, pressed, setHidden, setText, toggleButton } from "./parts.js"
import { CANNOT_TELL, inWords, isSpread } from "./presses.js"
import { makePad } from "./ternary.js"

export class AxisView {
  constructor(axis, index, { presets, act, mark }) {
    this.axis = axis
    this.presets = presets
    this.words = el("p", { class: "answer", id: `rebracket-answer-${index}` })
    this.hint = el("p", { class: "quiet", hidden: "" })
    this.pad = makePad(axis, { presets, onAnswer: (answer, joined) => act({ do: "answer", axis: index, answer, joined }) })
    this.modes = axis.modes.map((mode, i) => keyButton(mode, AXIS_KEYS[index][i], () => act({ do: "press", axis: index, mode: i })))
    this.modes.forEach((button, i) => {
      button.className = `corner corner-${i}`
      button.setAttribute("aria-keyshortcuts", AXIS_KEYS[index][i])
    })
    this.even = keyButton("all three equally", EVEN_KEY, () => act({ do: "even", axis: index }))
    this.cannotTell = toggleButton("cannot tell", CANNOT_TELL_KEY, () => act({ do: "cannotTell", axis: index }))
    this.node = el(
      "fieldset",
      { class: "axis" },
      el("legend", {}, axis.name),
      el("div", { class: "triangle" }, ...this.modes, this.pad.svg),
      this.words,
      this.hint,
      el("div", { class: "keys" }, this.even, this.cannotTell),
    )
    this.node.addEventListener("focusin", () => mark(index))
    this.node.addEventListener("focusout", () => mark(null))
  }

  show(answer, { marked, suggested }) {
    this.pad.show(answer, suggested)
    setText(this.words, inWords(answer, this.axis.modes, this.presets))
    this.words.classList.toggle("open", !answer)
    this.node.toggleAttribute("data-marked", marked)
    this.modes.forEach((button, i) => pressed(button, isSpread(answer) && answer[i] > 0))
    pressed(this.cannotTell, answer === CANNOT_TELL)
    setHidden(this.hint, !suggested)
    if (suggested) setText(this.hint, `The model: ${inWords(suggested, this.axis.modes, this.presets)}`)
  }
}
