"use strict";
/* The tool bar, the keyboard, and what is chosen. */

const LEVELS = { module: "modules", layer: "layers", step: "steps", op: "operations" };

class App {
  constructor() {
    this.get = (id) => document.getElementById(id);
    this.canvas = new Canvas(this.get("canvas"));
    this.details = new Details(this.get("details"), this);
    this.backward = new Backward(this);
    [this.level, this.view] = data.start;
    this.selected = -1;
    const outputs = Object.values(data.scenes).at(-1).unrolled.boxes.length;
    document.title = `Computation graph, ${outputs} boxes`;
    this.listen();
    this.open();
  }

  listen() {
    const { canvas } = this, picture = canvas.element;
    const on = (id, event, act) => this.get(id).addEventListener(event, act);
    this.get("level").replaceChildren(...Object.keys(data.scenes).map((level) => html("option", { value: level, text: LEVELS[level] })));
    on("level", "change", (event) => this.go(event.target.value, this.view));
    on("view", "change", (event) => this.go(this.level, event.target.value));
    on("close-all", "click", () => this.close([...canvas.scene.cells.keys()], true));
    on("open-all", "click", () => this.close([...canvas.scene.cells.keys()], false));
    on("search", "input", () => this.search());
    on("search", "keydown", (event) => {
      if (event.key === "Enter") this.nextFound(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") {
        event.target.value = "";
        this.search();
        this.focus();
      }
    });
    on("smaller", "click", () => canvas.zoom(1 / 1.3));
    on("larger", "click", () => canvas.zoom(1.3));
    on("fit", "click", () => canvas.fit());
    on("theme", "click", () => {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const root = document.documentElement;
      root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
    });
    const unitAt = (event) => Number(event.target.closest(".unit")?.dataset.unit ?? -1);
    picture.addEventListener("pointerover", (event) => this.trace(event.buttons ? -1 : unitAt(event)));
    picture.addEventListener("pointerleave", () => this.trace(-1));
    picture.addEventListener("focusin", (event) => this.trace(event.target.matches(":focus-visible") ? unitAt(event) : -1));
    picture.addEventListener("focusout", () => this.trace(-1));
    picture.addEventListener("click", (event) => {
      if (canvas.dragged) return;
      const u = unitAt(event), cell = canvas.units[u]?.cell;
      if (event.target.classList.contains("handle")) this.close([canvas.scene.cells.indexOf(cell)], true);
      else this.select(u >= 0 && canvas.visible(u) ? u : -1);
    });
    picture.addEventListener("dblclick", (event) => this.toggle(unitAt(event)));
    picture.addEventListener("keydown", (event) => this.keyInPicture(event, unitAt(event)));
    document.addEventListener("keydown", (event) => this.key(event));
    addEventListener("resize", () => canvas.apply());
  }

  /* --- which scene --- */

  go(level, view) {
    this.level = level;
    this.view = view in data.scenes[level] ? view : "unrolled";
    this.open();
  }

  open(closed = new Set()) {
    const { canvas } = this, views = Object.keys(data.scenes[this.level]);
    this.get("view").replaceChildren(...views.map((view) => html("option", { value: view, text: view })));
    this.get("level").value = this.level;
    this.get("view").value = this.view;
    this.selected = -1;
    canvas.show(data.scenes[this.level][this.view], closed);
    canvas.fit(0.55);
    this.changed();
  }

  changed() {
    const { canvas } = this, { cells } = canvas.scene;
    this.get("cells").hidden = !cells.length;
    this.get("close-all").disabled = canvas.closed.size === cells.length;
    this.get("open-all").disabled = !canvas.closed.size;
    this.trace(-1);
    this.search();
    this.backward.regroup();
  }

  finer() {
    const levels = Object.keys(data.scenes);
    return levels[levels.indexOf(this.level) + 1];
  }

  /* Look into a unit: at the next finer level, with its own cells open and the others closed. */
  enter(unit) {
    const { canvas } = this, wanted = new Set(unit.items), finer = this.finer();
    if (!finer) return;
    this.level = finer;
    if (!(this.view in data.scenes[finer])) this.view = "unrolled";
    const { boxes, cells } = data.scenes[finer][this.view];
    const mine = boxes.filter((box) => box.items.some((item) => wanted.has(item)));
    const open = new Set(mine.map((box) => box.cell));
    this.open(new Set([...cells.keys()].filter((c) => !open.has(c))));
    const u = canvas.units.findIndex((each, u) => canvas.visible(u) && each.items.some((item) => wanted.has(item)));
    if (u >= 0) this.select(u, true);
  }

  close(cells, closed) {
    const { canvas } = this, anchor = this.selected;
    for (const c of cells) closed ? canvas.closed.add(c) : canvas.closed.delete(c);
    const n = canvas.scene.boxes.length;
    const before = anchor >= 0 ? canvas.units[anchor].place : null;
    canvas.place();
    if (before) { // what was chosen stays under the pointer
      const after = canvas.units[anchor].place, { k } = canvas.look;
      canvas.look.x += (before.x - after.x) * k;
      canvas.look.y += (before.y - after.y) * k;
      canvas.apply();
    }
    this.changed();
    let next = anchor;
    if (anchor >= n && !canvas.visible(anchor)) next = canvas.units[anchor].boxes[0];
    if (anchor >= 0 && anchor < n) next = canvas.unitOfBox(anchor);
    this.select(next < 0 && cells.length === 1 && closed ? n + cells[0] : next);
  }

