// Small pieces of the page. Text from data only ever becomes a text node.

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node[key] = value
    else node.setAttribute(key, value)
  }
  node.append(...children)
  return node
}

// A button with its key. A click does not give it the focus, so that Enter goes on meaning "save" for whoever uses both.
export function keyButton(label, key, onclick, attributes = {}) {
  const hold = { onmousedown: (event) => event.preventDefault() }
  const shown = el("kbd", { "aria-hidden": "true", "data-key": key }, key)
  return el("button", { type: "button", ...attributes, ...hold, onclick }, el("span", {}, label), shown)
}

export function toggleButton(label, key, onclick) {
  return keyButton(label, key, onclick, { "aria-pressed": "false", "aria-keyshortcuts": key })
}

export function pressed(button, on) {
  button.setAttribute("aria-pressed", String(Boolean(on)))
}

// Writes the reader's own letters (see letters.js) on everything below `root` that names a key.
export function showLetters(root, letters) {
  for (const kbd of root.querySelectorAll("kbd[data-key]")) {
    const shown = letters.shown(kbd.dataset.key)
    setText(kbd, shown)
    const button = kbd.closest("button")
    if (button?.hasAttribute("aria-keyshortcuts")) button.setAttribute("aria-keyshortcuts", shown)
  }
}

// Sets the text only where it changed, so that nothing is read aloud twice.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden
}

export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]))
}
