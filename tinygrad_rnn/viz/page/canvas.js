"use strict";
/* The picture: drawing, opening and closing of cells, pan and zoom.

   A unit is what can be pointed at: a box, or a cell that was closed. Units are numbered: boxes, then cells. */

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/* One coordinate with some stretches squeezed. What is to be seen keeps its size; nothing changes sides. */
class Axis {
  constructor(spans) {
    const marks = [...new Set(spans.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
    const index = new Map(marks.map((mark, i) => [mark, i]));
    const scale = new Float64Array(marks.length).fill(-1);
    for (const [from, to, wanted] of spans) {
      for (let i = index.get(from); i < index.get(to); i++) scale[i] = Math.max(scale[i], wanted);
    }
    this.marks = marks;
    this.scale = scale.map((s) => (s < 0 ? 1 : s));
    this.places = [marks[0] ?? 0];
    for (let i = 1; i < marks.length; i++) {
      this.places.push(this.places[i - 1] + (marks[i] - marks[i - 1]) * this.scale[i - 1]);
    }
  }

  at(value) {
    let low = 0, high = this.marks.length - 1;
    if (high < 0 || value <= this.marks[0]) return value;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.marks[middle] <= value) low = middle;
      else high = middle - 1;
    }
    const factor = low === this.marks.length - 1 ? 1 : this.scale[low];
    return this.places[low] + (value - this.marks[low]) * factor;
  }
}

class Canvas {
  constructor(element) {
    this.element = element;
    this.world = svg("g");
    element.append(this.world);
    this.look = { x: 0, y: 0, k: 1 };
    this.drag();
  }

  show(scene, closed = new Set()) {
    this.scene = scene;
    this.graph = new Graph(scene);
    this.closed = closed;
    const { boxes, cells, steps, lines, points, words } = scene;
    this.steps = steps.map((step) => {
      const rect = svg("rect", { rx: 7 }), label = svg("text");
      label.textContent = step.label;
      return { rect, label, element: svg("g", { class: "step" }, rect, label) };
    });
    this.units = [...boxes.map((box, b) => this.box(box, b)), ...cells.map((cell) => this.cell(cell))];
    this.units.forEach((unit, u) => {
      unit.element.dataset.unit = u;
    });
    boxes.forEach((box, b) => {
      if (box.cell !== null) {
        const cell = this.units[boxes.length + box.cell];
        cell.items.push(...box.items);
        cell.boxes.push(b);
      }
    });
    this.lines = lines.map((line) => svg("path", { class: `line r-${line.role}${line.dashed ? " dashed" : ""}` }));
    this.points = points.map(() => svg("circle", { class: "point", r: 2 }));
    this.words = words.map((word) => {
      const text = svg("text", { class: "words" });
      text.textContent = word.text;
      return text;
    });
    this.world.replaceChildren(
      ...this.steps.map((step) => step.element), ...this.units.slice(boxes.length).map((unit) => unit.element),
      ...this.lines, ...this.points, ...this.units.slice(0, boxes.length).map((unit) => unit.element), ...this.words,
    );
    this.place();
    this.units.find((unit, u) => this.visible(u))?.element.setAttribute("tabindex", "0");
  }

  box(box, b) {
    const rect = svg("rect", { width: box.w, height: box.h, x: -box.w / 2, y: -box.h / 2, rx: box.kind === "parameter" ? 0 : 6 });
    const element = svg("g", { class: `unit box k-${box.kind.replace(" ", "-")}`, role: "button", tabindex: -1 }, rect);
    const height = (box.title ? 13.5 : 0) + 11.5 * box.notes.length;
    let y = -height / 2 + (box.title ? 10.4 : 8.6);
    if (box.title) {
      const title = svg("text", { class: box.notes.length && !box.symbol ? "title bold" : "title", y });
      title.textContent = shorten(box.title);
      if (box.sub) {
        const sub = svg("tspan", { "font-size": 8, dy: 3 });
        sub.textContent = box.sub;
        title.append(sub);
      }
      element.append(title);
      y += 11.8;
    }
    for (const note of box.notes) {
      const text = svg("text", { class: "note", y });
      text.textContent = note;
      element.append(text);
      y += 11.5;
    }
    const step = box.step !== null && this.steps[box.step] ? this.scene.steps[box.step].label : "";
    const place = box.kind === "cell" && box.notes.length > 1 ? ` ${box.notes[0]}` : "";
    const name = `${box.title}${box.sub}${place}` || box.notes[0] || "value";
    const spoken = box.symbol ? nameOf(data.items[box.items[0]]) : name;
    element.setAttribute("aria-label", [spoken, ...(box.title ? box.notes.slice(place ? 1 : 0) : []), step].filter(Boolean).join(", "));
    return { element, name, step, items: box.items, boxes: [b], cell: null };
  }

