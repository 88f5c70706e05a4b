// How long a concept was really looked at, and how many are done a minute.

export class Clock {
  constructor() {
    this.key = null
    this.spent = 0
    this.since = null
    this.running = true
  }

  // A concept stands in front now; the same one again changes nothing. Whether it is another one.
  face(key) {
    if (key === this.key) return false
    this.key = key
    this.spent = 0
    this.since = this.running ? performance.now() : null
    return true
  }

  // The page was left (false) or looked at again (true): time away is not counted.
  run(running) {
    if (running === this.running) return
    if (!running && this.since !== null) this.spent += performance.now() - this.since
    this.since = running ? performance.now() : null
    this.running = running
  }

  // The seconds spent on the concept in front; it is done.
  take() {
    const now = this.since === null ? 0 : performance.now() - this.since
    const seconds = (this.spent + now) / 1000
    this.key = null
    return Number(seconds.toFixed(3))
  }
}

const WINDOW_MS = 5 * 60 * 1000

export class Pace {
  constructor() {
    this.ticks = []
  }

  tick(now = Date.now()) {
    this.ticks = [...this.ticks.filter((at) => now - at < WINDOW_MS), now]
  }

  // Labels a minute over the last five minutes of work, in words; "" before the third.
  words() {
    if (this.ticks.length < 3) return ""
    const minutes = (this.ticks.at(-1) - this.ticks[0]) / 60_000
    if (minutes <= 0) return ""
    const pace = (this.ticks.length - 1) / minutes
    return `${pace >= 10 ? Math.round(pace) : pace.toFixed(1)} a minute`
  }
}
