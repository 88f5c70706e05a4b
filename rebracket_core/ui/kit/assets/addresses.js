// A page that is opened writes into its address what it shows. That completes the entry in the browser's history and adds none: the
// Back button would lead to the address before it was complete, the page would complete it again, and nobody could get back.

let untouched = true // nothing was pressed since the page was opened

function completes(url) {
  const next = new URL(url, location.href)
  if (!untouched || next.pathname !== location.pathname) return false
  return [...new URLSearchParams(location.search)].every(([name, value]) => next.searchParams.getAll(name).includes(value))
}

function completeAddresses() {
  if (history.completes) return
  history.completes = true
  const push = history.pushState.bind(history)
  history.pushState = (state, title, url) => {
    if (url && completes(url)) return history.replaceState(state, title, url)
    const from = location.pathname
    push(state, title, url)
    if (location.pathname !== from) untouched = true
  }
  window.addEventListener("popstate", () => { untouched = true }, { capture: true })
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, () => { untouched = false }, { capture: true })
}
