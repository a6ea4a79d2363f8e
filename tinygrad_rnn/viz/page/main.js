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
    this.selected = null;
    const outputs = Object.values(data.scenes).at(-1).unrolled.boxes.length;
    document.title = `Computation graph, ${outputs} boxes`;
    this.listen();
    this.show();
  }

  listen() {
    const { canvas } = this, picture = canvas.element;
    const on = (id, event, act) => this.get(id).addEventListener(event, act);
    this.get("level").replaceChildren(...Object.keys(data.scenes).map((level) => html("option", { value: level, text: LEVELS[level] })));
    on("level", "change", (event) => this.go(event.target.value, this.view));
    on("view", "change", (event) => this.go(this.level, event.target.value));
    on("close-all", "click", () => this.close(canvas.frames.filter((unit) => unit.room === canvas.root)));
    on("open-all", "click", () => this.open(canvas.root.units.filter((unit) => canvas.root.canOpen(unit))));
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
    const unitAt = (event) => canvas.unitAt(event.target);
    const opened = (event) => event.target.classList.contains("handle");
    picture.addEventListener("pointerover", (event) => this.trace(event.buttons ? null : unitAt(event)));
    picture.addEventListener("pointerleave", () => this.trace(null));
    picture.addEventListener("focusin", (event) => this.trace(event.target.matches(":focus-visible") ? unitAt(event) : null));
    picture.addEventListener("focusout", () => this.trace(null));
    picture.addEventListener("click", (event) => {
      if (canvas.dragged) return;
      const unit = unitAt(event);
      if (unit && opened(event)) this.toggle(unit);
      else this.select(canvas.shows(unit) ? unit : null);
    });
    picture.addEventListener("dblclick", (event) => {
      const unit = unitAt(event);
      if (unit && !opened(event)) this.toggle(unit);
    });
    picture.addEventListener("keydown", (event) => this.keyInPicture(event, unitAt(event)));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /* --- which scene --- */

  go(level, view) {
    this.level = level;
    this.view = view in data.scenes[level] ? view : "unrolled";
    this.show();
  }

  show() {
    const { canvas } = this, views = Object.keys(data.scenes[this.level]);
    this.get("view").replaceChildren(...views.map((view) => html("option", { value: view, text: view })));
    this.get("level").value = this.level;
    this.get("view").value = this.view;
    this.selected = null;
    canvas.show(data.scenes[this.level][this.view]);
    canvas.fit(0.55);
    this.changed();
  }

  changed() {
    const { canvas } = this, { root } = canvas;
    this.get("all").hidden = !root.cells.length && !root.units.some((unit) => unit.opening !== null);
    this.get("close-all").disabled = !canvas.frames.length;
    this.get("open-all").disabled = !root.units.some((unit) => root.canOpen(unit));
    this.trace(null);
    this.search();
    this.backward.regroup();
  }

  /* --- opening and closing, in place --- */

  open(units) {
    const { canvas } = this;
    this.keeping(units[0], () => units.forEach((unit) => unit.room.open(unit)));
    if (units.length === 1) canvas.reveal(units[0]);
    const first = canvas.units.find((unit) => canvas.around(unit).includes(units[0]));
    this.select(first ?? null);
  }

  close(units) {
    this.keeping(units[0], () => units.forEach((unit) => unit.room.close(unit)));
    this.select(units.length === 1 && this.canvas.shows(units[0]) ? units[0] : null);
  }

  /* Change the picture; the place of a unit stays under the pointer. */
  keeping(unit, change) {
    const { canvas } = this, before = unit?.at;
    change();
    canvas.update();
    if (!canvas.shows(this.selected)) this.select(null);
    if (before) canvas.move((before.x - unit.at.x) * canvas.look.k, (before.y - unit.at.y) * canvas.look.k);
    this.changed();
  }

  toggle(unit) {
    if (unit.room.isOpen(unit)) this.close([unit]);
    else if (unit.room.canOpen(unit)) this.open([unit]);
  }

  /* --- what is chosen --- */

  select(unit, bring = false) {
    const { canvas } = this;
    this.selected?.element.classList.remove("selected");
    this.selected?.element.setAttribute("aria-pressed", "false");
    this.selected = unit;
    unit?.element.classList.add("selected");
    unit?.element.setAttribute("aria-pressed", "true");
    if (unit && bring) canvas.bring(unit, 0.5);
    this.details.show(unit);
  }

  refresh() {
    this.details.show(this.selected);
  }

  /* Light up what a unit was computed from, and what was computed from it. */
  trace(unit) {
    const { canvas } = this, shown = canvas.shows(unit) ? unit : null;
    if (this.traced?.unit === shown) return;
    this.get("canvas").classList.toggle("tracing", Boolean(shown));
    for (const [element, name] of this.traced?.lit ?? []) element.classList.remove(name);
    this.traced = { unit: shown, lit: [] };
    if (!shown) return;
    const light = (element, name) => {
      element.classList.add(name);
      this.traced.lit.push([element, name]);
    };
    light(shown.element, "here");
    for (const [way, name] of [["into", "up"], ["out", "down"]]) {
      const { vertices, edges } = canvas.graph.reach(shown.vertices, way);
      for (const line of canvas.graph.linesOf(edges)) light(line, name);
      for (const other of canvas.graph.unitsOf(vertices)) if (other !== shown) light(other.element, name);
    }
  }

  /* --- search --- */

  search() {
    const { canvas } = this, words = this.get("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { element } of this.found ?? []) element.classList.remove("found");
    this.found = words.length ? canvas.units.filter((unit) => {
      const { room, box, step } = unit, { title, notes } = room.scene.boxes[box] ?? { title: unit.name, notes: [] };
      const known = unit.items.map((i) => `${data.items[i].name} ${data.items[i].where ?? ""}`);
      const text = [title, ...notes, step, step.replaceAll(" ", ""), ...known].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    }) : [];
    this.at = -1;
    for (const { element } of this.found) element.classList.add("found");
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
      "0": () => canvas.fit(), "Escape": () => this.select(null),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  keyInPicture(event, unit) {
    if (!unit || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) this.focus(this.nearest(unit, way));
    else if (event.key === "Enter" || event.key === " ") this.select(unit);
    else if (event.key === "o" && unit.room.canOpen(unit)) {
      this.open([unit]);
      this.focus();
    } else if (event.key === "c" && this.canvas.around(unit).length) {
      this.close([this.canvas.around(unit)[0]]);
      this.focus();
    } else return;
    event.preventDefault();
  }

  nearest(unit, [dx, dy]) {
    const center = ({ at }) => [at.x + at.w / 2, at.y + at.h / 2], [x, y] = center(unit);
    let best = unit, least = Infinity;
    for (const other of this.canvas.units) {
      const [ox, oy] = center(other), along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (other !== unit && along > 1 && along + 2.5 * across < least) [best, least] = [other, along + 2.5 * across];
    }
    return best;
  }

  focus(unit = this.selected ?? this.canvas.units[0]) {
    this.canvas.stopAt(unit);
    this.canvas.bring(unit);
    unit.element.focus({ preventScroll: true });
  }
}

new App();
