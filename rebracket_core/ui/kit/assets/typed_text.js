// What is typed into the fields of pages is kept in this tab of the browser, until the tab is closed: it stands there again when the
// page was loaded anew or come back to. Nothing of it goes into the address, and nothing to the server before its form is sent.

const PREFIX = "rebracket.typed/"
const FIELDS = "[data-testid=stTextArea] textarea, [data-testid=stTextInput] input:not([type=password])"
const MOST_TEXTS = 40
const LONGEST = 1_000_000 // characters of one text
const MOST_BASES = 6
const PAUSE_MS = 60

const names = new WeakMap() // field → the name under which it was looked at
const drawn = new Set() // names of fields that stood on a page since this document was loaded
const texts = new Map() // name → the text that was kept last
let owner = ""

function digest(text) {
  let hash = 2166136261
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  return `${text.length}:${hash >>> 0}`
}

// The page and the key of a field; "" for one without a key.
function nameOf(field) {
  const key = [...(field.closest("[class*='st-key-']")?.classList ?? [])].find((one) => one.startsWith("st-key-"))
  return key ? `${PREFIX}${encodeURIComponent(owner)}${location.pathname.replace(/\/$/, "")}/${key}` : ""
}

function stored() {
  return Array.from({ length: sessionStorage.length }, (_, i) => sessionStorage.key(i)).filter((key) => key.startsWith(PREFIX))
}

function read(name) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name) ?? "null")
    return typeof kept?.text === "string" && Array.isArray(kept.bases) ? kept : null
  } catch {
    return null
  }
}

// Lets go of the oldest texts where there are too many.
function makeRoom() {
  const keys = stored()
  if (keys.length < MOST_TEXTS) return
  const oldest = keys.map((key) => [read(key)?.at ?? 0, key]).sort((a, b) => a[0] - b[0])
  for (const [, key] of oldest.slice(0, keys.length - MOST_TEXTS + 1)) sessionStorage.removeItem(key)
}

// Keeps a text; `bases` tell what the server showed in the field when it was typed. Whether it could be kept.
function keep(name, text, bases) {
  texts.set(name, text)
  try {
    sessionStorage.removeItem(name)
    if (text.length > LONGEST) return false
    makeRoom()
    sessionStorage.setItem(name, JSON.stringify({ text, bases: bases.slice(-MOST_BASES), at: Date.now() }))
    return true
  } catch {
    return false // full or forbidden: the text is as safe as any field of a page
  }
}

// What a field holds now is what the server has, or will have in a moment.
function settle(field) {
  const name = names.get(field)
  const bases = (read(name)?.bases ?? []).filter((one) => one !== digest(field.value))
  if (name) keep(name, field.value, [...bases, digest(field.value)])
}

// Puts a text into a field as if it was typed there.
function put(field, text) {
  const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text)
  field.dispatchEvent(new Event("input", { bubbles: true }))
}

// A field has appeared. Its text comes back where the field is empty, or, in a page loaded anew, shows what it showed before.
function restore(field, name) {
  const kept = read(name)
  const afresh = !drawn.has(name)
  drawn.add(name)
  names.set(field, name)
  if (!kept?.text || kept.text === field.value) return settle(field)
  texts.set(name, field.value)
  if (field.value === "" || (afresh && kept.bases.includes(digest(field.value)))) put(field, kept.text)
  else settle(field)
}

function visitFields() {
  for (const field of document.querySelectorAll(FIELDS)) {
    const name = nameOf(field)
    if (name && names.get(field) !== name) restore(field, name)
    else if (name && texts.get(name) !== field.value) settle(field) // the page changed it: what is typed is kept at once
  }
}

function onInput({ target }) {
  const name = names.get(target)
  if (name) keep(name, target.value, read(name)?.bases ?? [])
}

function onKey(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.tagName === "INPUT") && names.has(event.target)) settle(event.target)
}

// Texts of somebody else who was signed in here before.
function forgetOthers() {
  const mine = `${PREFIX}${encodeURIComponent(owner)}/`
  for (const key of stored()) if (!key.startsWith(mine)) sessionStorage.removeItem(key)
}

function listen(root) {
  const stop = new AbortController()
  const more = { signal: stop.signal, capture: true }
  let waiting = null
  const watch = new MutationObserver(() => { waiting ??= setTimeout(() => { waiting = null; visitFields() }, PAUSE_MS) })
  watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] })
  document.addEventListener("input", onInput, more)
  document.addEventListener("keydown", onKey, more)
  document.addEventListener("focusout", ({ target }) => { if (names.has(target)) settle(target) }, more)
  stop.signal.addEventListener("abort", () => { watch.disconnect(); clearTimeout(waiting) })
  root.listening = stop
}

export default function ({ data, parentElement }) {
  completeAddresses()
  owner = data.owner
  const box = (parentElement.host ?? parentElement).closest("[data-testid=stElementContainer]")
  if (box) box.style.position = "absolute" // it shows nothing, and takes no room
  try {
    forgetOthers()
    if (!parentElement.listening) listen(parentElement)
    visitFields()
  } catch {
    return undefined // a browser without a store keeps nothing
  }
  return () => { parentElement.listening?.abort(); parentElement.listening = undefined }
}
