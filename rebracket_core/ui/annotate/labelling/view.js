// What is on the page: drawn once, then only what changed is touched.

import { AxisView } from "./axis_view.js"
import { CLOSED } from "./closed.js"
import { CONFIDENCE_KEYS, helpOf, NO_TYPE_KEY, TYPE_KEYS } from "./keys.js"
import { el, keyButton, partsOf, pressed, setHidden, setText, showLetters, toggleButton } from "./parts.js"
import { inWords, percent } from "./presses.js"

export class View {
  constructor(root, data, act) {
    this.root = root
    this.part = partsOf(root)
    this.act = act
    this.mark = null
    const made = { presets: data.presets, act, mark: (axis) => { this.mark = axis; this.onMark?.() } }
    this.axes = data.axes.map((axis, i) => new AxisView(axis, i, made))
    this.part.axes.replaceChildren(...this.axes.map((view) => view.node))
    this.types = data.types.map((name, i) => toggleButton(name, TYPE_KEYS[i], () => act({ do: "type", type: i })))
    this.noType = toggleButton("none of these", NO_TYPE_KEY, () => act({ do: "noType" }))
    this.part.types.replaceChildren(...this.types, this.noType)
    this.levels = data.confidence.map(([name], i) => toggleButton(name, CONFIDENCE_KEYS[i], () => act({ do: "confidence", level: i })))
    this.part.confidence.replaceChildren(...this.levels)
    this.flag = toggleButton("Flag", "f", () => act({ do: "flag" }))
    this.submit = keyButton("Save", "Enter", () => act({ do: "submit" }), { class: "primary", "aria-keyshortcuts": "Enter" })
    this.skip = keyButton("Skip", "x", () => act({ do: "skip" }), { "aria-keyshortcuts": "x" })
    this.undo = keyButton("Undo", "Backspace", () => act({ do: "undo" }), { "aria-keyshortcuts": "Backspace" })
    this.part.actions.replaceChildren(this.submit, this.skip, this.flag, this.undo)
    this.part.note.onfocus = () => { this.noteBegun = false }
    this.part.note.oninput = () => {
      act({ do: "setNote", text: this.part.note.value, joined: this.noteBegun })
      this.noteBegun = true
    }
    const show = () => document.dispatchEvent(new Event("rebracket:wake"))
    this.part.guideline.append("The guideline has a new version. ", el("button", { type: "button", onclick: show }, "Show it"))
    this.part.help.querySelector("summary").onmousedown = (event) => event.preventDefault()
  }

  // Writes the reader's own letters on buttons and in the list of keys.
  showLetters(letters) {
    showLetters(this.root, letters)
    this.part.keys.replaceChildren(...helpOf(letters).flatMap(([keys, what]) => [el("dt", {}, el("kbd", {}, keys)), el("dd", {}, what)]))
  }

  // Says how many other tabs have this project open.
  showTabs(n) {
    setHidden(this.part.tabs, !n)
    const where = n === 1 ? "another tab" : `${n} other tabs`
    setText(this.part.tabs, n ? `This project is also open in ${where} of this browser. Both show the same concepts; label in one of them.` : "")
  }

  // The axis that "even" and "cannot tell" speak to: the one in focus, else the first without an answer, else the last.
  marked(draft) {
    return this.mark ?? draft?.open()[0] ?? this.axes.length - 1
  }

  show(client) {
    const { item, draft } = client
    setHidden(this.part.work, !item)
    for (const button of [this.submit, this.skip, this.flag]) setHidden(button, !item)
    setHidden(this.part.lost, !item?.lost)
    setText(this.part.lost, item?.lost ? "It is no longer reserved for you: time ran out, or it was labelled in another tab. It stays here; what you save counts." : "")
    setHidden(this.part.empty, Boolean(item))
    if (item) this.showItem(client, item, draft.now)
    else setText(this.part.empty, client.data.empty || "The next concept is on its way. Keys wait until it is here.")
    this.showLast(client)
    setText(this.part.say, client.say)
    const { problem, closed } = client.data
    setHidden(this.part.problem, !problem && !closed)
    setText(this.part.problem, problem ? `${problem} What you decided is kept in this browser and is sent again.` : closed ? CLOSED : "")
    setHidden(this.part.guideline, !(client.data.guideline_now > client.data.guideline_version))
    this.showProgress(client)
    this.showRefused(client)
  }

