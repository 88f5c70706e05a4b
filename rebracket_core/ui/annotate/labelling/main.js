// The component: one keyboard view for each place where it is mounted. Streamlit calls the default export again at every update.

import { refusalOf } from "./closed.js"
import { LabellingClient, TOO_SOON_MS } from "./desk.js"
import { actionOf, belongsElsewhere, isStreamlits } from "./keys.js"
import { Letters } from "./letters.js"
import { closeConnectionError, storageOf, takeFocus } from "./surroundings.js"
import { Tabs } from "./tabs.js"
import { View } from "./view.js"

const views = new WeakMap()
const LEAVING = ["submit", "skip", "undo"]

class KeyboardView {
  constructor(root, data) {
    this.root = root
    this.client = new LabellingClient(data, storageOf("localStorage"), storageOf("sessionStorage"))
    this.client.sender.silence = () => document.dispatchEvent(new Event("rebracket:wake"))
    this.letters = new Letters(storageOf("localStorage"))
    this.view = new View(root, data, (action) => this.press(action))
    this.view.showLetters(this.letters)
    this.view.onMark = () => this.draw()
    this.tabs = new Tabs(data.person, data.project, {
      onCount: (n) => this.view.showTabs(n),
      onWrite: () => this.client.sender.beat(),
    })
    this.lastPress = { do: "", at: -Infinity }
    this.listen()
    this.letters.ask(navigator.keyboard).then((fresh) => { if (fresh) this.view.showLetters(this.letters) })
  }

  // Whether this client serves the person and project of the data.
  serves(data) {
    return this.client.person === data.person && this.client.project === data.project
  }

  update(data, setStateValue) {
    this.client.sender.give = (message) => setStateValue("outbox", { ...message, ...this.client.about() })
    this.client.receive(data)
    if (data.done?.length) this.tabs.wrote()
    this.draw()
    if (!this.drawn) takeFocus(this.view.part.concept)
    this.drawn = true
    if (!this.client.known) setTimeout(() => this.client.sender.beat())
    this.keepLeases(data.lease_s)
  }

  listen() {
    this.stop = new AbortController()
    const { signal } = this.stop
    document.addEventListener("keydown", (event) => this.onKey(event), { signal })
    document.addEventListener("keydown", (event) => { if (isStreamlits(event)) this.onKey(event, { first: true }) }, { signal, capture: true })
    document.addEventListener("visibilitychange", () => this.onLook(), { signal })
    window.addEventListener("online", () => { this.client.sender.send(); this.draw() }, { signal })
    window.addEventListener("offline", () => this.draw(), { signal })
    window.addEventListener("beforeunload", (event) => { if (this.client.outbox.fragile && this.client.pending()) event.preventDefault() }, { signal })
    window.addEventListener("pagehide", () => this.tabs.bye(), { signal })
    this.ticking = setInterval(() => this.showSaving(), 500)
    this.watch = new MutationObserver(() => closeConnectionError())
    this.watch.observe(document.body, { childList: true })
  }

  onLook() {
    this.client.clock.run(!document.hidden)
    if (document.hidden) this.client.sender.hurry()
  }

  // `first` comes before all others who listen, and keeps from them what means something here.
  onKey(event, { first = false } = {}) {
    if (event.defaultPrevented) return
    this.client.sender.hold()
    const inNote = event.composedPath()[0] === this.view.part.note
    if (inNote && event.key === "Escape") return this.view.part.note.blur()
    if (belongsElsewhere(event) || (event.repeat && event.key !== "Backspace")) return
    const action = actionOf(event, this.letters)
    if (!action) return
    event.preventDefault()
    if (first) event.stopImmediatePropagation()
    const relearned = this.letters.learn(event)
    if (relearned) this.view.showLetters(this.letters)
    if (action.do === "skip" && this.client.justChanged(["skip", "queue"])) return this.tooSoon()
    this.act(action.do === "undo" ? { ...action, stepsAlone: event.repeat } : action)
    if (relearned && !this.client.say) this.speak("Your keyboard has other letters: the keys keep their places, and the hints show your letters now.")
  }

  // A press of a button or on a triangle. One that comes right after the concept changed, or is the second of a double click,
  // was not meant for what stands there now.
  press(action) {
    const now = performance.now()
    const twice = action.do === this.lastPress.do && now - this.lastPress.at < TOO_SOON_MS && LEAVING.includes(action.do)
    const dragged = action.joined && action.do === "answer" // goes with the press that began it
    const early = dragged ? this.lastPress.early : twice || this.client.justChanged()
    this.lastPress = { do: action.do, at: now, early }
    if (early && !["dismiss", "setNote"].includes(action.do)) return this.tooSoon()
    this.act(action)
  }

  tooSoon() {
    this.speak("That press came right after a change and was not taken. Look first, then press again.")
  }

  speak(words) {
    this.client.say = words
    this.draw()
  }

  act(action) {
    const { client, view } = this
    const refusal = refusalOf(client, action)
    if (refusal) return this.speak(refusal)
    if (action.do === "help") return view.toggleHelp()
    if (action.do !== "setNote") view.noteBegun = false
    if (action.do === "dismiss") client.refused = client.refused.filter((one) => one !== action.refusal)
    else if (action.do === "undo") { client.say = ""; view.part.note.blur(); client.undo(action) }
    else if (client.item) this.decide(action)
    client.keepDraft()
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
      setNote: () => draft.note(action.text, action.joined),
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
    this.tabs.close()
    this.client.sender.close()
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
