"use strict";
/* A scene as it is drawn: the whole picture, or what is inside one box of it.

   A unit is what can be pointed at: a box, or a cell, which is a frame around boxes while it is open. A box that holds
   more than it shows opens where it is: it becomes the frame of another room. */

const SVG = "http://www.w3.org/2000/svg", HEAD = 16, PADDING = 8;

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function textOf(text, attributes) {
  const made = svg("text", attributes);
  made.textContent = text;
  return made;
}

/* One coordinate with some stretches squeezed or widened. What is seen keeps at least its size; nothing changes sides. */
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

/* The spans of a box that needs more room: its margins give way, so that lines go on beside it as they did. */
function widened(center, size, needed) {
  const ends = [center - size / 2, center + size / 2], margin = 2;
  if (needed <= size) return [[...ends, 1]];
  const scale = 1 + (needed - size) / (2 * margin);
  return [[ends[0], ends[0] + margin, scale], [ends[0] + margin, ends[1] - margin, 1], [ends[1] - margin, ends[1], scale]];
}

class Room {
  /* contents: of each box its items and the number of what is inside it; of each pin, sources and readers. */
  constructor(scene, contents, around = null) {
    Object.assign(this, { scene, contents, around });
    this.rooms = new Map(); // box -> the room inside it, where that is open
    this.closed = new Set(); // cells
    const { boxes, cells, steps, lines, points, words } = scene;
    this.steps = steps.map((step) => {
      const rect = svg("rect", { rx: 7 }), label = textOf(shorten(step.label));
      return { rect, label, element: svg("g", { class: "step" }, rect, label) };
    });
    this.boxes = boxes.map((box, b) => this.box(box, b));
    this.cells = cells.map((cell, c) => this.cell(cell, c));
    this.units = [...this.boxes.filter((unit) => !unit.pin), ...this.cells];
    boxes.forEach(({ cell }, b) => {
      if (cell !== null) this.cells[cell].items.push(...this.boxes[b].items);
    });
    this.lines = lines.map((line) => svg("path", { class: `line r-${line.role}${line.dashed ? " dashed" : ""}` }));
    this.ends = boxes.map(() => []); // of each box, where lines touch it
    for (const { from, to, path } of lines) {
      this.ends[from]?.push(path.slice(0, 2));
      this.ends[to]?.push(path.slice(-2));
    }
    this.points = points.map(() => svg("circle", { class: "point", r: 2 }));
    this.words = words.map((word) => textOf(word.text, { class: "words" }));
    this.element = svg(
      "g", { class: "room" }, ...this.steps.map((step) => step.element), ...this.cells.map((unit) => unit.element),
      ...this.lines, ...this.points, ...this.boxes.map((unit) => unit.element), ...this.words,
    );
  }

  *all() {
    yield this;
    for (const room of this.rooms.values()) yield* room.all();
  }

  pins(side) {
    const enters = (pin) => this.scene.lines.some((line) => line.from === pin);
    const all = this.scene.boxes.flatMap((box, b) => (box.kind === "pin" ? [b] : []));
    return all.filter((pin) => enters(pin) === (side === "enters"));
  }

  box(box, b) {
    const [items, inside] = this.contents[b];
    if (box.kind === "pin") {
      const mark = box.title ? textOf(shorten(box.title), { class: "words", y: 3 }) : svg("circle", { r: 2.5 });
      return { pin: true, items: [], element: svg("g", { class: "pin" }, mark) };
    }
    const rect = svg("rect", { rx: box.kind === "parameter" ? 0 : 6 });
    const element = svg("g", { class: `unit box k-${box.kind.replace(" ", "-")}`, role: "button", tabindex: -1 }, rect);
    const height = (box.title ? 13.5 : 0) + 11.5 * box.notes.length;
    let y = -height / 2 + (box.title ? 10.4 : 8.6);
    if (box.title) {
      const title = textOf(shorten(box.title), { class: box.notes.length && !box.symbol ? "title bold" : "title", y });
      if (box.sub) {
        const sub = svg("tspan", { "font-size": 8, dy: 3 });
        sub.textContent = box.sub;
        title.append(sub);
      }
      element.append(title);
      y += 11.8;
    }
    const notes = [];
    for (const note of box.notes) {
      notes.push(textOf(note, { class: "note", y }));
      y += 11.5;
    }
    const step = this.stepOf(box.step), more = box.kind === "cell" && box.notes.length > 1;
    const name = shorten(`${box.title}${box.sub}${more ? ` ${box.notes[0]}` : ""}` || box.notes[0] || "value");
    const spoken = box.symbol && items.length ? nameOf(data.items[items[0]]) : name;
    const label = [spoken, ...(box.title ? box.notes.slice(more ? 1 : 0) : []), step].filter(Boolean).join(", ");
    element.setAttribute("aria-label", label);
    element.append(...notes);
    const unit = { room: this, element, rect, name, step, items, notes, box: b, opening: inside ?? null, kind: box.kind };
    if (unit.opening !== null) {
      element.setAttribute("aria-expanded", "false");
      element.setAttribute("aria-keyshortcuts", "o");
      unit.label = textOf("▸", { class: "head" });
      unit.handle = svg("rect", { class: "handle", height: HEAD });
      element.append(unit.label, unit.handle);
    }
    return unit;
  }