  showItem(client, item, now) {
    setText(this.part.title, item.title)
    if (this.part.text.textContent !== item.text) {
      this.part.text.textContent = item.text
      this.part.concept.scrollTop = 0
    }
    this.part.text.classList.toggle("long", item.text.length > 400)
    setText(this.part.why, item.why ? `Why this one: ${item.why}` : "")
    setHidden(this.part.back, !item.note)
    setText(this.part.back, item.note ? `Sent back by a reviewer: ${item.note}` : "")
    const marked = this.marked(client.draft)
    this.axes.forEach((view, i) => view.show(now.axes[i], { marked: i === marked, suggested: item.suggestion?.axes[i] }))
    this.types.forEach((button, i) => pressed(button, now.types?.includes(client.data.types[i])))
    pressed(this.noType, now.types?.length === 0)
    this.showTypeHint(item.suggestion)
    this.levels.forEach((button, i) => pressed(button, now.confidence === client.data.confidence[i][1]))
    pressed(this.flag, now.flag)
    if (this.part.note.getRootNode().activeElement !== this.part.note) this.part.note.value = now.note
  }

  showTypeHint(suggestion) {
    setHidden(this.part.typeHint, !suggestion)
    if (!suggestion) return
    const album = suggestion.album ? ` Its album: ${suggestion.album}.` : ""
    setText(this.part.typeHint, `The model: ${suggestion.types.join(", ") || "none of these"}.${album}`)
  }

  showLast(client) {
    const { last } = client
    setHidden(this.part.last, client.data.policy !== "after")
    if (!last && !this.part.last.childNodes.length) this.part.last.append("Your last label and what the model says will stand here.")
    if (!last || this.part.last.dataset.id === last.id) return
    this.part.last.dataset.id = last.id
    const rows = client.data.axes.map((axis, i) => {
      const mine = last.mine[i]
      const apart = mine === null ? "" : `, ${percent(last.model[i].reduce((sum, n, k) => sum + Math.abs(n - mine[k]), 0) / 2)} apart`
      const words = (answer) => inWords(answer ?? "cannot_tell", axis.modes, client.data.presets)
      return el("li", {}, `${axis.name}: you ${words(mine)}; the model ${words(last.model[i])}${apart}`)
    })
    this.part.last.replaceChildren(
      el("p", {}, `Your last one, “${last.about}”, beside the model. Backspace takes you back to it.`), el("ul", {}, ...rows),
    )
  }

  showProgress(client) {
    const { done, total } = client.data.progress
    const mine = client.data.progress.mine + client.saved + client.outbox.load().filter((entry) => entry.kind === "label").length
    const pace = client.pace.words()
    setText(this.part.progress, [`${done} of ${total} concepts done`, `${mine} by you`, pace].filter(Boolean).join(" · "))
  }

  showSaving(words, state) {
    this.part.saving.dataset.state = state
    setText(this.part.saving, words)
  }

  showRefused(client) {
    const shown = Number(this.part.refused.dataset.n ?? 0)
    if (shown === client.refused.length) return
    this.part.refused.dataset.n = client.refused.length
    this.part.refused.replaceChildren(...client.refused.map((one) => el(
      "p", {}, `Not kept: ${one.kind} of “${one.text}”. ${one.reason} ${one.kind === "label" ? "Its answers stand there again when the concept does. " : ""}`,
      el("button", { type: "button", onclick: () => this.act({ do: "dismiss", refusal: one }) }, "Understood"),
    )))
  }

  toggleHelp() {
    this.part.help.open = !this.part.help.open
    if (this.part.help.open) this.part.help.scrollIntoView({ block: "nearest" })
  }
}
