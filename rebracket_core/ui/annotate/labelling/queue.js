// The concepts handed out, as a list: the first one stands in front, and nothing but its reader moves it from there.

// A concept's name within a project: its id and the round of labels.
export function keyOf(item) {
  return `${item.item_id} ${item.round}`
}

export function same(one, other) {
  return keyOf(one) === keyOf(other)
}

// The queue with what the server says of its leases: `leases` are the new ones by item id, `lost` those that hold no more. What
// is reserved no more goes, but never the concept in front, nor one of `undoing`, whose undo the server has not seen yet.
export function keepReserved(queue, { leases, lost, undoing }) {
  for (const item of queue) {
    const lease = leases[item.item_id]
    if (lease) item.lease_id = lease
    item.lost = !lease && lost.has(item.lease_id) && !undoing.has(keyOf(item))
  }
  return queue.filter((item, i) => i === 0 || !item.lost)
}

// Puts a concept at the end, or what is new of it where it stands already.
export function putIn(queue, item) {
  const at = queue.findIndex((one) => same(one, item))
  if (at >= 0) queue[at] = { ...queue[at], ...item, lost: false }
  else queue.push(item)
}

// The queue with the concept in front that stood there before the page was loaded anew: where it is there, or where `stays`
// says that it stays although it is not: half-labelled, or one whose undo the server has not seen yet.
export function broughtForward(queue, front, stays) {
  if (!front?.item_id) return queue
  const there = queue.find((item) => same(item, front)) ?? (stays(keyOf(front)) ? front : null)
  return there ? [there, ...queue.filter((item) => !same(item, front))] : queue
}
