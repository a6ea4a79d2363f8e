"use strict";
/* The backward pass, step by step. At coarse levels the applications inside one box make one step.

   Position 0 is before the first step; at position k, run k - 1 is being applied. */

class Backward {
  constructor(app) {
    this.app = app;
    this.position = 0;
    this.lit = []; // [element, class] of what belongs to the step shown
    this.get = (id) => document.getElementById(id);
    this.senders = new Map(); // item -> numbers of the steps that gave it something
    this.history = new Map(); // item -> [number of the step, what its gradient was then]
    data.steps.forEach((step, s) => {
      step.arrives.forEach(([, dy]) => this.note(step.item, s, dy));
      for (const [to, , , total, via] of step.sends) {
        for (const item of [to, ...via]) {
          if (!this.senders.has(item)) this.senders.set(item, []);
          this.senders.get(item).push(s);
        }
        this.note(to, s, total);
      }
    });
    const norms = data.steps.flatMap((step) => [...step.arrives.map(([, dy]) => dy), ...step.sends.map((send) => send[3])])
      .map(([norm]) => Number(norm)).filter((norm) => norm > 0 && Number.isFinite(norm));
    this.least = norms.reduce((a, b) => Math.min(a, b), Infinity);
    this.most = norms.reduce((a, b) => Math.max(a, b), 0);
    if (norms.length) {
      this.get("weakest").textContent = shown(this.least);
      this.get("strongest").textContent = shown(this.most);
      this.get("legend").setAttribute("aria-label", `Norm of the gradient, from ${shown(this.least)} light to ${shown(this.most)} dark, logarithmic`);
    }
    this.get("legend").hidden = !norms.length;
    for (const [id, move] of [["first", () => 0], ["previous", () => this.position - 1], ["next", () => this.position + 1], ["last", () => Infinity]]) {
      this.get(id).addEventListener("click", () => this.go(move()));
    }
    this.get("slider").addEventListener("input", (event) => this.go(Number(event.target.value)));
    this.get("play").addEventListener("click", () => this.play(!this.timer));
  }

  note(item, step, gradient) {
    if (!this.history.has(item)) this.history.set(item, []);
    this.history.get(item).push([step, gradient]);
  }

  /* The gradient that lies at an item now. */
  gradientAt(item) {
    const last = this.position ? this.runs[this.position - 1].last : -1;
    return this.history.get(item)?.findLast(([step]) => step <= last)?.[1];
  }

  /* Group the steps by what is drawn now; stay at the application that was being applied. */
  regroup() {
    const { canvas } = this.app, before = this.position ? this.runs[this.position - 1].last : -1;
    this.runs = [];
    data.steps.forEach((step, s) => {
      const unit = canvas.unitOf(step.item), latest = this.runs.at(-1);
      if (latest && unit && latest.unit === unit) latest.last = s;
      else this.runs.push({ unit, first: s, last: s });
    });
    for (const run of this.runs) {
      const arrived = this.arrived(run).map(({ dy }) => Number(dy[0]));
      run.norm = Math.hypot(...arrived);
    }
    this.position = before < 0 ? 0 : 1 + this.runs.findIndex((run) => run.last >= before);
    this.get("slider").max = this.runs.length;
    this.go(this.position, false);
  }

  arrived(run) {
    const { canvas } = this.app, found = [];
    for (let s = run.first; s <= run.last; s++) {
      const { item, arrives } = data.steps[s];
      const senders = (this.senders.get(item) ?? []).map((t) => canvas.unitOf(data.steps[t].item));
      const outside = senders.filter((unit) => unit !== run.unit || !unit);
      if (!senders.length || outside.length) arrives.forEach(([name, dy]) => found.push({ item, name, dy, from: outside }));
    }
    return found;
  }

  sent(run) {
    const { canvas } = this.app, found = [];
    for (let s = run.first; s <= run.last; s++) {
      for (const [to, slot, dx, total, via] of data.steps[s].sends) {
        const units = (via.length ? via : [to]).map((item) => canvas.unitOf(item));
        if (!run.unit || units.some((unit) => unit !== run.unit)) found.push({ to, slot, dx, total, units, step: s });
      }
    }
    return found;
  }

  go(position, follow = true) {
    const n = this.runs.length;
    this.position = Math.max(0, Math.min(position, n));
    if (this.position === n) this.play(false);
    this.get("backward").classList.toggle("idle", this.position === 0); // where there is little room it is small then
    this.get("slider").value = this.position;
    this.get("slider").setAttribute("aria-valuetext", `step ${this.position} of ${n}`);
    this.get("count").textContent = `${this.position} of ${n}`;
    for (const id of ["first", "previous"]) this.get(id).disabled = this.position === 0;
    for (const id of ["next", "last", "play"]) this.get(id).disabled = this.position === n;
    this.warm();
    this.describe(this.position ? this.runs[this.position - 1] : null, follow);
    this.app.refresh();
  }

  /* Colour what has its gradient by the norm, on a log scale. */
  warm() {
    const { canvas } = this.app, norms = new Map();
    for (const run of this.runs.slice(0, this.position)) {
      norms.set(run.unit, run.norm);
      for (let s = run.first; s <= run.last; s++) {
        for (const [to, , , total] of data.steps[s].sends) {
          if (data.items[to].leaf) norms.set(canvas.unitOf(to), Number(total[0]));
        }
      }
    }
    const range = Math.log(this.most / this.least) || 1;
    canvas.units.forEach((unit) => {
      const { element } = unit, norm = norms.get(unit);
      const share = norm > 0 && Number.isFinite(norm) ? Math.log(norm / this.least) / range : 0;
      const warm = norm === undefined ? "" : `${Math.round(12 + 78 * Math.min(1, Math.max(0, share)))}%`;
      if (element.dataset.warm === warm || (!warm && !element.dataset.warm)) return;
      element.dataset.warm = warm;
      element.style.setProperty("--warm", warm);
      element.classList.toggle("hot", Boolean(warm));
      element.classList.toggle("warmer", parseInt(warm, 10) > 62);
      element.classList.toggle("warmest", parseInt(warm, 10) > 73);
    });
    this.fill();
  }

