"use strict";
/* The picture as a whole: what is shown, pan and zoom. */

class Canvas {
  constructor(element) {
    this.element = element;
    this.world = svg("g");
    element.append(this.world);
    this.look = { x: 0, y: 0, k: 1 };
    this.least = null; // while the picture lies as `fit` laid it: it does so in more or less room, too
    this.drag();
    new ResizeObserver(() => this.least !== null && this.fit(this.least)).observe(element);
  }

  show(scene) {
    this.root = new Room(scene, scene.boxes.map(({ items, inside }) => [items, inside]));
    this.world.replaceChildren(this.root.element);
    this.update();
  }

  /* Where the Tab key stops: at one unit of all. */
  stopAt(unit) {
    this.stop?.element.setAttribute("tabindex", "-1");
    unit?.element.setAttribute("tabindex", "0");
    this.stop = unit;
  }

  /* After something was opened or closed. */
  update() {
    this.root.place();
    this.root.settle();
    this.graph = graphOf(this.root);
    this.rooms = [...this.root.all()];
    this.units = this.rooms.flatMap((room) => room.units.filter((unit) => room.shows(unit)));
    this.frames = this.rooms.flatMap((room) => room.units.filter((unit) => room.isOpen(unit)));
    this.byItem = new Map(this.units.flatMap((unit) => unit.items.map((item) => [item, unit])));
    if (!this.units.includes(this.stop)) this.stopAt(this.units[0]);
    this.byElement = new Map([...this.units, ...this.frames].map((unit) => [unit.element, unit]));
  }

  /* What shows an item now, or nothing. */
  unitOf(item) {
    return this.byItem.get(item) ?? null;
  }

  unitAt(element) {
    return this.byElement.get(element.closest?.(".unit")) ?? null;
  }

  shows(unit) {
    return unit !== null && this.byElement.has(unit.element) && unit.room.shows(unit);
  }

  /* What is open around a unit, innermost first. */
  around(unit) {
    const found = [];
    for (let each = unit; each; each = each.room.around) {
      const { cell } = each.cell === undefined ? each.room.scene.boxes[each.box] : { cell: null };
      if (cell !== null && each.room.isOpen(each.room.cells[cell])) found.push(each.room.cells[cell]);
      if (each.room.around) found.push(each.room.around);
    }
    return found;
  }

  /* --- pan and zoom --- */

  apply() {
    const { x, y, k } = this.look;
    this.world.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${k.toFixed(4)})`);
  }

  /* All of it; but where that would be smaller than `least`, the beginning of it. */
  fit(least = 0) {
    this.least = least;
    const { clientWidth: w, clientHeight: h } = this.element, e = this.root.extent;
    const k = Math.max(least, Math.min((w - 30) / e.w, (h - 30) / e.h, 1.6));
    const start = (room, extent) => Math.max((room - extent * k) / 2, 15);
    this.look = { k, x: start(w, e.w) - e.x * k, y: start(h, e.h) - e.y * k };
    this.apply();
  }

  zoom(factor, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const k = Math.min(8, Math.max(0.01, this.look.k * factor)), change = k / this.look.k;
    this.least = null;
    this.look = { k, x: x - (x - this.look.x) * change, y: y - (y - this.look.y) * change };
    this.apply();
  }

  move(dx, dy) {
    if (!dx && !dy) return;
    this.least = null;
    this.look.x += dx;
    this.look.y += dy;
    this.apply();
  }

  /* Bring a unit into view; what is well inside stays where it is. */
  bring({ at: p }, least = 0) {
    const { clientWidth: w, clientHeight: h } = this.element;
    if (this.look.k < least) this.zoom(least / this.look.k);
    const { x, y, k } = this.look, cx = (p.x + p.w / 2) * k + x, cy = (p.y + p.h / 2) * k + y;
    this.move(cx < 60 || cx > w - 60 ? w / 2 - cx : 0, cy < 40 || cy > h - 40 ? h / 2 - cy : 0);
  }

  /* Show the whole of what was opened, as far as it can still be read then. */
  reveal({ at: p }) {
    const { clientWidth: w, clientHeight: h } = this.element;
    const k = Math.min(this.look.k, Math.max(0.5, Math.min((w - 40) / p.w, (h - 40) / p.h)));
    this.zoom(k / this.look.k, p.x * this.look.k + this.look.x, p.y * this.look.k + this.look.y);
    const pushed = (from, length, room) => Math.max(20 - from, Math.min(0, room - 20 - from - length));
    const { x, y } = this.look;
    this.move(pushed(p.x * k + x, p.w * k, w), pushed(p.y * k + y, p.h * k, h));
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
        this.move(now[0] - before[0], now[1] - before[1]);
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
