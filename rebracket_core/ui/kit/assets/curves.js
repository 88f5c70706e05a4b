// Lines that grow while somebody watches: some hundred points in SVG, drawn anew at the width that there is.
const NS = "http://www.w3.org/2000/svg";
const KEPT = new WeakMap();
const ROOM = { left: 46, right: 10, top: 8, bottom: 36 };
const GAP_PX = 12; // between small plots, as in the style
const HEIGHT = { one: 300, many: 150 };
const STROKES = { now: { width: 3 }, before: { width: 1.2 }, validation: { width: 2, dash: "2 4" } };

function el(name, values, ...kids) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  made.append(...kids);
  return made;
}

// About n round numbers from low to high.
function ticks(low, high, n) {
  const rough = (high - low) / n || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step + 0); // no -0
  return found;
}

const shown = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(3))));

// Where the axes of a plot begin and end: x from 0, y as far as lines and bands go.
function reach(lines, share) {
  const xs = lines.flatMap((line) => line.x), ys = lines.flatMap((line) => [...line.y, ...line.low, ...line.high]);
  if (!xs.length) return { x: [0, 1], y: [0, 1] };
  const low = Math.min(...ys), high = Math.max(...ys), rim = (high - low || Math.abs(high) || 1) * 0.05;
  return { x: [0, Math.max(...xs) || 1], y: share ? [-0.04, 1.08] : [low - rim, high + rim] };
}

function plot(one, data, width, height, labels) {
  const { x, y } = reach(one.lines, data.share);
  const inner = { w: Math.max(20, width - ROOM.left - ROOM.right), h: height - ROOM.top - ROOM.bottom };
  const px = (v) => ROOM.left + ((v - x[0]) / (x[1] - x[0])) * inner.w;
  const py = (v) => ROOM.top + (1 - (v - y[0]) / (y[1] - y[0])) * inner.h;
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, height, class: "plot" });
  for (const v of data.share ? [0, 0.5, 1] : ticks(...y, 5)) {
    svg.append(el("line", { x1: ROOM.left, x2: ROOM.left + inner.w, y1: py(v), y2: py(v), stroke: data.colours.grid }));
    svg.append(el("text", { x: ROOM.left - 6, y: py(v) + 4, "text-anchor": "end" }, shown(v)));
  }
  for (const v of ticks(...x, Math.max(2, Math.min(6, Math.floor(inner.w / 70))))) {
    svg.append(el("text", { x: px(v), y: ROOM.top + inner.h + 16, "text-anchor": "middle" }, shown(v)));
  }
  if (labels.x) svg.append(el("text", { x: ROOM.left + inner.w / 2, y: height - 3, "text-anchor": "middle" }, data.x));
  if (labels.y) {
    const at = `translate(11 ${ROOM.top + inner.h / 2}) rotate(-90)`;
    svg.append(el("text", { transform: at, "text-anchor": "middle" }, data.y));
  }
  const points = (xs, ys) => xs.map((v, i) => `${px(v).toFixed(1)},${py(ys[i]).toFixed(1)}`);
  for (const line of one.lines) {
    if (line.low.length > 1) {
      const edge = [...points(line.x, line.high), ...points(line.x, line.low).reverse()].join(" ");
      svg.append(el("polygon", { points: edge, fill: data.colours.band, stroke: data.colours.grid }));
    } else if (line.low.length && data.share) { // a band needs two points
      const at = { x1: px(line.x[0]), x2: px(line.x[0]), y1: py(line.low[0]), y2: py(line.high[0]) };
      svg.append(el("line", { ...at, stroke: data.colours.before }));
    }
  }
  for (const line of one.lines) {
    const { width: thick, dash = "none" } = STROKES[line.weight], stroke = data.colours[line.weight];
    const path = { points: points(line.x, line.y).join(" "), fill: "none", "stroke-width": thick, "stroke-dasharray": dash };
    svg.append(el("polyline", { ...path, stroke, class: `line ${line.weight}`, "stroke-linejoin": "round" }));
    if (line.x.length > 1 && !data.share && line.weight !== "validation") continue;
    line.x.forEach((v, i) => svg.append(el("circle", {
      cx: px(v), cy: py(line.y[i]), r: line.weight === "validation" ? 5 : 3.5, fill: stroke, stroke: data.colours.before,
    })));
  }
  return { svg, nearest: (at) => nearest(one.lines, (i, line) => Math.abs(px(line.x[i]) - at)) };
}

// The point of a thick line that is nearest to a place on the x axis.
function nearest(lines, away) {
  let best = null;
  for (const line of lines.filter((one) => one.weight !== "before")) {
    line.x.forEach((_, i) => { if (!best || away(i, line) < best.away) best = { line, i, away: away(i, line) }; });
  }
  return best;
}

function draw(root, data) {
  const figure = root.querySelector(".curves"), plots = root.querySelector(".plots"), tip = root.querySelector(".tip");
  const many = data.plots.length > 1, width = figure.clientWidth;
  if (!width) return;
  figure.setAttribute("aria-label", `${data.title}. ${data.alt}`);
  root.querySelector("figcaption").textContent = data.title;
  plots.classList.toggle("many", many);
  plots.replaceChildren(...data.plots.map((one, k) => {
    const labels = { x: !many || k >= data.plots.length - 2, y: !many || k % 2 === 0 };
    const made = plot(one, data, many ? (width - GAP_PX) / 2 : width, HEIGHT[many ? "many" : "one"], labels);
    made.svg.addEventListener("pointermove", (event) => {
      const found = made.nearest(event.clientX - made.svg.getBoundingClientRect().left);
      if (found) tip.textContent = `${found.line.name}, ${data.x} ${shown(found.line.x[found.i])}: ${found.line.y[found.i].toFixed(3)}`;
    });
    made.svg.addEventListener("pointerleave", () => { tip.textContent = ""; });
    const box = document.createElement("div");
    if (one.head) {
      const head = document.createElement("div");
      head.className = "head";
      head.textContent = one.head;
      box.append(head);
    }
    box.append(made.svg);
    return box;
  }));
}

export default function ({ data, parentElement }) {
  let kept = KEPT.get(parentElement);
  if (!kept) {
    kept = { data, observer: new ResizeObserver(() => draw(parentElement, kept.data)) };
    kept.observer.observe(parentElement.querySelector(".curves"));
    KEPT.set(parentElement, kept);
  }
  kept.data = data;
  draw(parentElement, data);
  return () => {
    kept.observer.disconnect();
    KEPT.delete(parentElement);
  };
}