  /* The last line in the box of a Value says its gradient: first what `.grad` held, then what this pass has found. */
  fill() {
    for (const { items, notes } of this.app.canvas.units) {
      if (items.length !== 1 || !data.items[items[0]].number) continue;
      const note = notes.at(-1), gradient = this.gradientAt(items[0]);
      note.dataset.before ??= note.textContent;
      note.textContent = this.position ? `grad ${gradient ? shown(gradient[1]) : "–"}` : note.dataset.before;
    }
  }

  describe(run, follow) {
    const { canvas } = this.app;
    for (const [element, name] of this.lit) element.classList.remove(name);
    canvas.units.forEach(({ element }) => element.removeAttribute("aria-current"));
    this.lit = [];
    const light = (element, name) => {
      element.classList.add(name);
      this.lit.push([element, name]);
    };
    const sentence = this.get("sentence");
    if (!run) {
      this.get("now").replaceChildren(this.arrivalTable([]), this.sendTable([])); // the picture keeps its size
      sentence.textContent = data.problem || (data.steps.length ? `Ready: the ${data.seed}. Press Next, or the key ].` : "There is nothing to step through.");
      return;
    }
    const here = run.unit?.vertices ?? [];
    const arrives = this.arrived(run), sends = this.sent(run);
    if (run.unit) {
      light(run.unit.element, "now");
      run.unit.element.setAttribute("aria-current", "step");
      if (follow) canvas.bring(run.unit);
    }
    const outputs = canvas.units.filter((unit) => unit.kind === "output" && !unit.items.length);
    for (const { from } of arrives) {
      const drawn = from.filter(Boolean), others = drawn.length ? drawn : outputs;
      for (const line of canvas.graph.between(here, others.flatMap((unit) => unit.vertices))) light(line, "gets");
    }
    for (const { units } of sends) {
      for (const unit of units) {
        if (!unit || unit === run.unit) continue;
        light(unit.element, "target");
        for (const line of canvas.graph.between(unit.vertices, here)) light(line, "gives");
      }
    }
    const item = data.items[data.steps[run.first].item], name = run.unit ? fullName(run.unit, run.unit.items.length === 1 && item) : nameOf(item);
    const count = run.last - run.first + 1, shared = run.unit?.items.length > 1;
    const which = shared && count === 1 ? item.where : ""; // of a rolled up step
    const when = which || run.unit?.step;
    const where = [name, when, count > 1 && `${count} applications`].filter(Boolean).join(", ");
    const got = arrives.map(({ name, dy }) => inWords(name, dy)).join(", ");
    const gave = sends.map(({ to, slot, dx }) => `${inWords(slot, dx)} to ${shorten(nameOf(data.items[to]))}`);
    const gives = gave.length ? gave.slice(0, 4).join(", ") + (gave.length > 4 ? `, and ${gave.length - 4} more` : "") : "nothing further";
    sentence.textContent = `${where}. Arrives: ${got || "nothing from outside"}. Sends: ${gives}.`;
    const end = this.position === this.runs.length && data.problem;
    if (end) sentence.textContent += ` ${data.problem}`;
    this.get("now").replaceChildren(this.arrivalTable(arrives), this.sendTable(sends));
  }

  arrivalTable(arrives) {
    const rows = arrives.map(({ item, name, dy }) => this.row(html("td", { text: name }), this.cellOf(item), html("td", {}, gradientOf(dy))));
    return html("div", {}, html("h3", { text: "Arrives" }), this.table(["gradient", "at", "value"], rows));
  }

  sendTable(sends) {
    const latest = new Map(sends.map((send) => [`${send.to} ${send.slot}`, send]));
    const rows = sends.map((send) => {
      const { to, slot, dx, total } = send;
      const sum = latest.get(`${to} ${slot}`) === send ? gradientOf(total) : html("span", { class: "faint", text: "…" });
      return this.row(html("td", { text: slot }), this.cellOf(to), html("td", {}, gradientOf(dx)), html("td", {}, sum));
    });
    return html("div", {}, html("h3", { text: "Sends" }), this.table(["gradient", "to", "value", "has gathered there"], rows));
  }

  cellOf(item) {
    const unit = this.app.canvas.unitOf(item), name = nameOf(data.items[item]);
    const text = shorten([name, unit ? unit.step : "not drawn"].filter(Boolean).join(", "));
    if (!unit) return html("td", { class: "faint", text });
    return html("td", {}, html("button", { type: "button", text, onclick: () => this.app.select(unit, true) }));
  }

  row(...cells) {
    return html("tr", {}, ...cells);
  }

  table(heads, rows) {
    return html("table", {}, this.row(...heads.map((text) => html("th", { scope: "col", text }))), ...rows);
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.go(this.position + 1), 500) : 0;
    this.get("sentence").setAttribute("aria-live", on ? "off" : "polite"); // nobody can listen that fast
    this.get("play").setAttribute("aria-pressed", String(Boolean(on)));
    this.get("play").textContent = on ? "Pause" : "Play";
  }
}
