// The drawn plan: parts light up, and the path draws itself between them.

const SVG = "http://www.w3.org/2000/svg";
// Wires that are drawn at most; a journey of more has more detail than a plan can show.
const MOST_WIRES = 60;

/** Draws on `section`. `model` has what reads a journey, `open(place)` shows a part's card. */
export class Plan {
  constructor(section, model, open) {
    this.section = section;
    this.model = model;
    this.canvas = section.querySelector("[data-wires]");
    this.nodes = new Map([...section.querySelectorAll("[data-place]")].map((node) => [node.dataset.place, node]));
    this.paths = new Map();
    section.addEventListener("click", (event) => {
      const node = event.target.closest("[data-place]");
      if (!node || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(node.dataset.place);
    });
    new ResizeObserver(() => this.place()).observe(section);
  }

  nameOf(place) {
    return this.nodes.get(place)?.querySelector(".node__name").textContent ?? place;
  }

  clear() {
    for (const path of this.paths.values()) path.remove();
    this.paths.clear();
    for (const node of this.nodes.values()) this.light(node, null);
  }

  /** Shows how far a journey has come: its rows, as of `now`. */
  show(rows, now) {
    const places = this.model.placesOf(rows, now);
    const wires = this.model.wiresOf(rows).slice(0, MOST_WIRES);
    for (const { from, to, running } of wires) {
      // What is only passed through has no spans of its own.
      for (const place of [from, to]) {
        if (!places.has(place)) places.set(place, { us: 0, count: 0, running, failed: false, layer: "network" });
      }
    }
    for (const [place, node] of this.nodes) this.light(node, places.get(place));
    this.draw(wires);
  }

  light(node, of) {
    const time = node.querySelector("[data-time]");
    const { dataset } = node;
    if (!of) {
      for (const name of ["lit", "running", "failed", "healed", "layer"]) delete dataset[name];
      time.hidden = true;
      return;
    }
    dataset.lit = "";
    dataset.layer = of.layer;
    node.toggleAttribute("data-running", of.running);
    node.toggleAttribute("data-failed", of.failed && !of.healed);
    node.toggleAttribute("data-healed", of.failed && of.healed);
    time.hidden = of.us === 0;
    const said = of.count > 1 ? `${this.model.duration(of.us)} · ${of.count.toLocaleString("en")}×` : this.model.duration(of.us);
    if (time.textContent !== said) time.textContent = said;
  }

  draw(wires) {
    const wanted = new Set();
    for (const wire of wires) {
      if (!this.nodes.has(wire.from) || !this.nodes.has(wire.to)) continue;
      const key = `${wire.from} ${wire.to}`;
      wanted.add(key);
      const path = this.paths.get(key) ?? this.add(key, wire);
      path.setAttribute("class", `wire${wire.running ? " wire--running" : ""}${wire.failed ? " wire--failed" : ""}`);
    }
    for (const [key, path] of this.paths) {
      if (wanted.has(key)) continue;
      path.remove();
      this.paths.delete(key);
    }
  }

  add(key, { from, to, layer }) {
    const path = document.createElementNS(SVG, "path");
    path.dataset.layer = layer;
    path.setAttribute("pathLength", "1");
    path.dataset.lane = this.paths.size;
    path.setAttribute("d", this.route(from, to, this.paths.size));
    this.canvas.append(path);
    this.paths.set(key, path);
    return path;
  }

  place() {
    for (const [key, path] of this.paths) path.setAttribute("d", this.route(...key.split(" "), Number(path.dataset.lane)));
  }

  /** From one part to another, around all that lies between: beside each other straight, to the next row
   * through the gap, farther by a rail at the side. `lane` keeps wires from lying on each other. */
  route(from, to, lane) {
    const [a, b] = [from, to].map((place) => this.boxOf(this.nodes.get(place)));
    const shift = ((lane % 5) - 2) * 5;
    if (Math.abs(a.top - b.top) < 8) return this.beside(a, b, shift);
    const down = b.top > a.top;
    const start = { x: a.middle + shift, y: down ? a.bottom : a.top };
    const end = { x: b.middle + shift, y: down ? b.top : b.bottom };
    const away = (down ? 1 : -1) * (8 + (lane % 3) * 3);
    if (this.areNeighbours(a, b, down)) {
      const y = start.y + away;
      return rounded([start, { x: start.x, y }, { x: end.x, y }, end]);
    }
    // Above the name of the band, where it leads into one.
    const arrival = down ? b.above - (lane % 3) * 3 : end.y - away;
    const width = this.section.clientWidth;
    const side = (lane % 5) * 3 + 4;
    const rail = start.x + end.x < width ? side : width - side;
    return rounded([start, { x: start.x, y: start.y + away }, { x: rail, y: start.y + away }, { x: rail, y: arrival }, { x: end.x, y: arrival }, end]);
  }

  beside(a, b, shift) {
    const [left, right] = a.left < b.left ? [a.right, b.left] : [a.left, b.right];
    const y = (a.top + a.bottom) / 2 + shift;
    if (Math.abs(right - left) < 40) return `M${left} ${y}L${right} ${y}`;
    const under = a.bottom + 10 + Math.abs(shift) / 2;
    return rounded([{ x: a.middle + shift, y: a.bottom }, { x: a.middle + shift, y: under }, { x: b.middle + shift, y: under }, { x: b.middle + shift, y: b.bottom }]);
  }

  areNeighbours(a, b, down) {
    const [upper, lower] = down ? [a, b] : [b, a];
    return ![...this.nodes.values()].some((node) => {
      const { top } = this.boxOf(node);
      return top > upper.bottom - 4 && top < lower.top - 4;
    });
  }

  boxOf(node) {
    const [frame, box] = [this.section.getBoundingClientRect(), node.getBoundingClientRect()];
    const [x, y] = [frame.left + this.section.clientLeft, frame.top + this.section.clientTop];
    const band = node.closest(".band").getBoundingClientRect();
    const isFirst = box.top - band.top < box.height;
    const above = (isFirst ? band.top : box.top) - 5;
    return { left: box.left - x, right: box.right - x, top: box.top - y, bottom: box.bottom - y, above: above - y, middle: (box.left + box.right) / 2 - x };
  }
}

/** A path through the points with rounded corners. */
function rounded(points) {
  const most = 7;
  let path = `M${points[0].x} ${points[0].y}`;
  for (let index = 1; index < points.length - 1; index += 1) {
    const [before, at, after] = points.slice(index - 1, index + 2);
    const bend = (other) => {
      const length = Math.hypot(other.x - at.x, other.y - at.y) || 1;
      const share = Math.min(most, length / 2) / length;
      return `${at.x + (other.x - at.x) * share} ${at.y + (other.y - at.y) * share}`;
    };
    path += `L${bend(before)}Q${at.x} ${at.y} ${bend(after)}`;
  }
  return `${path}L${points.at(-1).x} ${points.at(-1).y}`;
}
