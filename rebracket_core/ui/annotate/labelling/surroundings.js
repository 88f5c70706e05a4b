// What is around the keyboard view: the browser's stores, and Streamlit's page.

const LEADING_HERE = "[data-testid=stSidebarNav] a, .st-key-label-project, .st-key-label-mode" // what was used to come here

// A store of the browser, "localStorage" or "sessionStorage"; undefined where reading it is forbidden.
export function storageOf(name) {
  try {
    return window[name]
  } catch {
    return undefined
  }
}

// Without a server Streamlit puts a dialog over everything, which takes the keys. The client goes on and says "offline" itself.
export function closeConnectionError() {
  for (const title of document.querySelectorAll("body > [data-testid=stDialog] h2[slot=title]")) {
    const close = title.parentElement.querySelector("button[aria-label=Close]")
    if (title.textContent.trim() === "Connection error") close?.click()
  }
}

// Gives the focus to a part of the keyboard view where it stayed on what led to the keyboard view, so that Enter is not taken for a press there.
export function takeFocus(part) {
  const active = document.activeElement
  if (!active || active === document.body || active.closest(LEADING_HERE)) part.focus({ preventScroll: true })
}
