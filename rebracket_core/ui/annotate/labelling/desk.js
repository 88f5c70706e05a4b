// The work of one person in one project: the concepts handed out, the one in front, what was decided, and undoing it.

import { Draft } from "./draft.js"
import { Kept } from "./kept.js"
import { newId, Outbox, Sender } from "./outbox.js"
import { broughtForward, keepReserved, keyOf, putIn, same } from "./queue.js"
import { Clock, Pace } from "./time.js"

const RUNNING_LOW = 4 // reserved concepts below which new ones are requested at once
export const TOO_SOON_MS = 300 // a press so soon after the concept in front changed was meant for the one before

export class LabellingClient {
  // `storage` is the browser's localStorage, `tab` what lives as long as this tab: its sessionStorage.
  constructor(data, storage, tab) {
    this.person = data.person
    this.project = data.project
    this.outbox = new Outbox(data.person, data.project, storage)
    this.sender = new Sender(this.outbox)
    this.kept = new Kept(data.person, data.project, { drafts: storage, tab })
    this.id = newId()
    this.queue = []
    this.changed = { at: -Infinity, by: "" } // when the concept in front changed, and what did it
    this.drafts = new Map()
    this.history = []
    this.refused = []
    this.clock = new Clock()
    this.pace = new Pace()
    this.saved = 0
    this.known = false
    this.data = { progress: { done: 0, total: 0, mine: 0 }, ...data }
    this.last = null
    this.say = "" // the last thing worth saying aloud
  }

  // ---- what comes from the server -----------------------------------------------------------------------------------

  receive(given) {
    const data = this.isMine(given) ? given : { ...given, items: [], recent: [], lost: [], leases: {} }
    this.data = { ...this.data, ...data, done: data.done, items: data.items, problem: data.problem }
    this.last = data.last ?? this.last
    const done = data.done ?? []
    for (const ack of done) if (ack.status === "refused") this.refuse(ack)
    if (data.progress) this.saved = 0
    else this.saved += this.outbox.load().filter((entry) => entry.kind === "label" && this.isKept(entry, done)).length
    this.sender.answered(done.map((ack) => ack.id))
    const away = this.decided()
    const wasEmpty = !this.queue.length
    const undoing = new Set(this.outbox.load().filter((entry) => entry.kind === "undo").map(keyOf))
    this.queue = keepReserved(this.queue, { leases: data.leases ?? {}, lost: new Set(data.lost ?? []), undoing })
    for (const item of data.items ?? []) if (!away.has(keyOf(item))) putIn(this.queue, item)
    if (!this.known) this.remember(data.recent ?? [])
    if (wasEmpty) this.queue = broughtForward(this.queue, this.kept.front(), (key) => undoing.has(key) || this.kept.read(key) !== null)
    this.start(this.known ? "queue" : "load")
    this.known ||= this.isMine(given)
  }

  // Whether a reply is to this client, or to nobody yet: one that was mounted anew first sees what its forerunner was sent.
  isMine(reply) {
    return !reply.client || reply.client === this.id
  }

  isKept(entry, done) {
    return done.some((ack) => ack.id === entry.id && ack.status !== "refused")
  }

  refuse(ack) {
    const entry = this.outbox.load().find((one) => one.id === ack.id)
    if (!entry) return
    this.refused.push({ reason: ack.reason, kind: entry.kind, text: entry.about ?? "" })
    this.history = this.history.filter((one) => one.id !== ack.id)
    if (entry.value) this.kept.keep(keyOf(entry), Draft.of(entry.value, this.data.axes)) // for when the concept comes back
  }

  // The items whose label or skip is on its way: they are not to come back into the queue.
  decided() {
    const away = new Map()
    for (const entry of this.outbox.load()) {
      if (entry.kind === "label" || entry.kind === "skip") away.set(keyOf(entry), entry.id)
      if (entry.kind === "undo") for (const [key, id] of away) if (id === entry.target) away.delete(key)
    }
    return away
  }

