"use strict";
/* The graph of one scene. Vertices are its boxes, then the points through which rails tap their steps. */

const data = JSON.parse(document.getElementById("data").textContent);

class Graph {
  constructor(scene) {
    this.boxes = scene.boxes;
    this.lines = scene.lines;
    const vertices = scene.boxes.length + scene.points.length;
    this.into = Array.from({ length: vertices }, () => []);
    this.out = Array.from({ length: vertices }, () => []);
    this.lines.forEach((line, i) => {
      this.out[line.from].push(i);
      this.into[line.to].push(i);
    });
    this.boxOf = new Map();
    this.boxes.forEach((box, b) => box.items.forEach((item) => this.boxOf.set(item, b)));
  }

  isBox(vertex) {
    return vertex < this.boxes.length;
  }

  /* Vertices and lines that some boxes were computed from ("into"), or that were computed from them ("out"). */
  reach(starts, way, through = () => true) {
    const vertices = new Set(starts), lines = new Set(), waiting = [...starts];
    while (waiting.length) {
      for (const i of this[way][waiting.pop()]) {
        lines.add(i);
        const next = way === "into" ? this.lines[i].from : this.lines[i].to;
        if (vertices.has(next)) continue;
        vertices.add(next);
        if (through(next)) waiting.push(next);
      }
    }
    return { vertices, lines };
  }

  /* The boxes next to some boxes, on the way through points only. */
  beside(boxes, way) {
    const { vertices } = this.reach(boxes, way, (vertex) => !this.isBox(vertex));
    return [...vertices].filter((vertex) => this.isBox(vertex) && !boxes.includes(vertex));
  }

  /* The lines that lead from some boxes to others, through points only. */
  between(from, to) {
    const point = (vertex) => !this.isBox(vertex);
    const ahead = this.reach(from, "out", point).lines;
    const behind = this.reach(to, "into", point).lines;
    return [...ahead].filter((i) => behind.has(i));
  }
}
