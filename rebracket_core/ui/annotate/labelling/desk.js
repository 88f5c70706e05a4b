// The work of one person in one project: the concepts handed out, the one in front, what was decided, and undoing it.

import { Draft } from "./draft.js"
import { Outbox, Sender } from "./outbox.js"
import { Clock, Pace } from "./time.js"

const RUNNING_LOW = 4 // reserved concepts below which new ones are requested at once
const same = (one, other) => one.item_id === other.item_id && one.round === other.round

export class LabellingClient {
  constructor(data, storage) {
    this.person = data.person
    this.project = data.project
    this.outbox = new Outbox(data.person, data.project, storage)
    this.sender = new Sender(this.outbox)
    this.queue = []
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

  receive(data) {
    this.data = { ...this.data, ...data, done: data.done, items: data.items, lost: data.lost }
    this.last = data.last ?? this.last
    const done = data.done ?? []
    for (const ack of done) if (ack.status === "refused") this.refuse(ack)
    if (data.progress) this.saved = 0
    else this.saved += this.outbox.load().filter((entry) => entry.kind === "label" && this.kept(entry, done)).length
    this.sender.answered(done.map((ack) => ack.id))
    const away = this.decided()
    const lost = new Set(data.lost ?? [])
    this.queue = this.queue.filter((item, i) => !lost.has(item.lease_id) || (i === 0 && this.draftOf(item).touched))
    for (const item of data.items ?? []) this.take(item, away)
    if (!this.known) this.remember(data.recent ?? [])
    this.known = true
    this.start()
  }

  kept(entry, done) {
    return done.some((ack) => ack.id === entry.id && ack.status !== "refused")
  }

  refuse(ack) {
    const entry = this.outbox.load().find((one) => one.id === ack.id)
    if (!entry) return
    this.refused.push({ reason: ack.reason, kind: entry.kind, text: entry.about ?? "" })
    this.history = this.history.filter((one) => one.id !== ack.id)
  }

  // The items whose label or skip is on its way: they are not to come back into the queue.
  decided() {
    const away = new Map()
    for (const entry of this.outbox.load()) {
      if (entry.kind === "label" || entry.kind === "skip") away.set(`${entry.item_id} ${entry.round}`, entry.id)
      if (entry.kind === "undo") for (const [key, id] of away) if (id === entry.target) away.delete(key)
    }
    return away
  }

  take(item, away) {
    if (away.has(`${item.item_id} ${item.round}`)) return
    const at = this.queue.findIndex((one) => same(one, item))
    if (at >= 0) this.queue[at] = { ...this.queue[at], ...item }
    else this.queue.push(item)
  }

  // What this person did before the page was loaded, newest first, so that it can be undone too.
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
    const key = `${item.item_id} ${item.round}`
    if (!this.drafts.has(key)) this.drafts.set(key, new Draft())
    return this.drafts.get(key)
  }

  get draft() {
    return this.item && this.draftOf(this.item)
  }

  start() {
    this.clock.face(this.item && `${this.item.item_id} ${this.item.round}`)
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
    this.drafts.delete(`${item.item_id} ${item.round}`)
    this.history.push({ id: entry.id, item, draft })
    this.queue.shift()
    this.say = kind === "label" ? "" : "Skipped."
    this.start()
    this.sender.push()
    if (this.queue.length < RUNNING_LOW) this.sender.hurry()
  }

  add(kind, item, more) {
    const about = item ? item.text.slice(0, 60) : ""
    const place = item ? { item_id: item.item_id, round: item.round } : {}
    return this.outbox.add({ kind, ...place, about, ...more, client_time: new Date().toISOString() })
  }

  // Takes back the last thing: a step of the draft, else the last label or skip, which brings its concept back in front.
  undo() {
    if (this.draft?.undo()) return true
    const last = this.history.pop()
    if (!last) {
      this.say = "There is nothing to undo."
      return false
    }
    this.add("undo", last.item, { target: last.id })
    this.queue = [last.item, ...this.queue.filter((item) => !same(item, last.item))]
    this.drafts.set(`${last.item.item_id} ${last.item.round}`, last.draft)
    this.say = "Taken back."
    this.start()
    this.sender.push()
    return true
  }

  holding() {
    return this.queue.map((item) => ({ item_id: item.item_id, lease_id: item.lease_id }))
  }

  pending() {
    return this.outbox.load().length
  }

  close() {
    this.sender.close()
  }
}
