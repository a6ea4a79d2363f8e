"use strict";
/* Which vertex leads to which. What is a point on the way, and nothing by itself, is passed through. */

const data = JSON.parse(document.getElementById("data").textContent);

class Graph {
  /* Edges are {from, to, lines}: what is drawn for them. */
  constructor(count, edges, isPoint) {
    this.edges = edges;
    this.isPoint = isPoint;
    this.into = Array.from({ length: count }, () => []);
    this.out = Array.from({ length: count }, () => []);
    edges.forEach((edge, i) => {
      this.out[edge.from].push(i);
      this.into[edge.to].push(i);
    });
  }

  /* Vertices and lines that some vertices were computed from ("into"), or that were computed from them ("out"). */
  reach(starts, way, through = () => true) {
    const vertices = new Set(starts), edges = new Set(), waiting = [...starts];
    while (waiting.length) {
      for (const i of this[way][waiting.pop()]) {
        edges.add(i);
        const next = way === "into" ? this.edges[i].from : this.edges[i].to;
        if (vertices.has(next)) continue;
        vertices.add(next);
        if (through(next)) waiting.push(next);
      }
    }
    return { vertices, edges };
  }

  /* The vertices next to some, on the way through points only. */
  beside(starts, way) {
    const { vertices } = this.reach(starts, way, this.isPoint);
    return [...vertices].filter((vertex) => !this.isPoint(vertex) && !starts.includes(vertex));
  }

  /* What is drawn between some vertices and others, through points only. */
  between(from, to) {
    const ahead = this.reach(from, "out", this.isPoint).edges;
    const behind = this.reach(to, "into", this.isPoint).edges;
    return this.linesOf([...ahead].filter((i) => behind.has(i)));
  }

  linesOf(edges) {
    return new Set([...edges].flatMap((i) => this.edges[i].lines));
  }
}

/* The graph of all that is drawn in a room and in the rooms that are open in it.

   A vertex has `items`; a pin, through which lines enter or leave a room, has the items of its `sources`, and of
   its `readers` outside. */
function graphOf(root) {
  const vertices = [], base = new Map(), edges = [];
  const add = (room) => {
    base.set(room, vertices.length);
    room.scene.boxes.forEach((box, b) => {
      const [items, readers] = room.contents[b];
      if (box.kind === "pin") vertices.push({ pin: true, unit: null, items: new Set(items), readers: new Set(readers) });
      else vertices.push({ unit: room.rooms.has(b) ? null : room.unitOfBox(b), items: new Set(items) });
      vertices.at(-1).unit?.vertices.push(vertices.length - 1);
    });
    room.scene.points.forEach(() => vertices.push({ unit: null }));
    for (const inner of room.rooms.values()) add(inner);
  };
  for (const room of root.all()) for (const unit of room.units) unit.vertices = [];
  add(root);
  const overlap = (a, b) => [...a].some((item) => b.has(item));
  const same = (a, b) => overlap(a, b) || (!a.size && !b.size); // the output of a step stands for no item
  const fits = (a, b) => (b.pin ? same(a.items, b.items) : !a.pin || same(a.readers, b.items));
  for (const room of root.all()) {
    const { boxes, lines } = room.scene, start = base.get(room);
    const pinsOf = (b, side) => room.rooms.get(b).pins(side).map((pin) => base.get(room.rooms.get(b)) + pin);
    const ends = (b, side) => (room.rooms.has(b) ? pinsOf(b, side) : [start + b]);
    // A sequence outside is drawn step by step inside: there are no pins for it, but boxes of the same kind.
    const alike = (b, outside) => (room.rooms.get(b)?.scene.boxes ?? []).flatMap(({ kind }, i) =>
      (kind === (boxes[outside].of ?? boxes[outside].kind) && ["input", "start", "output"].includes(kind) ? [base.get(room.rooms.get(b)) + i] : []));
    const drawn = lines.map(({ from, to }, i) => ({ from, to, lines: [room.lines[i]] }));
    for (const { from, to, lines: own } of drawn) {
      if (!room.rooms.has(from) && !room.rooms.has(to)) edges.push({ from: start + from, to: start + to, lines: own });
    }
    if (!room.rooms.size) continue;
    const local = new Graph(boxes.length + room.scene.points.length, drawn, (v) => v >= boxes.length);
    const pairs = [...room.rooms.keys()].flatMap((b) => [
      ...local.beside([b], "into").map((a) => [a, b]),
      ...local.beside([b], "out").filter((c) => !room.rooms.has(c)).map((c) => [b, c]),
    ]);
    for (const [a, b] of pairs) {
      const through = ends(a, "leaves").flatMap((from) => ends(b, "enters").map((to) => [from, to]));
      const fitting = through.filter(([from, to]) => fits(vertices[from], vertices[to]));
      const found = fitting.length ? fitting : [...alike(b, a).map((to) => [start + a, to]), ...alike(a, b).map((from) => [from, start + b])];
      const between = [...local.between([a], [b])];
      for (const [from, to] of found) edges.push({ from, to, lines: between });
    }
  }
  const graph = new Graph(vertices.length, edges, (v) => vertices[v].unit === null);
  graph.unitsOf = (found) => new Set([...found].map((v) => vertices[v].unit).filter(Boolean));
  return graph;
}