  cell(cell) {
    const rect = svg("rect", { rx: 6 }), handle = svg("rect", { class: "handle", height: 14 }), label = svg("text");
    const step = cell.step !== null ? this.scene.steps[cell.step].label : "";
    const element = svg("g", { class: "unit cell", role: "button", tabindex: -1 }, rect, handle, label);
    const name = cell.label || "cell";
    element.setAttribute("aria-label", [name, step].filter(Boolean).join(", "));
    return { element, name, step, items: [], boxes: [], cell, rect, handle, label };
  }

  /* The unit that shows a box now: the box, or the closed cell around it. */
  unitOfBox(b) {
    const cell = this.scene.boxes[b].cell;
    return cell !== null && this.closed.has(cell) ? this.scene.boxes.length + cell : b;
  }

  unitOf(item) {
    const b = this.graph.boxOf.get(item);
    return b === undefined ? -1 : this.unitOfBox(b);
  }

  visible(u) {
    const n = this.scene.boxes.length;
    return u < n ? this.unitOfBox(u) === u : this.closed.has(u - n);
  }

  /* Put everything where it belongs while some cells are closed. */
  place() {
    const { boxes, cells, steps, lines, points, words } = this.scene, n = boxes.length;
    const spans = { x: [], y: [] };
    boxes.forEach((box, b) => {
      if (this.unitOfBox(b) !== b) return;
      spans.x.push([box.x - box.w / 2, box.x + box.w / 2, 1]);
      spans.y.push([box.y - box.h / 2, box.y + box.h / 2, 1]);
    });
    cells.forEach((cell, c) => {
      const closed = this.closed.has(c);
      spans.x.push([cell.x, cell.x + cell.w, closed ? Math.min(1, 92 / cell.w) : 1]);
      spans.y.push([cell.y, cell.y + cell.h, closed ? Math.min(1, 44 / cell.h) : 1]);
    });
    steps.forEach((step) => spans.x.push([step.x + step.w / 2 - 24, step.x + step.w / 2 + 24, 1]));
    const X = new Axis(spans.x), Y = new Axis(spans.y);
    const mapped = ({ x, y, w, h }) => {
      const left = X.at(x), top = Y.at(y);
      return { x: left, y: top, w: X.at(x + w) - left, h: Y.at(y + h) - top };
    };
    const sides = (rect, { x, y, w, h }) => {
      for (const [name, value] of Object.entries({ x, y, width: w, height: h })) rect.setAttribute(name, value.toFixed(1));
    };
    steps.forEach((step, i) => {
      const place = mapped(step), { rect, label } = this.steps[i];
      sides(rect, place);
      label.setAttribute("x", place.x + place.w / 2);
      label.setAttribute("y", place.y + 15);
    });
    this.units.forEach((unit, u) => {
      const { element } = unit;
      if (unit.cell) {
        const closed = this.closed.has(u - n);
        unit.place = mapped(unit.cell);
        sides(unit.rect, unit.place);
        unit.handle.setAttribute("x", unit.place.x);
        unit.handle.setAttribute("y", unit.place.y);
        unit.handle.setAttribute("width", unit.place.w);
        unit.handle.setAttribute("visibility", closed ? "hidden" : "visible");
        unit.label.textContent = closed ? shorten(unit.name) : `▾ ${shorten(unit.name)}`;
        unit.label.setAttribute("x", closed ? unit.place.x + unit.place.w / 2 : unit.place.x + 7);
        unit.label.setAttribute("y", closed ? unit.place.y + unit.place.h / 2 + 4 : unit.place.y + 11);
        element.classList.toggle("closed", closed);
        element.setAttribute("aria-expanded", String(!closed));
        return;
      }
      const box = boxes[u], shown = this.visible(u), x = X.at(box.x), y = Y.at(box.y);
      unit.place = { x: x - box.w / 2, y: y - box.h / 2, w: box.w, h: box.h };
      element.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      element.setAttribute("display", shown ? "inline" : "none");
    });
    points.forEach(([x, y], i) => {
      this.points[i].setAttribute("cx", X.at(x).toFixed(1));
      this.points[i].setAttribute("cy", Y.at(y).toFixed(1));
    });
    words.forEach((word, i) => {
      this.words[i].setAttribute("x", X.at(word.x));
      this.words[i].setAttribute("y", Y.at(word.y) + 3);
    });
    lines.forEach((line, i) => {
      const ends = [line.from, line.to].map((v) => (v < n ? this.unitOfBox(v) : -1));
      const hidden = ends[0] >= n && ends[0] === ends[1];
      this.lines[i].setAttribute("display", hidden ? "none" : "inline");
      if (hidden) return;
      let path = [];
      for (let k = 0; k < line.path.length; k += 2) path.push([X.at(line.path[k]), Y.at(line.path[k + 1])]);
      if (ends[1] >= n) path = clipped(path, this.units[ends[1]].place);
      if (ends[0] >= n) path = clipped(path.reverse(), this.units[ends[0]].place).reverse();
      this.lines[i].setAttribute("d", drawn(path, line.tip));
    });
    const right = X.at(Math.max(...steps.map((s) => s.x + s.w), ...boxes.map((b) => b.x + b.w / 2)));
    const bottom = Y.at(Math.max(...steps.map((s) => s.y + s.h), ...boxes.map((b) => b.y + b.h / 2)));
    const left = Math.min(...steps.map((s) => s.x), ...boxes.map((b) => b.x - b.w / 2));
    const top = Math.min(...steps.map((s) => s.y), ...boxes.map((b) => b.y - b.h / 2));
    this.extent = { x: left, y: top, w: right - left, h: bottom - top };
  }

