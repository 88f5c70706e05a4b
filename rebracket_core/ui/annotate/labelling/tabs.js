// The other tabs of this browser in which the same person has the same project open: each is asked, and each answers.

import { newId } from "./outbox.js"

const ANSWER_MS = 600
const AGAIN_MS = 10_000

export class Tabs {
  // `onCount` hears how many others there are whenever that changes, `onWrite` that another one wrote something.
  constructor(person, project, { onCount, onWrite }) {
    this.id = newId()
    this.found = new Set()
    this.others = 0
    this.onCount = onCount
    this.onWrite = onWrite
    if (typeof BroadcastChannel === "undefined") return
    this.channel = new BroadcastChannel(`rebracket.labelling/${encodeURIComponent(person)}/${encodeURIComponent(project)}`)
    this.channel.onmessage = ({ data }) => this.take(data)
    this.query()
    this.polling = setInterval(() => { if (!document.hidden) this.query() }, AGAIN_MS)
  }

  query() {
    if (!this.channel) return
    clearTimeout(this.counting)
    this.found = new Set()
    this.channel.postMessage({ word: "who", from: this.id })
    this.counting = setTimeout(() => this.count(), ANSWER_MS)
  }

  take({ word, from }) {
    if (word === "wrote") return this.onWrite()
    if (word === "bye") this.found.delete(from)
    else this.found.add(from)
    if (word === "who") this.channel.postMessage({ word: "here", from: this.id })
    this.count({ more: word !== "bye" })
  }

  // While answers are still coming in the number only grows, so that the notice does not flicker.
  count({ more = false } = {}) {
    const n = more ? Math.max(this.others, this.found.size) : this.found.size
    if (n === this.others) return
    this.others = n
    this.onCount(n)
  }

  wrote() {
    this.channel?.postMessage({ word: "wrote", from: this.id })
  }

  bye() {
    this.channel?.postMessage({ word: "bye", from: this.id })
  }

  close() {
    clearTimeout(this.counting)
    clearInterval(this.polling)
    this.bye()
    this.channel?.close()
    this.channel = undefined
  }
}