  // What this person did before the page was loaded, newest first: it can be undone too.
  remember(recent) {
    const undone = new Set(this.outbox.load().filter((entry) => entry.kind === "undo").map((entry) => entry.target))
    this.history = recent
      .filter((one) => !undone.has(one.id))
      .map((one) => ({ id: one.id, item: one.item, draft: one.value ? Draft.of(one.value, this.data.axes) : new Draft() }))
      .reverse()
  }

  // ---- the concept in front -------------------------------------------------------------------------------------------

  get item() {
    return this.queue[0] ?? null
  }

  draftOf(item) {
    const key = keyOf(item)
    if (!this.drafts.has(key)) this.drafts.set(key, Draft.from(this.kept.read(key)))
    return this.drafts.get(key)
  }

  get draft() {
    return this.item && this.draftOf(this.item)
  }

  // Keeps the draft in front, so that it is there again when the page was left or loaded anew.
  keepDraft() {
    if (this.item) this.kept.keep(keyOf(this.item), this.draft)
  }

  start(by) {
    const key = this.item && keyOf(this.item)
    if (this.clock.face(key)) this.changed = { at: performance.now(), by }
    this.kept.setFront(this.item)
    if (this.item?.suggestion && !this.item.shown_at) this.item.shown_at = new Date().toISOString()
  }

  // ---- decisions --------------------------------------------------------------------------------------------------------

  submit() {
    const open = this.draft.open()
    if (open.length) {
      const names = open.map((axis) => this.data.axes[axis].name).join(" and ")
      this.say = `Not saved yet: ${names} ${open.length > 1 ? "have" : "has"} no answer. 0 means “cannot tell”.`
      return false
    }
    this.leave("label", { value: this.draft.value(this.data.axes) })
    this.pace.tick()
    return true
  }

  skip() {
    const { flag, note } = this.draft.now
    if (flag) this.add("flag", this.item, { note: note.trim() })
    this.leave("skip", { reason: note.trim() })
    return true
  }

  leave(kind, more) {
    const item = this.item
    const draft = this.draft
    const active_s = this.clock.take()
    const entry = this.add(kind, item, {
      ...more, active_s, shown_at: item.shown_at ?? "", text_digest: item.text_digest, lease_id: item.lease_id,
      guideline_version: this.data.guideline_version,
    })
    this.drafts.delete(keyOf(item))
    this.kept.keep(keyOf(item), null)
    this.history.push({ id: entry.id, item, draft })
    this.queue.shift()
    this.say = kind === "label" ? "" : "Skipped."
    this.start(kind)
    this.sender.push()
    if (this.queue.length < RUNNING_LOW) this.sender.hurry()
  }

  add(kind, item, more) {
    const about = item ? item.text.slice(0, 60) : ""
    const place = item ? { item_id: item.item_id, round: item.round } : {}
    return this.outbox.add({ kind, ...place, about, ...more, client_time: new Date().toISOString() })
  }

  // Whether the concept in front changed a moment ago, by one of these, so that a press was meant for the one before.
  justChanged(by = ["queue", "label", "skip", "undo"]) {
    return performance.now() - this.changed.at < TOO_SOON_MS && by.includes(this.changed.by)
  }

  // Takes back the last thing: a step of the draft, else the last label or skip, which brings its concept back in front;
  // with `stepsAlone` it never leaves the concept in front.
  undo({ stepsAlone = false } = {}) {
    if (this.draft?.undo()) return true
    if (stepsAlone) return false
    const last = this.history.pop()
    if (!last) {
      this.say = "There is nothing to undo."
      return false
    }
    this.add("undo", last.item, { target: last.id })
    this.queue = [last.item, ...this.queue.filter((item) => !same(item, last.item))]
    this.drafts.set(keyOf(last.item), last.draft)
    this.keepDraft()
    this.say = "Taken back."
    this.start("undo")
    this.sender.push()
    return true
  }

  // What every message says of this client beside what it sends.
  about() {
    const holding = this.queue.map((item) => ({ item_id: item.item_id, lease_id: item.lease_id }))
    return { client: this.id, fresh: !this.known, holding }
  }

  pending() {
    return this.outbox.load().length
  }
}
