"use strict";
/* The panel beside the picture: what is known of the chosen unit. All text is set as text, never as markup. */

function html(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  const { text, onclick, ...attributes } = options;
  if (text !== undefined) made.textContent = text;
  if (onclick) made.addEventListener("click", onclick);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

function shown(number) {
  const value = Number(number); // also "NaN", "Infinity"
  if (!Number.isFinite(value) || value === 0) return String(value).replace("Infinity", "∞");
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

/* Small arrays: a strip of bars up and down from zero, and the numbers. */
function numbersOf(numbers) {
  const list = `[${numbers.map(shown).join(", ")}]`;
  if (numbers.length < 2) return html("span", { class: "numbers", text: numbers.length ? shown(numbers[0]) : "[ ]" });
  const most = Math.max(...numbers.map((x) => Math.abs(Number(x))).filter(Number.isFinite), 1e-300);
  const strip = svg("svg", { class: "strip", width: numbers.length * 7, height: 16, "aria-hidden": "true" });
  numbers.forEach((x, i) => {
    const share = Number.isFinite(Number(x)) ? Number(x) / most : 0;
    const height = Math.max(Math.abs(share) * 7.5, 0.6);
    const look = { class: share < 0 ? "minus" : "plus", x: i * 7, width: 6, height, y: share < 0 ? 8 : 8 - height };
    strip.append(svg("rect", look));
  });
  return html("span", { class: "numbers" }, strip, html("span", { class: "list", text: list }));
}

/* A gradient as [norm, numbers if they are few]. */
function gradientOf([norm, ...numbers]) {
  if (numbers.length === 1) return numbersOf(numbers);
  return html("span", {}, html("span", { class: "norm", text: `norm ${shown(norm)}  ` }), numbers.length > 0 && numbersOf(numbers));
}

function inWords(name, [norm, ...numbers]) {
  return numbers.length === 1 ? `${name} = ${shown(numbers[0])}` : `${name} of norm ${shown(norm)}`;
}

function histogram({ bins, min, max }) {
  const most = Math.max(...bins), width = 100 / bins.length;
  const label = `Histogram from ${shown(min)} to ${shown(max)}: ${bins.join(", ")}`;
  const picture = svg("svg", { class: "histogram", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": label });
  bins.forEach((count, i) => {
    const height = (38 * count) / most;
    picture.append(svg("rect", { x: i * width + 0.4, y: 40 - height, width: width - 0.8, height }));
  });
  return picture;
}

function statisticsOf(value) {
  const rows = ["min", "max", "mean", "std", "norm"].filter((name) => value[name] !== undefined && value.size > 1);
  const list = html("dl", {}, ...rows.flatMap((name) => [html("dt", { text: name }), html("dd", { text: shown(value[name]) })]));
  if (value.odd) list.append(html("dt", { text: "not finite" }), html("dd", { text: `${value.odd} of ${value.size}` }));
  return [value.numbers && html("p", {}, numbersOf(value.numbers)), list, value.bins && histogram(value)];
}

class Details {
  constructor(element, app) {
    this.element = element;
    this.app = app;
  }

  show(unit) {
    if (!unit) return this.welcome();
    const one = unit.items.length === 1 ? data.items[unit.items[0]] : null;
    this.element.replaceChildren(
      html("h2", { text: [fullName(unit, one), unit.step].filter(Boolean).join("  ·  ") }),
      ...(one ? this.item(one, unit.items[0]) : this.several(unit)),
      ...this.buttons(unit),
      ...this.neighbours("computed from", unit, "into"),
      ...this.neighbours("used by", unit, "out"),
    );
  }

  item(item, number) {
    const operation = item.op === undefined ? null : data.operations[item.op];
    const gradient = this.app.backward.gradientAt(number);
    const [line, code] = lineOf(item);
    const rows = [["shape", item.shape], ["dtype", item.dtype], ["where", item.where], ["line", line]].filter(([, value]) => value);
    return [
      operation?.doc && this.doc(operation.doc),
      html("dl", {}, ...rows.flatMap(([name, value]) => [html("dt", { text: name }), html("dd", { text: value })])),
      code && html("pre", { text: code }),
      html("h3", { text: "Value" }),
      ...(item.value ? statisticsOf(item.value) : [html("p", { class: "faint", text: "not kept: no gradient rule asks for it" })]),
      html("h3", { text: "Gradient, at this step of the backward pass" }),
      html("p", { id: "gradient" }, gradient ? gradientOf(gradient) : html("span", { class: "faint", text: "none yet" })),
      operation?.rule && html("h3", { text: "Gradient rule" }),
      operation?.rule && html("pre", { text: operation.rule }),
    ].filter(Boolean);
  }

  /* The formula; the rest of what is written about an operation on request. */
  doc(text) {
    const [first, ...rest] = text.split("\n"), more = rest.join("\n").trim();
    if (!more) return html("p", { class: "numbers", text: first });
    return html("details", {}, html("summary", { text: first }), html("pre", { text: more }));
  }

  several(unit) {
    const items = unit.items.map((number) => [data.items[number], number]);
    const counts = new Map();
    for (const [item] of items) if (item.op !== undefined) counts.set(item.op, (counts.get(item.op) ?? 0) + 1);
    const leaves = items.filter(([item]) => item.op === undefined);
    const parts = [...counts].map(([op, count]) => {
      const { name, doc } = data.operations[op];
      return html("li", { text: `${count} × ${name}: ${doc.split("\n")[0]}` });
    });
    const where = [...new Set(items.map(([item]) => item.where).filter(Boolean))];
    const [line, code] = lineOf(items.map(([item]) => item).find((item) => item.source !== undefined));
    return [
      where.length === 1 && html("p", { class: "faint", text: where[0] }),
      line && html("p", { class: "faint", text: line }),
      code && html("pre", { text: code }),
      parts.length > 0 && html("h3", { text: "Consists of" }),
      parts.length > 0 && html("ul", {}, ...parts),
      ...leaves.flatMap(([item, number]) => {
        const gradient = this.app.backward.gradientAt(number);
        return [
          html("h3", { text: [item.name, item.shape, item.dtype].filter(Boolean).join("  ") }),
          ...(item.value ? statisticsOf({ ...item.value, bins: undefined }) : []),
          gradient && html("p", {}, "gradient: ", gradientOf(gradient)),
        ];
      }),
    ].filter(Boolean);
  }

  /* What opens or closes here: a unit alone, and all of its step or layer. */
  buttons(unit) {
    const { app } = this, made = [], around = app.canvas.around(unit);
    const button = (text, onclick) => made.push(html("button", { type: "button", text, onclick }));
    const offer = (one, text, verb, able, act) => {
      button(text, () => act([one]));
      const sceneOf = ({ room, box, cell }) => (cell === undefined ? room.scene.boxes[box] : room.scene.cells[cell]);
      for (const [side, what] of [["step", "step"], ["row", "layer"]]) {
        const place = sceneOf(one)[side], alike = one.room.units.filter((other) => able(other) && sceneOf(other)[side] === place);
        if (place !== null && alike.length > 1) button(`${verb} the ${what}`, () => act(alike));
      }
    };
    if (unit.room.canOpen(unit)) offer(unit, "Open", "Open", (other) => other.room.canOpen(other), (units) => app.open(units));
    if (around.length) {
      const text = `Close ${shorten([around[0].name, around[0].step].filter(Boolean).join(", "))}`;
      offer(around[0], text, "Close", (other) => other.room.isOpen(other), (units) => app.close(units));
    }
    return made.length ? [html("h3", { text: "Open and close" }), html("div", { class: "buttons" }, ...made)] : [];
  }

  neighbours(title, unit, way) {
    const { graph } = this.app.canvas, units = [...graph.unitsOf(graph.beside(unit.vertices, way))];
    const list = units.slice(0, 24).map((other) => this.link(other));
    if (units.length > 24) list.push(html("span", { class: "faint", text: `and ${units.length - 24} more` }));
    return list.length ? [html("h3", { text: title }), html("div", { class: "buttons" }, ...list)] : [];
  }

  link(unit) {
    const text = [unit.name, unit.step].filter(Boolean).join(", ");
    return html("button", { type: "button", text: shorten(text), onclick: () => this.app.select(unit, true) });
  }

  welcome() {
    const keys = [
      ["]  [", "a step of the backward pass on, back"], ["← ↑ ↓ →", "from box to box (one in the picture has the focus)"],
      ["Enter", "details of the box"], ["o  c", "open the box, close what is around it"], ["/", "search; Enter goes to the next"],
      ["+  −  0", "zoom in, out, fit"], ["Esc", "nothing chosen"],
    ];
    this.element.replaceChildren(
      html("h2", { text: "Point, click, step" }),
      html("p", { text: "A box under the pointer lights up what it was computed from (blue) and what was computed from it (orange). A click shows its details here." }),
      html("p", { text: "A box with ▸ opens where it is, by a click on that or a double click; a click on ▾ and the name of what is open closes it. Drag to move, turn the wheel to zoom." }),
      html("dl", {}, ...keys.flatMap(([key, text]) => [html("dt", {}, html("kbd", { text: key })), html("dd", { text })])),
      this.app.canvas.root.scene.folded && html("p", { class: "faint", text: this.app.canvas.root.scene.folded }),
    );
  }
}

/* What the box says, and the operation where that is only a sign. */
function fullName(unit, item) {
  const name = item ? nameOf(item) : "";
  return !name || unit.name.includes(name) ? unit.name : `${unit.name}  (${name})`;
}

function nameOf(item) {
  return item.name || (item.op === undefined ? "value" : data.operations[item.op].name);
}

/* The line of the user's code that made it, by name and text; "" where none was recorded. */
function lineOf(item) {
  return data.sources[item?.source] ?? ["", ""];
}