  cell(cell, c) {
    const rect = svg("rect", { rx: 6 }), label = svg("text"), handle = svg("rect", { class: "handle", height: 14 });
    const step = this.stepOf(cell.step), name = shorten(cell.label) || "cell";
    const element = svg("g", { class: "unit cell", role: "button", tabindex: -1 }, rect, label, handle);
    element.setAttribute("aria-label", [name, step].filter(Boolean).join(", "));
    return { room: this, element, name, step, items: [], cell: c, opening: null, kind: "cell", rect, handle, label };
  }

  /* The label of a step; inside a box of one step that of the box. */
  stepOf(step) {
    return step !== null ? this.scene.steps[step].label : this.around?.step ?? "";
  }

  /* What shows a box now: the box, or the closed cell around it. */
  unitOfBox(b) {
    const { cell } = this.scene.boxes[b];
    return cell !== null && this.closed.has(cell) ? this.cells[cell] : this.boxes[b];
  }

  /* --- opening and closing --- */

  isOpen(unit) {
    return unit.cell === undefined ? this.rooms.has(unit.box) : !this.closed.has(unit.cell);
  }

  canOpen(unit) {
    return !this.isOpen(unit) && (unit.cell !== undefined || unit.opening !== null);
  }

  /* Whether a unit shows what it stands for by itself. */
  shows(unit) {
    return unit.cell === undefined ? this.unitOfBox(unit.box) === unit && !this.isOpen(unit) : !this.isOpen(unit);
  }

  open(unit) {
    if (!this.canOpen(unit)) return;
    if (unit.cell !== undefined) {
      this.closed.delete(unit.cell);
      return;
    }
    const [number, contents] = data.openings[unit.opening];
    const room = new Room(data.rooms[number], contents, unit);
    this.rooms.set(unit.box, room);
    unit.element.append(room.element);
    this.mark(unit, true);
  }

  close(unit) {
    if (!this.isOpen(unit)) return;
    if (unit.cell !== undefined) {
      this.closed.add(unit.cell);
      return;
    }
    this.rooms.get(unit.box).element.remove();
    this.rooms.delete(unit.box);
    this.mark(unit, false);
  }

  mark({ element, label, name, step }, open) {
    element.classList.toggle("open", open);
    element.setAttribute("aria-expanded", String(open));
    label.textContent = open ? `▾ ${shorten([name, step].filter(Boolean).join("  ·  "))}` : "▸";
  }

  /* --- places --- */

