// The pad of one axis: a triangle whose corners are the three modes, and a handle that is dragged, clicked or stepped.

import { STEP, inWords, isSpread, nudge, placed, toPermille } from "./presses.js"

const SVG = "http://www.w3.org/2000/svg"
const WIDTH = 200
const HEIGHT = 194
const CORNERS = [[100, 24], [14, 174], [186, 174]]
const STEPS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [1, 1], ArrowRight: [2, 1] }

function shape(name, attributes, parent) {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  parent?.append(node)
  return node
}

export function pointOf(shares) {
  return [0, 1].map((axis) => CORNERS.reduce((sum, corner, i) => sum + (corner[axis] * shares[i]) / 1000, 0))
}

// Whole per-mille at a point of the drawing; a point outside the triangle counts as the nearest one of its edge.
export function sharesAt(x, y) {
  const [[ax, ay], [bx, by], [cx, cy]] = CORNERS
  const area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
  const a = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
  const b = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
  return toPermille(insideTriangle([a, b, 1 - a - b]))
}

function insideTriangle(parts) {
  const kept = parts.map((part) => Math.max(0, part))
  const total = kept[0] + kept[1] + kept[2]
  const even = kept.map((part) => part / total)
  return even.map((part) => (part > 0.965 ? 1 : part < 0.025 ? 0 : part))
}

function drawGround(svg) {
  shape("polygon", { points: CORNERS.map((corner) => corner.join(",")).join(" "), class: "ground" }, svg)
  for (const share of [250, 500, 750]) {
    for (const mode of [0, 1, 2]) {
      const ends = [1, 2].map((turn) => {
        const shares = [0, 0, 0]
        shares[mode] = share
        shares[(mode + turn) % 3] = 1000 - share
        return pointOf(shares)
      })
      shape("line", { x1: ends[0][0], y1: ends[0][1], x2: ends[1][0], y2: ends[1][1], class: "guide" }, svg)
    }
  }
}

// The names of the corners, for layouts in which the buttons of the modes stand beside the triangle and not at its corners.
function drawNames(svg, modes) {
  const places = [[100, 10, "middle"], [2, 189, "start"], [198, 189, "end"]]
  modes.forEach((mode, i) => {
    const [x, y, anchor] = places[i]
    shape("text", { x, y, "text-anchor": anchor, class: "corner-name", "aria-hidden": "true" }, svg).textContent = mode
  })
}

// The pad for an axis {name, modes}; `onAnswer(answer, joined)` is called with whole
// per-mille; `joined` says that the same drag goes on.
export function makePad(axis, { presets, onAnswer }) {
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "pad", focusable: "false" })
  drawGround(svg)
  drawNames(svg, axis.modes)
  const hint = shape("path", { class: "hint", d: "M0 -9 L9 0 L0 9 L-9 0 Z", hidden: "" }, svg)
  const handle = shape("g", { class: "handle", tabindex: "0", role: "slider", "aria-valuemin": "0", "aria-valuemax": "1000" }, svg)
  handle.setAttribute("aria-label", `${axis.name}: ${axis.modes.join(", ")}`)
  shape("circle", { r: 17, class: "reach" }, handle)
  shape("circle", { r: 9, class: "knob" }, handle)
  let shown = null
  const set = (event, joined) => {
    const box = svg.getBoundingClientRect()
    const x = ((event.clientX - box.left) / box.width) * WIDTH
    const y = ((event.clientY - box.top) / box.height) * HEIGHT
    onAnswer(sharesAt(x, y), joined)
  }
  svg.onpointerdown = (event) => {
    if (event.button) return
    event.preventDefault()
    svg.setPointerCapture(event.pointerId)
    handle.focus({ preventScroll: true })
    set(event, false)
  }
  svg.onpointermove = (event) => { if (svg.hasPointerCapture(event.pointerId)) set(event, true) }
  handle.onkeydown = (event) => {
    const step = STEPS[event.key]
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    onAnswer(nudge(shown, step[0], step[1] * (event.shiftKey ? 10 : STEP)))
  }
  const show = (answer, suggested) => {
    shown = answer
    const [x, y] = pointOf(placed(answer))
    handle.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`)
    handle.setAttribute("aria-valuenow", placed(answer)[0])
    handle.setAttribute("aria-valuetext", inWords(answer, axis.modes, presets))
    svg.dataset.state = isSpread(answer) ? "answered" : answer ? "abstained" : "open"
    hint.toggleAttribute("hidden", !suggested)
    if (suggested) hint.setAttribute("transform", `translate(${pointOf(suggested).map((n) => n.toFixed(1)).join(" ")})`)
  }
  return { svg, handle, show }
}
