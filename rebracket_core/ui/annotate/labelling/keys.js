// Which key does what, by its place on the keyboard (see letters.js). The letters C and R are Streamlit's own wherever their place
// means nothing here: on Dvorak, Colemak and others they stand on places that do. Ctrl, Alt and Meta leave everything alone.

import { Letters, placeOf } from "./letters.js"

export const AXIS_KEYS = [["1", "2", "3"], ["q", "w", "e"], ["a", "s", "d"]]
export const CONFIDENCE_KEYS = ["5", "6", "7"]
export const EVEN_KEY = "9"
export const CANNOT_TELL_KEY = "0"
export const TYPE_KEYS = ["y", "u", "i", "o", "h", "j", "k", "l"]
export const NO_TYPE_KEY = "p"
const STREAMLITS = ["c", "r"]

const PLAIN = {
  Enter: { do: "submit" },
  Backspace: { do: "undo" },
  [EVEN_KEY]: { do: "even" },
  [CANNOT_TELL_KEY]: { do: "cannotTell" },
  [NO_TYPE_KEY]: { do: "noType" },
  n: { do: "note" },
  f: { do: "flag" },
  x: { do: "skip" },
  "?": { do: "help" },
}

// The list of keys, [keys, what they do], in the reader's letters.
export function helpOf(letters) {
  const row = (keys) => keys.map((key) => letters.shown(key)).join(" ")
  return [
    [AXIS_KEYS.map(row).join(" · "), "the modes of the three axes. One key: wholly that mode. A second: mostly the first, slightly the second. Again: two equally, then all three equally"],
    [EVEN_KEY, "all three equally, on the marked axis"],
    [CANNOT_TELL_KEY, "cannot tell, on the marked axis (the first without an answer, or the one in focus)"],
    ["arrows", "move the point of the triangle in focus; with Shift in small steps"],
    [row(TYPE_KEYS), `the rebracketing types, as many as fit; ${letters.shown(NO_TYPE_KEY)} for none of them`],
    [row(CONFIDENCE_KEYS), "how sure you are"],
    [letters.shown("n"), "write a note; Esc leaves it"],
    [`${letters.shown("f")} · ${letters.shown("x")}`, "flag it for re-annotation · skip it"],
    ["Enter", "save it and go on"],
    ["Backspace", "undo the last thing, whatever it was"],
    ["?", "this list"],
  ]
}

// What a keydown asks for: {do, ...} or null. The digits of the row above the letters count with Shift and without.
export function actionOf(event, letters = new Letters()) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (pressed === "?") return PLAIN[pressed]
  const digit = /^Digit(\d)$/.exec(event.code ?? "")?.[1] ?? (/^\d$/.test(pressed) ? pressed : "")
  const key = placeOf(event.code) || digit || (event.code && pressed.length === 1 ? "" : letters.placeOfLetter(pressed))
  for (const [axis, keys] of AXIS_KEYS.entries()) {
    if (keys.includes(key)) return { do: "press", axis, mode: keys.indexOf(key) }
  }
  if (TYPE_KEYS.includes(key)) return { do: "type", type: TYPE_KEYS.indexOf(key) }
  if (CONFIDENCE_KEYS.includes(key)) return { do: "confidence", level: CONFIDENCE_KEYS.indexOf(key) }
  return Object.hasOwn(PLAIN, key) ? PLAIN[key] : null
}

// Whether the app around the keyboard view has a use of its own for this key, by its letter.
export function isStreamlits(event) {
  return STREAMLITS.includes(String(event.key).toLowerCase())
}

// Whether a control with the focus has a use of its own for Enter: a link elsewhere, a button, a box within a form.
function usesEnter(target) {
  const link = target.closest("a[href]")
  if (link) return link.pathname !== window.location.pathname
  return !target.matches("input") || Boolean(target.closest("form, [data-testid=stForm]"))
}

// Whether the key belongs to what has the focus: a text being written, or a control for which this key means something.
export function belongsElsewhere(event) {
  const target = event.composedPath()[0]
  if (!(target instanceof Element)) return false
  if (target.closest("[role=dialog], [role=menu], [role=listbox]")) return true
  const editable = target.closest("input, textarea, select, [contenteditable=true]")
  if (editable && !["checkbox", "radio", "button"].includes(editable.type)) return true
  const pressed = editable ?? target.closest("button, a, summary, [role=button], [role=tab], [role=option]")
  if (!pressed) return false
  return event.key === " " || (event.key === "Enter" && usesEnter(pressed))
}
