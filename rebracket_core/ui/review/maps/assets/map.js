// A map of points on a canvas: coordinates come once, colours and selections come anew; only what a person draws goes back.
const MAPS = new WeakMap();
const LONGEST = 120; // corners of a lasso that are sent: the server finds the texts inside, however many there are
const SETTLE_MS = 350;
const NEAR_PX = 9;

const numbers = (text, Kind) => {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
};

const PATHS = {
  circle: (c, x, y, r) => c.arc(x, y, r, 0, 7),
  square: (c, x, y, r) => c.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76),
  diamond: (c, x, y, r) => polygon(c, x, y, r * 1.25, 4, 0),
  "triangle-up": (c, x, y, r) => polygon(c, x, y, r * 1.25, 3, 0),
  "triangle-down": (c, x, y, r) => polygon(c, x, y, r * 1.25, 3, Math.PI),
  pentagon: (c, x, y, r) => polygon(c, x, y, r * 1.1, 5, 0),
  hexagon: (c, x, y, r) => polygon(c, x, y, r * 1.1, 6, 0),
  cross: (c, x, y, r) => cross(c, x, y, r),
  star: (c, x, y, r) => star(c, x, y, r * 1.35),
};
function polygon(c, x, y, r, n, turn) {
  for (let i = 0; i < n; i++) {
    const a = turn - Math.PI / 2 + (i * 2 * Math.PI) / n;
    c[i ? "lineTo" : "moveTo"](x + r * Math.cos(a), y + r * Math.sin(a));
  }
  c.closePath();
}
function star(c, x, y, r) {
  for (let i = 0; i < 10; i++) {
    const a = -Math.PI / 2 + (i * Math.PI) / 5, s = i % 2 ? r * 0.45 : r;
    c[i ? "lineTo" : "moveTo"](x + s * Math.cos(a), y + s * Math.sin(a));
  }
  c.closePath();
}
function cross(c, x, y, r) {
  const w = r * 0.42;
  const at = [[-w, -r], [w, -r], [w, -w], [r, -w], [r, w], [w, w], [w, r], [-w, r], [-w, w], [-r, w], [-r, -w], [-w, -w]];
  at.forEach(([dx, dy], i) => c[i ? "lineTo" : "moveTo"](x + dx, y + dy));
  c.closePath();
}

