// The waterfall: a row for each span, from when to when, with what is to be said of it.

const MOST_ROWS = 300;
const DEEPEST = 9;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  element.className = className;
  if (text != null) element.textContent = text;
  return element;
};

/** Draws into `list`. `open(span)` shows a span's card, `nameOf(place)` is what people call a part. */
export class Fall {
  constructor(list, model, { open, nameOf }) {
    this.list = list;
    this.model = model;
    this.nameOf = nameOf;
    this.rows = new Map();
    this.spans = new Map();
    // Whether the list scrolls along with what runs: until somebody scrolls it themselves.
    this.isWatched = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const event of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      list.addEventListener(event, () => (this.isWatched = false), { passive: true });
    }
    list.addEventListener("click", ({ target }) => {
      const row = target.closest("[data-span]");
      if (row && this.spans.has(row.dataset.span)) open(this.spans.get(row.dataset.span));
    });
  }

  clear() {
    this.list.replaceChildren();
    this.rows.clear();
    this.spans.clear();
  }

  /** Shows `rows` as of `now`, on `scale`. The largest are drawn, the rest is summed up in a row. */
  show(rows, now, scale, dropped = 0) {
    const shown = this.largest(rows, now);
    const calls = shown.map(({ span }) => span).filter(({ kind }) => kind === "call");
    const wanted = [];
    for (const row of shown) {
      const element = this.rows.get(row.span.id) ?? this.add(row.span);
      this.update(element, row, calls, now, scale);
      wanted.push(element.item);
    }
    this.spans = new Map(shown.map(({ span }) => [span.id, span]));
    const rest = this.restOf(rows, shown, now, dropped);
    if (rest) wanted.push(rest);
    wanted.push(...this.pausesOf(scale));
    this.arrange(wanted);
    if (this.isWatched) this.keepInView(shown);
    for (const [id] of this.rows) if (!this.spans.has(id)) this.rows.delete(id);
  }

  keepInView(shown) {
    const last = shown.findLast(({ span }) => span.duration_us == null);
    const item = last && this.rows.get(last.span.id)?.item;
    if (!item) return;
    const { offsetTop: top, offsetHeight: height } = item;
    if (top + height > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + 2 * height - this.list.clientHeight;
    else if (top < this.list.scrollTop) this.list.scrollTop = top;
  }

  largest(rows, now) {
    if (rows.length <= MOST_ROWS) return rows;
    const length = ({ span }) => this.model.endOf(span, now) - span.start_us;
    const smallest = rows.map(length).sort((a, b) => b - a)[MOST_ROWS - 1];
    return rows.filter((row) => length(row) >= smallest).slice(0, MOST_ROWS);
  }

  restOf(rows, shown, now, dropped) {
    const count = rows.length - shown.length + dropped;
    if (count === 0) return null;
    const kept = new Set(shown.map(({ span }) => span.id));
    const us = rows.reduce((sum, { span }) => (kept.has(span.id) ? sum : sum + this.model.endOf(span, now) - span.start_us), 0);
    this.rest ??= make("li", "row row--rest");
    this.rest.textContent = `and ${count.toLocaleString("en")} shorter ones, ${this.model.duration(us)} in all`;
    return this.rest;
  }

  pausesOf(scale) {
    return scale.pauses.map(({ left, width, from, to }) => {
      const pause = make("li", "lull");
      pause.style.setProperty("--at", left);
      pause.style.setProperty("--long", width);
      pause.append(make("span", "lull__says", `${this.model.duration(to - from)} later`));
      return pause;
    });
  }

  /** Moves only what is not where it belongs, so that who is at a row stays there. */
  arrange(wanted) {
    const keep = new Set(wanted);
    for (const item of [...this.list.children]) if (!keep.has(item)) item.remove();
    wanted.forEach((item, index) => {
      if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null);
    });
  }

  add(span) {
    const item = make("li", "row");
    item.dataset.span = span.id;
    const what = make("button", "row__what");
    what.type = "button";
    const [name, place, words] = [make("span", "row__name"), make("span", "row__place"), make("span", "row__words")];
    what.append(name, place, words);
    const track = make("span", "row__track");
    const [lead, fill] = [make("span", "row__lead"), make("span", "row__fill")];
    track.append(lead, fill);
    const time = make("span", "row__time");
    item.append(what, track, time);
    const made = { item, name, place, words, fill, lead, time, said: "" };
    this.rows.set(span.id, made);
    return made;
  }

  update(row, { span, depth }, calls, now, scale) {
    const { item } = row;
    const end = this.model.endOf(span, now);
    const state = span.duration_us == null ? "running" : span.error ? "failed" : span.refused ? "refused" : "done";
    if (row.name.textContent !== span.name) row.name.textContent = span.name;
    const place = this.nameOf(span.place);
    if (row.place.textContent !== place) row.place.textContent = place;
    Object.assign(item.dataset, { layer: span.layer, state, kind: span.kind });
    item.toggleAttribute("data-wait", this.model.isWait(span));
    item.toggleAttribute("data-critical", (span.critical_us ?? 0) > 0);
    item.style.setProperty("--depth", Math.min(depth, DEEPEST));
    this.stretch(row.fill, span.start_us, end, scale);
    const waited = span.attributes.waited_ms;
    row.lead.hidden = waited == null;
    if (waited != null) this.stretch(row.lead, Math.max(scale.from, span.start_us - waited * 1_000), span.start_us, scale);
    row.time.textContent = this.model.duration(end - span.start_us);
    this.say(row, this.model.wordsOf(span, calls));
  }

  stretch(bar, from, to, scale) {
    const [left, right] = [scale.at(from), scale.at(to)];
    bar.style.setProperty("--at", left);
    bar.style.setProperty("--long", Math.max(0, right - left));
  }

  say(row, words) {
    const said = JSON.stringify(words);
    if (row.said === said) return;
    row.said = said;
    row.words.replaceChildren(...words.map(({ text, tone }) => make("span", `word word--${tone}`, text)));
  }
}