  /* Put everything where it belongs, what is inside first. */
  place() {
    const { boxes, cells, steps, lines, points, words } = this.scene;
    const spans = { x: [], y: [] };
    boxes.forEach((box, b) => {
      if (!this.boxes[b].pin && this.unitOfBox(b) !== this.boxes[b]) return;
      const room = this.rooms.get(b);
      room?.place();
      const { w, h } = this.sizeOf(b);
      spans.x.push(...widened(box.x, w, room ? room.extent.w + 2 * PADDING : 0));
      spans.y.push(...widened(box.y, h, room ? room.extent.h + 2 * PADDING + HEAD : 0));
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
    steps.forEach((step, i) => {
      const place = mapped(step), { rect, label } = this.steps[i];
      sides(rect, place);
      label.setAttribute("x", place.x + place.w / 2);
      label.setAttribute("y", place.y + 15);
    });
    boxes.forEach((box, b) => {
      const { w, h } = this.sizeOf(b), room = mapped({ x: box.x - w / 2, y: box.y - h / 2, w, h });
      this.placeBox(this.boxes[b], this.rooms.has(b) ? room : this.shrunk(b, room, X, Y));
    });
    cells.forEach((cell, c) => this.placeCell(this.cells[c], mapped(cell)));
    points.forEach(([x, y], i) => {
      this.points[i].setAttribute("cx", X.at(x).toFixed(1));
      this.points[i].setAttribute("cy", Y.at(y).toFixed(1));
    });
    words.forEach((word, i) => {
      this.words[i].setAttribute("x", X.at(word.x));
      this.words[i].setAttribute("y", Y.at(word.y) + 3);
    });
    lines.forEach((line, i) => {
      const ends = [line.from, line.to].map((v) => (v < boxes.length ? this.unitOfBox(v) : null));
      const hidden = ends[0] && ends[0] === ends[1] && ends[0].cell !== undefined;
      this.lines[i].setAttribute("display", hidden ? "none" : "inline");
      if (hidden) return;
      let path = [];
      for (let k = 0; k < line.path.length; k += 2) path.push([X.at(line.path[k]), Y.at(line.path[k + 1])]);
      if (ends[1]) path = this.ended(path, ends[1]);
      if (ends[0]) path = this.ended(path.reverse(), ends[0]).reverse();
      this.lines[i].setAttribute("d", drawn(path, line.tip));
    });
    const all = [...steps.map(mapped), ...this.boxes.map((unit) => unit.place)];
    const [left, top] = ["x", "y"].map((side) => all.reduce((least, each) => Math.min(least, each[side]), Infinity));
    const right = all.reduce((most, { x, w }) => Math.max(most, x + w), -Infinity);
    const bottom = all.reduce((most, { y, h }) => Math.max(most, y + h), -Infinity);
    this.extent = { x: left, y: top, w: right - left, h: bottom - top };
  }

  /* A box; what is open takes the width of its column and the height of its row, so that these give way as one. */
  sizeOf(b) {
    const { boxes } = this.scene, { x, y, w, h } = boxes[b];
    if (!this.rooms.has(b)) return { w, h };
    const most = (side, where, at) => boxes.reduce((most, box) => (Math.abs(box[where] - at) < 1 ? Math.max(most, box[side]) : most), 0);
    return { w: most("w", "x", x), h: most("h", "y", y) };
  }

  /* A box in room that was widened for others keeps its size, if all its lines can still end at its sides. */
  shrunk(b, room, X, Y) {
    const box = this.scene.boxes[b], x = X.at(box.x), y = Y.at(box.y), place = { ...room };
    const atSide = ([px]) => Math.abs(Math.abs(px - box.x) - box.w / 2) < 1;
    const fits = (ends, center, half) => ends.every((end) => Math.abs(end - center) < half - 2);
    if (fits(this.ends[b].filter((p) => !atSide(p)).map(([px]) => X.at(px)), x, box.w / 2)) {
      Object.assign(place, { x: x - box.w / 2, w: box.w });
    }
    if (fits(this.ends[b].filter(atSide).map(([, py]) => Y.at(py)), y, box.h / 2)) {
      Object.assign(place, { y: y - box.h / 2, h: box.h });
    }
    return place;
  }

  /* A path up to a unit: cut off at a closed cell or an open box, prolonged to a box that is smaller than its room. */
  ended(path, { cell, box, place }) {
    if (cell !== undefined || this.rooms.has(box)) return clipped(path, place);
    const [x, y] = path.at(-1), { x: left, y: top, w, h } = place;
    const end = [Math.min(Math.max(x, left), left + w), Math.min(Math.max(y, top), top + h)];
    return Math.hypot(end[0] - x, end[1] - y) > 0.5 ? [...path, path.at(-1), end, end] : path;
  }

  placeBox(unit, place) {
    const { x, y, w, h } = unit.place = place, { element, rect } = unit;
    element.setAttribute("transform", `translate(${(x + w / 2).toFixed(1)} ${(y + h / 2).toFixed(1)})`);
    if (unit.pin) return;
    sides(rect, { x: -w / 2, y: -h / 2, w, h });
    element.setAttribute("display", this.unitOfBox(unit.box) === unit ? "inline" : "none");
    if (!unit.handle) return;
    const room = this.rooms.get(unit.box);
    unit.label.setAttribute("x", (5 - w / 2).toFixed(1));
    unit.label.setAttribute("y", (12 - h / 2).toFixed(1));
    sides(unit.handle, { x: -w / 2, y: -h / 2, w: room ? w : 18, h: HEAD });
    if (room) {
      const { extent } = room, free = { w: w - extent.w, h: h - HEAD - extent.h };
      unit.shift = [free.w / 2 - w / 2 - extent.x, free.h / 2 + HEAD - h / 2 - extent.y];
      room.element.setAttribute("transform", `translate(${unit.shift.map((s) => s.toFixed(1)).join(" ")})`);
    }
  }

  placeCell(unit, place) {
    const closed = this.closed.has(unit.cell), { rect, label, handle, element } = unit, { x, y, w, h } = place;
    unit.place = place;
    sides(rect, place);
    sides(handle, { x, y, w, h: 14 });
    handle.setAttribute("visibility", closed ? "hidden" : "visible");
    label.textContent = closed ? unit.name : `▾ ${unit.name}`;
    label.setAttribute("x", closed ? x + w / 2 : x + 7);
    label.setAttribute("y", closed ? y + h / 2 + 4 : y + 11);
    element.classList.toggle("closed", closed);
    element.setAttribute("aria-expanded", String(!closed));
  }

  /* Where every unit is in the whole picture. */
  settle(x = 0, y = 0) {
    for (const unit of this.units) unit.at = { ...unit.place, x: unit.place.x + x, y: unit.place.y + y };
    for (const [b, room] of this.rooms) {
      const { place, shift } = this.boxes[b];
      room.settle(x + place.x + place.w / 2 + shift[0], y + place.y + place.h / 2 + shift[1]);
    }
  }
}

function sides(rect, { x, y, w, h }) {
  for (const [name, value] of Object.entries({ x, y, width: w, height: h })) rect.setAttribute(name, value.toFixed(1));
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