class PointMap {
  constructor(root) {
    this.root = root;
    this.plane = root.querySelector(".plane");
    this.canvas = this.plane.querySelector("canvas");
    this.tip = root.querySelector(".tip");
    this.legend = root.querySelector(".legend");
    this.tool = matchMedia("(pointer: coarse)").matches ? "move" : "lasso";
    this.key = this.frame = null;
    this.hidden = new Set();
    this.drawn = [];
    this.listen();
    this.pick(this.tool);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.plane);
  }

  end() {
    this.sizes.disconnect();
    clearTimeout(this.settling);
  }

  // ---- what the server says ------------------------------------------------------------------------------------------
  show(data) {
    if (data.xy) {
      this.key = data.key;
      this.at = numbers(data.xy, Float32Array);
      this.labels = data.labels;
    } else if (this.key !== data.key) {
      this.ask("lost", data.key);
      return;
    }
    this.data = data;
    if (data.view_only) {
      this.root.querySelectorAll("[data-tool], [data-do=clear]").forEach((button) => (button.hidden = true));
      this.pick("move");
    }
    this.dim = data.dim;
    this.n = this.at.length / this.dim;
    this.codes = numbers(data.paint.codes, Uint8Array);
    this.chosen = data.chosen ? numbers(data.chosen, Uint8Array) : null;
    this.hidden = new Set(data.hidden);
    this.r = this.n > 8000 ? 2.6 : this.n > 1500 ? 3.4 : 4.6;
    if (this.frame !== data.frame) {
      this.frame = data.frame;
      this.turn = { yaw: 0.6, pitch: 0.35 };
      this.fit();
    }
    this.canvas.setAttribute("aria-label", data.alt);
    this.grain = data.density ? this.cloud(data.density) : null;
    this.sprites = null;
    this.keyOf();
    this.draw();
  }

  colours() {
    const style = getComputedStyle(this.root.querySelector(".map"));
    return { ink: style.getPropertyValue("--st-text-color").trim() || "#333" };
  }

  cloud(density) {
    const cells = numbers(density.cells, Uint8Array), g = density.size;
    const sheet = new OffscreenCanvas(g, g), c = sheet.getContext("2d"), image = c.createImageData(g, g);
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    probe.fillStyle = this.colours().ink;
    probe.fillRect(0, 0, 1, 1);
    const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
    for (let i = 0; i < cells.length; i++) image.data.set([red, green, blue, cells[i] * 0.55], 4 * i);
    c.putImageData(image, 0, 0);
    return sheet;
  }

  sprite(colour, symbol, dim) {
    const ratio = devicePixelRatio || 1, r = this.r, size = Math.ceil(r * 3.2);
    const sheet = new OffscreenCanvas(size * ratio, size * ratio), c = sheet.getContext("2d");
    c.scale(ratio, ratio);
    c.globalAlpha = dim ? 0.16 : 0.92;
    c.beginPath();
    PATHS[symbol](c, size / 2, size / 2, r);
    c.fillStyle = dim ? this.data.outline : colour;
    c.fill();
    c.lineWidth = 0.8;
    c.strokeStyle = this.data.outline;
    if (!dim) c.stroke();
    return { sheet, size };
  }

  // ---- the view --------------------------------------------------------------------------------------------------------
  basis() {
    if (this.dim === 2) return [[1, 0], [0, 1]];
    const { yaw, pitch } = this.turn, [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    return [[cy, 0, sy], [sy * sp, cp, -cy * sp]];
  }

  flat() {
    const [a, b] = this.basis(), d = this.dim, middle = this.data.middle, out = new Float32Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      let u = 0, v = 0;
      for (let k = 0; k < d; k++) {
        const p = this.at[d * i + k] - middle[k];
        u += a[k] * p;
        v += b[k] * p;
      }
      out[2 * i] = u;
      out[2 * i + 1] = v;
    }
    return out;
  }

  fit() {
    this.view = { u: 0, v: 0, zoom: 1 };
  }

  scale() {
    const { clientWidth: w, clientHeight: h } = this.plane;
    return { w, h, s: (Math.min(w, h) / 2 / this.data.reach) * 0.94 * this.view.zoom };
  }

  toScreen(u, v) {
    const { w, h, s } = this.scale();
    return [w / 2 + (u - this.view.u) * s, h / 2 - (v - this.view.v) * s];
  }

  toPlane(x, y) {
    const { w, h, s } = this.scale();
    return [(x - w / 2) / s + this.view.u, (h / 2 - y) / s + this.view.v];
  }

  draw() {
    if (!this.data || this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = null;
      this.paint();
    });
  }

  paint() {
    const ratio = devicePixelRatio || 1, { w, h, s } = this.scale();
    if (!w || !h) return;
    this.canvas.width = w * ratio;
    this.canvas.height = h * ratio;
    const c = this.canvas.getContext("2d"), { paint } = this.data;
    c.scale(ratio, ratio);
    if (this.grain) {
      const [x0, y0, x1, y1] = this.data.density.range;
      const [left, top] = this.toScreen(x0 - this.data.middle[0], y1 - this.data.middle[1]);
      c.imageSmoothingEnabled = true;
      c.drawImage(this.grain, left, top, (x1 - x0) * s, (y1 - y0) * s);
    }
    this.sprites ??= paint.colours.map((hex, k) => [this.sprite(hex, paint.symbols[k], false), this.sprite(hex, paint.symbols[k], true)]);
    const flat = this.flat(), xy = (this.xy = new Float32Array(2 * this.n));
    this.shown = new Uint8Array(this.n);
    const names = paint.names.map((name) => this.hidden.has(name));
    for (const round of this.chosen ? [1, 0] : [0]) {
      for (let i = 0; i < this.n; i++) {
        const dim = this.chosen && !this.chosen[i] ? 1 : 0;
        if (dim !== round || names[this.codes[i]]) continue;
        const x = (xy[2 * i] = w / 2 + (flat[2 * i] - this.view.u) * s), y = (xy[2 * i + 1] = h / 2 - (flat[2 * i + 1] - this.view.v) * s);
        this.shown[i] = 1;
        if (x < -9 || y < -9 || x > w + 9 || y > h + 9) continue;
        const { sheet, size } = this.sprites[this.codes[i]][dim];
        c.drawImage(sheet, x - size / 2, y - size / 2, size, size);
      }
    }
    const { ink } = this.colours();
    for (const [k, place] of this.data.placed.entries()) {
      const [a, b] = this.basis(), p = place.at.map((value, i) => value - this.data.middle[i]);
      const [x, y] = this.toScreen(p.reduce((t, q, i) => t + q * a[i], 0), p.reduce((t, q, i) => t + q * b[i], 0));
      c.beginPath();
      PATHS.star(c, x, y, 9);
      c.lineWidth = 2.2;
      c.strokeStyle = ink;
      c.fillStyle = place.colour;
      c.fill();
      c.stroke();
      c.fillStyle = ink;
      c.font = "600 12px sans-serif";
      c.fillText(String(k + 1), x + 13, y + 4);
    }
    if (this.drawn.length > 1) {
      c.beginPath();
      this.drawn.forEach(([x, y], i) => c[i ? "lineTo" : "moveTo"](x, y));
      c.closePath();
      c.setLineDash([5, 4]);
      c.lineWidth = 1.4;
      c.strokeStyle = ink;
      c.stroke();
    }
    this.canvas.dataset.painted = `${this.data.key} ${paint.title}`;
  }

  keyOf() {
    const { paint } = this.data, marks = [];
    this.sprites = null;
    if (paint.kind === "scale") {
      const ramp = document.createElement("span");
      ramp.className = "ramp";
      ramp.style.background = `linear-gradient(90deg, ${paint.colours.slice(0, -1).join(",")})`;
      const word = (text) => Object.assign(document.createElement("span"), { textContent: text });
      marks.push(word(`${paint.title}: ${paint.low}`), ramp, word(paint.high));
    }
    paint.names.forEach((name, k) => {
      if (!paint.counts[k] || (paint.kind === "scale" && k < paint.names.length - 1)) return;
      const button = document.createElement("button"), swatch = document.createElement("canvas");
      const { sheet, size } = this.sprite(paint.colours[k], paint.symbols[k], false);
      swatch.width = swatch.height = sheet.width;
      swatch.getContext("2d").drawImage(sheet, 0, 0, sheet.width, sheet.width);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      button.append(swatch, `${name} ${paint.counts[k].toLocaleString("en")}`);
      button.onclick = () => {
        this.hidden.has(name) ? this.hidden.delete(name) : this.hidden.add(name);
        button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
        this.draw();
        this.say("hidden", [...this.hidden]);
      };
      marks.push(button);
    });
    this.legend.replaceChildren(...marks);
  }

  // ---- what a person does --------------------------------------------------------------------------------------------
  listen() {
    this.root.querySelectorAll(".bar button").forEach((button) => {
      button.onclick = () => (button.dataset.tool ? this.pick(button.dataset.tool) : this.act(button.dataset.do));
    });
    const canvas = this.canvas, here = (e) => [e.offsetX, e.offsetY];
    canvas.onpointerdown = (e) => {
      if (!this.data) return;
      canvas.setPointerCapture(e.pointerId);
      this.start = here(e);
      this.last = this.start;
      this.drawn = this.tool === "lasso" ? [this.start] : [];
      this.tip.hidden = true;
    };
    canvas.onpointermove = (e) => {
      if (!this.data) return;
      if (!this.start) return this.hover(here(e));
      const [x, y] = here(e), [x0, y0] = this.start;
      if (this.tool === "lasso") this.drawn.push([x, y]);
      else if (this.tool === "box") this.drawn = [[x0, y0], [x, y0], [x, y], [x0, y]];
      else this.drag(x - this.last[0], y - this.last[1]);
      this.last = [x, y];
      this.draw();
    };
    canvas.onpointerup = (e) => {
      if (!this.start) return;
      const moved = Math.hypot(this.last[0] - this.start[0], this.last[1] - this.start[1]) > 4 || this.drawn.length > 8;
      if (!moved) this.click(here(e));
      else if (this.tool !== "move") this.enclose();
      else this.settle();
      this.start = null;
      this.draw();
    };
    canvas.onpointerleave = () => (this.tip.hidden = true);
    canvas.onwheel = (e) => {
      if (!e.ctrlKey && this.root.activeElement !== canvas) return;
      e.preventDefault();
      this.zoom(Math.exp(-e.deltaY / 400), here(e));
    };
    canvas.onkeydown = (e) => {
      const step = { ArrowLeft: [24, 0], ArrowRight: [-24, 0], ArrowUp: [0, 24], ArrowDown: [0, -24] }[e.key];
      const act = { "+": "in", "=": "in", "-": "out", 0: "fit", Escape: "clear" }[e.key];
      if (!step && !act) return;
      e.preventDefault();
      if (step) {
        this.drag(...step);
        this.settle();
        this.draw();
      } else this.act(act);
    };
  }

  pick(tool) {
    this.tool = tool;
    this.canvas.style.touchAction = tool === "move" ? "pan-y" : "none";
    this.canvas.style.cursor = tool === "move" ? "grab" : "crosshair";
    this.root.querySelectorAll("[data-tool]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.tool === tool)));
  }

  act(what) {
    if (!this.data) return;
    const { clientWidth: w, clientHeight: h } = this.plane;
    if (what === "in") this.zoom(1.5, [w / 2, h / 2]);
    else if (what === "out") this.zoom(1 / 1.5, [w / 2, h / 2]);
    else if (what === "fit") {
      this.fit();
      this.settle();
    } else if (what === "clear") {
      this.drawn = [];
      this.say("region", null);
    } else if (what === "png") this.canvas.toBlob((blob) => this.save(blob, "png"));
    else this.save(new Blob([this.svg()], { type: "image/svg+xml" }), "svg");
    this.draw();
  }

  zoom(factor, [x, y]) {
    const before = this.toPlane(x, y);
    this.view.zoom = Math.min(400, Math.max(0.5, this.view.zoom * factor));
    const after = this.toPlane(x, y);
    this.view.u += before[0] - after[0];
    this.view.v += before[1] - after[1];
    this.drawn = [];
    this.settle();
    this.draw();
  }

  drag(dx, dy) {
    if (this.dim === 3) {
      this.turn.yaw += dx / 140;
      this.turn.pitch = Math.max(-1.5, Math.min(1.5, this.turn.pitch + dy / 140));
    } else {
      const { s } = this.scale();
      this.view.u -= dx / s;
      this.view.v += dy / s;
    }
    this.drawn = this.tool === "move" ? [] : this.drawn;
  }

  settle() {
    clearTimeout(this.settling);
    if (!this.data.partial) return;
    this.settling = setTimeout(() => {
      const { w, h } = this.scale(), m = this.data.middle;
      const [x0, y0] = this.toPlane(0, h), [x1, y1] = this.toPlane(w, 0);
      this.say("view", this.view.zoom <= 1.001 ? null : [x0 + m[0], y0 + m[1], x1 + m[0], y1 + m[1]]);
    }, SETTLE_MS);
  }

  enclose() {
    const every = Math.max(1, Math.ceil(this.drawn.length / LONGEST));
    const corners = this.drawn.filter((_, i) => i % every === 0).map(([x, y]) => this.toPlane(x, y));
    this.say("region", { corners, basis: this.basis(), frame: this.frame });
  }

  near([x, y]) {
    let best = -1, least = NEAR_PX ** 2;
    for (let i = 0; this.xy && i < this.n; i++) {
      if (!this.shown[i]) continue;
      const d = (this.xy[2 * i] - x) ** 2 + (this.xy[2 * i + 1] - y) ** 2;
      if (d < least) [best, least] = [i, d];
    }
    return best;
  }

  click(at) {
    const i = this.near(at);
    this.drawn = [];
    if (this.data.view_only) return;
    this.say("region", i < 0 ? null : { point: i, key: this.key });
  }

  hover([x, y]) {
    const i = this.near([x, y]), { paint } = this.data;
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const words = this.labels?.[i] || (this.data.view_only ? "" : "press to read");
    this.tip.textContent = [paint.names[this.codes[i]], words].filter(Boolean).join(" · ");
    this.tip.style.left = `${Math.max(0, Math.min(x + 12, this.plane.clientWidth - this.tip.offsetWidth - 6))}px`;
    this.tip.style.top = `${y + 16 + this.tip.offsetHeight > this.plane.clientHeight ? y - this.tip.offsetHeight - 8 : y + 16}px`;
  }

  // ---- pictures to export --------------------------------------------------------------------------------------------
  svg() {
    const { w, h } = this.scale(), { paint, outline } = this.data, marks = [];
    const clean = (text) => text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    for (let i = 0; i < this.n; i++) {
      if (!this.shown[i]) continue;
      const dim = this.chosen && !this.chosen[i];
      marks.push(`<circle cx="${this.xy[2 * i].toFixed(1)}" cy="${this.xy[2 * i + 1].toFixed(1)}" r="${this.r}" fill="${paint.colours[this.codes[i]]}"${dim ? ' opacity="0.16"' : ""}/>`);
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img"><title>${clean(this.data.alt)}</title><g stroke="${outline}" stroke-width="0.6">${marks.join("")}</g></svg>`;
  }

  save(blob, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${this.data.frame}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 5000);
  }
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  let map = MAPS.get(parentElement);
  if (!map) MAPS.set(parentElement, (map = new PointMap(parentElement)));
  map.say = setStateValue;
  map.ask = setTriggerValue;
  map.show(data);
  return () => {
    map.end();
    MAPS.delete(parentElement);
  };
}
