// What is being said of one concept before it is saved, with every step that led there, so that each can be undone.

import { CANNOT_TELL, even, fromAxisLabel, press, sameAnswer, toAxisLabel } from "./presses.js"

const BLANK = { axes: [null, null, null], trails: [null, null, null], types: null, confidence: null, note: "", flag: false }

export class Draft {
  constructor(now = BLANK, past = []) {
    this.now = structuredClone(now)
    this.past = past
  }

  // The draft that says what a saved label says.
  static of(value, axes) {
    return new Draft({
      ...BLANK,
      axes: axes.map((axis) => fromAxisLabel(value[axis.name])),
      types: value.types,
      confidence: value.confidence,
      note: value.note,
      flag: value.flag,
    })
  }

  // The draft that was kept (see kept.js), or a blank one.
  static from(kept) {
    const whole = (now) => ({ ...BLANK, ...now })
    return kept ? new Draft(whole(kept.now), kept.past.map(whole)) : new Draft()
  }

  // Does one thing; nothing is kept where it changed nothing. Returns whether it did.
  change(make) {
    const next = structuredClone(this.now)
    make(next)
    if (JSON.stringify(next) === JSON.stringify(this.now)) return false
    this.past.push(this.now)
    this.now = next
    return true
  }

  press(axis, mode, presets) {
    return this.change((now) => {
      const found = press(now.trails[axis], mode, presets)
      now.axes[axis] = found.answer
      now.trails[axis] = found.trail
    })
  }

  // Sets an axis otherwise than by its keys. `joined` makes it one step with the one before, as while a point is dragged.
  answer(axis, answer, joined = false) {
    if (joined && this.past.length) {
      this.now.axes[axis] = answer
      return true
    }
    return this.change((now) => {
      now.axes[axis] = answer
      now.trails[axis] = null
    })
  }

  even(axis, presets) {
    return this.answer(axis, even(presets))
  }

  cannotTell(axis) {
    return this.answer(axis, CANNOT_TELL)
  }

  toggleType(name) {
    return this.change((now) => {
      const has = now.types ?? []
      now.types = has.includes(name) ? has.filter((type) => type !== name) : [...has, name]
    })
  }

  noType() {
    return this.change((now) => { now.types = now.types?.length === 0 ? null : [] })
  }

  confidence(level) {
    return this.change((now) => { now.confidence = now.confidence === level ? null : level })
  }

  flag() {
    return this.change((now) => { now.flag = !now.flag })
  }

  // `joined` makes it one step with the one before, as while it is being written.
  note(text, joined = false) {
    if (joined && this.past.length) {
      this.now.note = text
      return true
    }
    return this.change((now) => { now.note = text })
  }

  undo() {
    if (!this.past.length) return false
    this.now = this.past.pop()
    return true
  }

  get touched() {
    return !sameAnswer(this.now, BLANK)
  }

  open() {
    return this.now.axes.flatMap((answer, axis) => (answer ? [] : [axis]))
  }

  // The label as the engine takes it.
  value(axes) {
    const answers = Object.fromEntries(axes.map((axis, i) => [axis.name, toAxisLabel(this.now.axes[i])]))
    const { types, confidence, note, flag } = this.now
    return { ...answers, types, confidence, note: note.trim(), flag }
  }
}
