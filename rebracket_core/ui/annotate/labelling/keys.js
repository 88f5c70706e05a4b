// Which key does what. C and R are Streamlit's own and are left alone, and so is everything pressed with Ctrl, Alt or Meta.

export const AXIS_KEYS = [["1", "2", "3"], ["q", "w", "e"], ["a", "s", "d"]]
export const CONFIDENCE_KEYS = ["5", "6", "7"]
export const EVEN_KEY = "9"
export const CANNOT_TELL_KEY = "0"
export const TYPE_KEYS = ["y", "u", "i", "o", "h", "j", "k", "l"]
export const NO_TYPE_KEY = "p"

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

export const HELP = [
  ["1 2 3 · q w e · a s d", "the modes of the three axes. One key: wholly that mode. A second: mostly the first, slightly the second. Again: two equally, then all three equally"],
  [EVEN_KEY, "all three equally, on the marked axis"],
  [CANNOT_TELL_KEY, "cannot tell, on the marked axis (the first without an answer, or the one in focus)"],
  ["arrows", "move the point of the triangle in focus; with Shift in small steps"],
  [TYPE_KEYS.join(" "), "the rebracketing types, as many as fit; p for none of them"],
  [CONFIDENCE_KEYS.join(" "), "how sure you are"],
  ["n", "write a note; Esc leaves it"],
  ["f · x", "flag it for re-annotation · skip it"],
  ["Enter", "save it and go on"],
  ["Backspace", "undo the last thing, whatever it was"],
  ["?", "this list"],
]

// What a keydown asks for: {do, ...} or null. `digit` helps keyboards on which digits need Shift.
export function actionOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null
  const digit = /^Digit(\d)$/.exec(event.code)?.[1]
  for (const key of [event.key.length === 1 ? event.key.toLowerCase() : event.key, event.key === "?" ? null : digit]) {
    if (!key) continue
    for (const [axis, keys] of AXIS_KEYS.entries()) {
      if (keys.includes(key)) return { do: "press", axis, mode: keys.indexOf(key) }
    }
    if (TYPE_KEYS.includes(key)) return { do: "type", type: TYPE_KEYS.indexOf(key) }
    if (CONFIDENCE_KEYS.includes(key)) return { do: "confidence", level: CONFIDENCE_KEYS.indexOf(key) }
    if (Object.hasOwn(PLAIN, key)) return PLAIN[key]
  }
  return null
}

// Whether the key belongs to what has the focus: a text being written, or a control for which this key means something.
export function belongsElsewhere(event) {
  const target = event.composedPath()[0]
  if (!(target instanceof Element)) return false
  if (target.closest("[role=dialog], [role=menu], [role=listbox]")) return true
  const editable = target.closest("input, textarea, select, [contenteditable=true]")
  if (editable) return !["checkbox", "radio", "button"].includes(editable.type) || event.key === "Enter"
  const pressed = target.closest("button, a, summary, [role=button], [role=tab], [role=option]")
  return Boolean(pressed) && (event.key === " " || event.key === "Enter")
}