  /* --- pan and zoom --- */

  apply() {
    const { x, y, k } = this.look;
    this.world.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${k.toFixed(4)})`);
  }

  /* All of it; but where that would be smaller than `least`, the beginning of it. */
  fit(least = 0) {
    const { clientWidth: w, clientHeight: h } = this.element, e = this.extent;
    const k = Math.max(least, Math.min((w - 30) / e.w, (h - 30) / e.h, 1.6));
    const start = (room, extent) => Math.max((room - extent * k) / 2, 15);
    this.look = { k, x: start(w, e.w) - e.x * k, y: start(h, e.h) - e.y * k };
    this.apply();
  }

  zoom(factor, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const k = Math.min(8, Math.max(0.01, this.look.k * factor)), change = k / this.look.k;
    this.look = { k, x: x - (x - this.look.x) * change, y: y - (y - this.look.y) * change };
    this.apply();
  }

  /* Bring a unit into view; what is well inside stays where it is. */
  bring(u, least = 0) {
    const { clientWidth: w, clientHeight: h } = this.element, p = this.units[u].place;
    if (this.look.k < least) this.zoom(least / this.look.k);
    const { x, y, k } = this.look, cx = (p.x + p.w / 2) * k + x, cy = (p.y + p.h / 2) * k + y;
    if (cx < 60 || cx > w - 60) this.look.x += w / 2 - cx;
    if (cy < 40 || cy > h - 40) this.look.y += h / 2 - cy;
    this.apply();
  }

  drag() {
    const pointers = new Map();
    this.dragged = false;
    const place = (event) => {
      const box = this.element.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.element.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, place(event));
      if (pointers.size === 1) this.dragged = false;
    });
    this.element.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = place(event), others = [...pointers].filter(([id]) => id !== event.pointerId);
      if (!this.dragged && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return;
      if (!this.dragged) this.element.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.element.classList.add("dragged");
      pointers.set(event.pointerId, now);
      if (others.length === 1) {
        const [ox, oy] = others[0][1];
        const factor = Math.hypot(now[0] - ox, now[1] - oy) / (Math.hypot(before[0] - ox, before[1] - oy) || 1);
        this.zoom(factor, ox, oy);
      } else {
        this.look.x += now[0] - before[0];
        this.look.y += now[1] - before[1];
        this.apply();
      }
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      this.element.addEventListener(end, (event) => {
        pointers.delete(event.pointerId);
        this.element.classList.remove("dragged");
      });
    }
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...place(event));
    }, { passive: false });
  }
}

function shorten(text) {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/* A Bezier path up to where it enters a rectangle. */
function clipped(path, { x, y, w, h }) {
  const inside = ([px, py]) => px > x - 0.4 && px < x + w + 0.4 && py > y - 0.4 && py < y + h + 0.4;
  let k = 3;
  while (k < path.length - 1 && !inside(path[k])) k += 3;
  let [a, b, c, d] = path.slice(k - 3, k + 1);
  if (!inside(a)) {
    const mix = (p, q, t) => [p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t];
    const cut = (t) => {
      const ab = mix(a, b, t), bc = mix(b, c, t), cd = mix(c, d, t), abc = mix(ab, bc, t), bcd = mix(bc, cd, t);
      return [a, ab, abc, mix(abc, bcd, t)];
    };
    let low = 0, high = 1;
    for (let n = 0; n < 12; n++) {
      const middle = (low + high) / 2;
      if (inside(cut(middle)[3])) high = middle;
      else low = middle;
    }
    [a, b, c, d] = cut(high);
  }
  return [...path.slice(0, k - 3), a, b, c, d];
}

/* A path with its arrow head, as the text of an SVG path. */
function drawn(path, tip) {
  const show = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  let text = `M${show(path[0])}C${path.slice(1).map(show).join(" ")}`;
  if (tip) {
    const [x, y] = path.at(-1);
    const before = path.findLast(([px, py]) => Math.hypot(px - x, py - y) > 0.5) ?? path[0];
    const angle = Math.atan2(y - before[1], x - before[0]);
    const wing = (turn) => show([x - 5 * Math.cos(angle + turn), y - 5 * Math.sin(angle + turn)]);
    text += `M${wing(0.45)}L${show([x, y])}L${wing(-0.45)}`;
  }
  return text;
}