  toggle(u) {
    const { canvas } = this, n = canvas.scene.boxes.length;
    if (u < 0) return;
    const c = u < n ? canvas.scene.boxes[u].cell : u - n;
    if (c !== null) this.close([c], !canvas.closed.has(c));
    else if (canvas.units[u].items.length > 1 && this.finer()) this.enter(canvas.units[u]);
  }

  /* --- what is chosen --- */

  select(u, bring = false) {
    const { canvas } = this;
    canvas.units[this.selected]?.element.classList.remove("selected");
    if (this.selected >= 0) canvas.units[this.selected]?.element.setAttribute("aria-pressed", "false");
    this.selected = u;
    if (u >= 0) {
      canvas.units[u].element.classList.add("selected");
      canvas.units[u].element.setAttribute("aria-pressed", "true");
      if (bring) canvas.bring(u, 0.5);
    }
    this.details.show(u);
  }

  refresh() {
    this.details.show(this.selected);
  }

  /* Light up what a unit was computed from, and what was computed from it. */
  trace(u) {
    const { canvas } = this;
    if (this.traced?.u === u) return;
    this.get("canvas").classList.toggle("tracing", u >= 0 && canvas.visible(u));
    for (const [element, name] of this.traced?.lit ?? []) element.classList.remove(name);
    this.traced = { u, lit: [] };
    if (u < 0 || !canvas.visible(u)) return;
    const light = (element, name) => {
      element.classList.add(name);
      this.traced.lit.push([element, name]);
    };
    light(canvas.units[u].element, "here");
    for (const [way, name] of [["into", "up"], ["out", "down"]]) {
      const { vertices, lines } = canvas.graph.reach(canvas.units[u].boxes, way);
      for (const i of lines) light(canvas.lines[i], name);
      const boxes = [...vertices].filter((v) => canvas.graph.isBox(v)).map((b) => canvas.unitOfBox(b));
      for (const other of new Set(boxes)) if (other !== u) light(canvas.units[other].element, name);
    }
  }

  /* --- search --- */

  search() {
    const { canvas } = this, words = this.get("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const u of this.found ?? []) canvas.units[u]?.element.classList.remove("found");
    const units = new Set();
    if (words.length) {
      canvas.scene.boxes.forEach((box, b) => {
        const text = [...box.items.map((i) => `${data.items[i].name} ${data.items[i].where ?? ""}`), box.title, ...box.notes, canvas.units[b].step, canvas.units[b].step.replaceAll(" ", "")];
        const lower = text.join(" ").toLowerCase();
        if (words.every((word) => lower.includes(word))) units.add(canvas.unitOfBox(b));
      });
    }
    this.found = [...units];
    this.at = -1;
    for (const u of this.found) canvas.units[u].element.classList.add("found");
    this.get("found").textContent = words.length ? `${this.found.length || "nothing"} found` : "";
  }

  nextFound(by) {
    if (!this.found.length) return;
    this.at = (this.at + by + this.found.length) % this.found.length;
    this.get("found").textContent = `${this.at + 1} of ${this.found.length}`;
    this.select(this.found[this.at], true);
  }

  /* --- keyboard --- */

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input[type=search], select, textarea")) return;
    const { canvas, backward } = this;
    const act = {
      "]": () => backward.go(backward.position + 1), "[": () => backward.go(backward.position - 1),
      "/": () => this.get("search").focus(), "+": () => canvas.zoom(1.3), "-": () => canvas.zoom(1 / 1.3),
      "0": () => canvas.fit(), "Escape": () => this.select(-1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  keyInPicture(event, u) {
    if (u < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) this.focus(this.nearest(u, way));
    else if (event.key === "Enter" || event.key === " ") this.select(u);
    else if (event.key === "o") {
      this.toggle(u);
      this.focus(this.selected);
    } else return;
    event.preventDefault();
  }

  nearest(u, [dx, dy]) {
    const { canvas } = this, center = ({ place }) => [place.x + place.w / 2, place.y + place.h / 2];
    const [x, y] = center(canvas.units[u]);
    let best = u, least = Infinity;
    canvas.units.forEach((unit, other) => {
      if (other === u || !canvas.visible(other)) return;
      const [ox, oy] = center(unit), along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along > 1 && along + 2.5 * across < least) [best, least] = [other, along + 2.5 * across];
    });
    return best;
  }

  focus(u = this.selected) {
    const { canvas } = this;
    const unit = canvas.units[u] ?? canvas.units.find((_, other) => canvas.visible(other));
    for (const { element } of canvas.units) if (element.getAttribute("tabindex") === "0") element.setAttribute("tabindex", "-1");
    unit.element.setAttribute("tabindex", "0");
    canvas.bring(canvas.units.indexOf(unit));
    unit.element.focus({ preventScroll: true });
  }
}

new App();
