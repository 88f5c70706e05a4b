// What is half-made, kept in this browser: the draft of each concept, and in this tab which concept stands in front.

const DRAFTS = "rebracket.draft"
const FRONT = "rebracket.front"
const KEPT_MS = 30 * 24 * 3600 * 1000
const KEPT_STEPS = 50 // steps of a draft that can still be undone after the page was loaded anew

export class Kept {
  constructor(person, project, { drafts, tab }) {
    const place = `${encodeURIComponent(person)}/${encodeURIComponent(project)}`
    this.prefix = `${DRAFTS}/${place}/`
    this.frontKey = `${FRONT}/${place}`
    this.drafts = drafts
    this.tab = tab
    this.sweep()
  }

  // The parts of the draft of a concept, {now, past}; null where none is kept or it cannot be read.
  read(key) {
    try {
      const { now, past } = JSON.parse(this.drafts.getItem(this.prefix + key) ?? "{}")
      const whole = [now, ...(past ?? [])].every((one) => one?.axes?.length === 3 && one.trails?.length === 3)
      return whole ? { now, past: past ?? [] } : null
    } catch {
      return null
    }
  }

  // Keeps a draft, or lets go of one that says nothing and has no step to undo. Whether that could be done.
  keep(key, draft) {
    try {
      if (!draft?.touched && !draft?.past.length) this.drafts.removeItem(this.prefix + key)
      else this.drafts.setItem(this.prefix + key, JSON.stringify({ now: draft.now, past: draft.past.slice(-KEPT_STEPS), at: Date.now() }))
      return true
    } catch {
      return false
    }
  }

  // The concept that stood in front in this tab; null where that is not known.
  front() {
    try {
      return JSON.parse(this.tab?.getItem(this.frontKey) ?? "null")
    } catch {
      return null
    }
  }

  setFront(item) {
    try {
      if (item) this.tab?.setItem(this.frontKey, JSON.stringify(item))
      return true
    } catch {
      return false
    }
  }

  // Drafts of concepts that never came back go after a month.
  sweep() {
    try {
      const keys = Array.from({ length: this.drafts.length }, (_, i) => this.drafts.key(i))
      for (const key of keys.filter((one) => one.startsWith(this.prefix))) {
        const at = JSON.parse(this.drafts.getItem(key)).at
        if (!(Date.now() - at < KEPT_MS)) this.drafts.removeItem(key)
      }
      return true
    } catch {
      return false
    }
  }
}
