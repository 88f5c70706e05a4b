// The component: one keyboard view for each place where it is mounted. Streamlit calls the default export again at every update.

import { LabellingClient } from "./desk.js"
import { actionOf, belongsElsewhere } from "./keys.js"
import { View } from "./view.js"

const views = new WeakMap()

// Without a server Streamlit puts a dialog over everything, which takes the keys. The client goes on and says "offline" itself.
function closeConnectionError() {
  for (const title of document.querySelectorAll("body > [data-testid=stDialog] h2[slot=title]")) {
    const close = title.parentElement.querySelector("button[aria-label=Close]")
    if (title.textContent.trim() === "Connection error") close?.click()
  }
}

class KeyboardView {
  constructor(root, data) {
    this.root = root
    this.client = new LabellingClient(data, window.localStorage)
    this.client.sender.silence = () => document.dispatchEvent(new Event("rebracket:wake"))
    this.view = new View(root, data, (action) => this.act(action))
    this.view.onMark = () => this.draw()
    this.listen()
  }

  // Whether this client serves the person and project of the data.
  serves(data) {
    return this.client.person === data.person && this.client.project === data.project
  }

  update(data, setStateValue) {
    this.client.sender.give = (message) => setStateValue("outbox", { ...message, holding: this.client.holding() })
    this.client.receive(data)
    this.draw()
    this.keepLeases(data.lease_s)
  }

  listen() {
    this.stop = new AbortController()
    const { signal } = this.stop
    document.addEventListener("keydown", (event) => this.onKey(event), { signal })
    document.addEventListener("visibilitychange", () => this.onLook(), { signal })
    window.addEventListener("online", () => { this.client.sender.send(); this.draw() }, { signal })
    window.addEventListener("offline", () => this.draw(), { signal })
    window.addEventListener("beforeunload", (event) => { if (this.client.outbox.fragile && this.client.pending()) event.preventDefault() }, { signal })
    this.ticking = setInterval(() => this.showSaving(), 500)
    this.watch = new MutationObserver(() => closeConnectionError())
    this.watch.observe(document.body, { childList: true })
  }

  onLook() {
    this.client.clock.run(!document.hidden)
    if (document.hidden) this.client.sender.hurry()
  }

  onKey(event) {
    if (event.defaultPrevented) return
    this.client.sender.hold()
    const inNote = event.composedPath()[0] === this.view.part.note
    if (inNote && event.key === "Escape") return this.view.part.note.blur()
    if (belongsElsewhere(event) || (event.repeat && event.key !== "Backspace")) return
    const action = actionOf(event)
    if (!action) return
    event.preventDefault()
    this.act(action)
  }

  act(action) {
    const { client, view } = this
    if (action.do === "help") return view.toggleHelp()
    if (action.do === "dismiss") client.refused = client.refused.filter((one) => one !== action.refusal)
    else if (action.do === "undo") { client.say = ""; client.undo() }
    else if (client.item) this.decide(action)
    this.draw()
    if (action.do === "note" && client.item) view.part.note.focus()
  }

  decide(action) {
    const { client, view } = this
    const { draft, data } = client
    const axis = action.axis ?? view.marked(draft)
    client.say = ""
    const does = {
      press: () => draft.press(axis, action.mode, data.presets),
      answer: () => draft.answer(axis, action.answer, action.joined),
      even: () => draft.even(axis, data.presets),
      cannotTell: () => draft.cannotTell(axis),
      type: () => draft.toggleType(data.types[action.type]),
      noType: () => draft.noType(),
      confidence: () => draft.confidence(data.confidence[action.level][1]),
      flag: () => draft.flag(),
      setNote: () => draft.note(action.text),
      submit: () => { this.takeNote(); client.submit() },
      skip: () => { this.takeNote(); client.skip() },
    }
    does[action.do]?.()
  }

  // What stands in the note counts even where the field was not left.
  takeNote() {
    const { note } = this.view.part
    if (note.getRootNode().activeElement === note) {
      this.client.draft.note(note.value)
      note.blur()
    }
  }

  draw() {
    this.view.show(this.client)
    this.showSaving()
  }

  showSaving() {
    const { client } = this
    const n = client.pending()
    const offline = !navigator.onLine || client.sender.late()
    const fragile = client.outbox.fragile ? " This browser keeps nothing: do not close the page." : ""
    const words = offline && n ? `offline, ${n} kept in this browser` : offline ? "offline" : n ? `${n} pending` : "all saved"
    this.view.showSaving(words + (n ? fragile : ""), offline ? "offline" : n ? "pending" : "saved")
  }

  // Asks again well before the leases run out, as long as somebody looks at the page.
  keepLeases(lease_s) {
    clearTimeout(this.beat)
    this.beat = setTimeout(() => {
      if (!document.hidden) this.client.sender.beat()
      this.keepLeases(lease_s)
    }, Math.max(5, lease_s / 3) * 1000)
  }

  close() {
    this.stop.abort()
    clearInterval(this.ticking)
    this.watch.disconnect()
    clearTimeout(this.beat)
    this.client.close()
  }
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  let shown = views.get(parentElement)
  if (shown && !shown.serves(data)) {
    shown.close()
    shown = undefined
  }
  if (!shown) {
    shown = new KeyboardView(parentElement, data)
    views.set(parentElement, shown)
  }
  shown.update(data, setStateValue)
  return () => {
    views.get(parentElement)?.close()
    views.delete(parentElement)
  }
}
