// What was decided and not yet acknowledged: kept in this browser, one entry a key, so that two tabs never overwrite each other.

const ROOM = "rebracket.outbox"

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

// The outbox of one person in one project. `storage` is the browser's localStorage; where that is full or forbidden the
// entries live in memory only, and `fragile` says so.
export class Outbox {
  constructor(person, project, storage) {
    this.prefix = `${ROOM}/${encodeURIComponent(person)}/${encodeURIComponent(project)}/`
    this.storage = storage
    this.memory = new Map()
    this.fragile = false
    this.order = this.load().reduce((last, entry) => Math.max(last, entry.order), 0)
  }

  load() {
    const found = []
    try {
      for (let i = 0; i < this.storage.length; i += 1) {
        const key = this.storage.key(i)
        if (key.startsWith(this.prefix)) found.push(JSON.parse(this.storage.getItem(key)))
      }
    } catch {
      this.fragile = true
    }
    const all = new Map([...found, ...this.memory.values()].map((entry) => [entry.id, entry]))
    return [...all.values()].sort((a, b) => a.order - b.order || a.at - b.at)
  }

  // Keeps an entry and returns it with its id, its place in the order and the time of this computer (ms).
  add(entry) {
    this.order += 1
    const kept = { ...entry, id: newId(), order: this.order, at: Date.now() }
    this.memory.set(kept.id, kept)
    try {
      this.storage.setItem(this.prefix + kept.id, JSON.stringify(kept))
      this.memory.delete(kept.id)
    } catch {
      this.fragile = true
    }
    return kept
  }

  // Lets go of the entries that the server has kept or refused; returns how many there were.
  remove(ids) {
    let n = 0
    for (const id of ids) {
      if (this.memory.delete(id)) n += 1
      try {
        if (this.storage.getItem(this.prefix + id) !== null) {
          this.storage.removeItem(this.prefix + id)
          n += 1
        }
      } catch {
        this.fragile = true
      }
    }
    return n
  }
}

// Sends the outbox again and again until it is empty: one batch under way at a time, and once more when no answer came.
// An answer makes the page around the component draw itself anew, which holds the browser up for tens of milliseconds. A batch
// therefore waits for a pause between the keys, `quiet` ms long, but never more than `longest` ms.
export class Sender {
  constructor(outbox, { patience = [2500, 4000, 8000, 15000], quiet = 250, longest = 2000 } = {}) {
    this.outbox = outbox
    this.patience = patience
    this.quiet = quiet
    this.longest = longest
    this.pause = null
    this.due = null // the time (ms) at which what was pushed goes, pause or not; null where nothing was pushed
    this.batch = 0
    this.tries = 0
    this.timer = null
    this.waiting = false
    this.give = null // sets the component's state; the newest one counts
    this.silence = () => {} // called where no answer came twice: a server that was started anew does not know this page
  }

  push() {
    if (this.waiting) return
    this.due ??= performance.now() + this.longest
    this.hold()
  }

  // A key was pressed: what was pushed waits for the next pause.
  hold() {
    if (this.due === null) return
    clearTimeout(this.pause)
    this.pause = setTimeout(() => this.send(), Math.max(0, Math.min(this.quiet, this.due - performance.now())))
  }

  // The page may be gone in a moment: what was pushed goes now.
  hurry() {
    if (this.due !== null) this.send()
  }

  send() {
    const entries = this.outbox.load()
    clearTimeout(this.timer)
    clearTimeout(this.pause)
    this.due = null
    this.waiting = entries.length > 0
    if (!this.waiting || !this.give) return
    this.batch += 1
    this.timer = setTimeout(() => this.again(), this.wait())
    this.give({ batch: this.batch, entries })
  }

  wait() {
    return this.patience[Math.min(this.tries, this.patience.length - 1)]
  }

  // No answer: the batch is sent again, and every other time the whole page is asked for instead, which brings the batch along.
  // Both at once would be taken for the component's own part of the page alone.
  again() {
    this.tries += 1
    if (this.tries % 2) return this.send()
    this.silence()
    this.timer = setTimeout(() => this.again(), this.wait())
  }

  // The server has answered a batch: what it holds is safe, and what was added meanwhile goes next.
  answered(done) {
    const fresh = this.outbox.remove(done) > 0
    if (!fresh && this.waiting && !this.late()) return // an answer to something else: ours is still under way
    this.tries = 0
    this.waiting = false
    clearTimeout(this.timer)
    if (this.outbox.load().length) this.push()
  }

  // Speaks up although nothing is pending: leases live on, and an empty queue may have filled.
  beat() {
    if (this.waiting || this.due !== null || !this.give) return
    this.batch += 1
    this.give({ batch: this.batch, entries: [] })
  }

  late() {
    return this.tries > 0
  }

  close() {
    clearTimeout(this.timer)
    clearTimeout(this.pause)
    this.give = null
  }
}
