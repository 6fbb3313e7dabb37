// The card of a part or of a span: what it is, why it is there, what it did just now, and where in the code.

const MOST_SPANS = 40;

const make = (tag, className, ...inside) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...inside);
  return element;
};

const link = (href, text, className = "") => {
  const found = make("a", className, text);
  found.href = href;
  return found;
};

/** Shows cards in `dialog`. `times` has how often and how long each part was seen since the page was opened. */
export class Sheet {
  constructor(dialog, model, { source, times, nameOf }) {
    this.dialog = dialog;
    this.body = dialog.querySelector("[data-sheet]");
    this.model = model;
    this.source = source;
    this.times = times;
    this.nameOf = nameOf;
    this.cards = new Map();
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog || target.closest("[data-close]")) dialog.close();
    });
  }

  showPart(place, spans) {
    const of = document.getElementById(`part-${place}`);
    const says = of?.querySelector(".part-of__says, .module__says")?.textContent ?? "";
    const figures = of?.querySelector(".figures")?.cloneNode(true);
    const cards = of?.querySelector(".links")?.cloneNode(true);
    const first = cards?.querySelector("a")?.getAttribute("href").split("/").pop();
    const slug = spans.find((span) => span.card)?.card ?? first;
    this.open(this.nameOf(place), says, [
      ...this.why(slug),
      ...this.section("What it did just now", this.spansOf(spans)),
      ...this.section("Live figures", this.figuresOf(place)),
      ...(figures ? this.section("As it is configured", [figures]) : []),
      ...(cards ? this.section("Ideas at work here", [cards]) : []),
    ]);
  }

  showSpan(span, journey) {
    const facts = make("dl", "figures");
    const add = (name, value) => facts.append(make("div", "", make("dt", "", name), make("dd", "", value)));
    add("Took", span.duration_us == null ? "still running" : this.model.duration(span.duration_us));
    if (span.self_us != null) add("Of that by itself", this.model.duration(span.self_us));
    if (span.critical_us) add("On the critical path", this.model.duration(span.critical_us));
    add("Began after", this.model.duration(Math.max(0, span.start_us - (journey.root?.start_us ?? span.start_us))));
    add("In process", span.process);
    for (const [name, value] of Object.entries(span.attributes)) {
      if (value !== null && name !== "around") add(name, String(value));
    }
    if (span.refused) add("Refused", span.refused);
    if (span.error) add("Failed", span.error);
    this.open(span.name, this.nameOf(span.place), [
      ...this.section("What it did just now", [facts, ...this.sourceOf(span)]),
      ...this.why(span.card),
    ]);
  }

  open(title, sub, inside) {
    const close = make("button", "drawer__close", "Close");
    close.type = "button";
    close.dataset.close = "";
    const name = make("h2", "drawer__title", title);
    name.id = "sheet-title";
    this.body.replaceChildren(make("header", "drawer__head", make("div", "", name, make("p", "drawer__sub", sub)), close), ...inside);
    if (!this.dialog.open) this.dialog.showModal();
    this.body.scrollTop = 0;
  }

  section(title, inside) {
    return inside.length ? [make("section", "drawer__part", make("h3", "", title), ...inside)] : [];
  }

  /** What the idea is and why it is here, once it has been fetched. */
  why(slug) {
    if (!slug) return [];
    const part = make("section", "drawer__part drawer__why");
    part.hidden = true;
    this.cardOf(slug).then((card) => {
      if (!card) return;
      const places = make("ul", "drawer__places");
      for (const home of card.homes) {
        const at = `${home.path}:${home.line}`;
        places.append(make("li", "", `${home.says} `, link(home.url, at, "drawer__source")));
      }
      part.append(make("h3", "", card.name), make("p", "", card.what), make("p", "drawer__reason", card.why), places, link(`/map/concepts/${slug}`, "Open the card"));
      part.hidden = false;
    });
    return [part];
  }

  async cardOf(slug) {
    if (!this.cards.has(slug)) {
      this.cards.set(slug, fetch(`/api/v1/concepts/${encodeURIComponent(slug)}`)
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((answer) => answer?.data ?? null)
        .catch(() => null));
    }
    return this.cards.get(slug);
  }

  spansOf(spans) {
    if (spans.length === 0) return [make("p", "quiet", "Nothing in the journey that is shown.")];
    const list = make("ul", "drawer__spans");
    const longest = [...spans].sort((a, b) => (b.duration_us ?? 0) - (a.duration_us ?? 0));
    for (const span of longest.slice(0, MOST_SPANS)) {
      const took = span.duration_us == null ? "running" : this.model.duration(span.duration_us);
      list.append(make("li", "", make("code", "", span.name), make("b", "", took), ...this.sourceOf(span)));
    }
    return spans.length > MOST_SPANS ? [list, make("p", "quiet", `and ${spans.length - MOST_SPANS} shorter ones`)] : [list];
  }

  figuresOf(place) {
    const seen = this.times.get(place);
    if (!seen) return [make("p", "quiet", "No journey came by since this page was opened.")];
    const figures = make("dl", "figures");
    const add = (name, value) => figures.append(make("div", "", make("dt", "", name), make("dd", "", value)));
    add("Seen since this page was opened", seen.journeys === 1 ? "in one journey" : `in ${seen.journeys} journeys`);
    add("On average", this.model.duration(seen.us / seen.journeys));
    add("Longest", this.model.duration(seen.longest));
    if (seen.failed) add("Failed", String(seen.failed));
    return [figures];
  }

  sourceOf({ source, source_url: url }) {
    if (!source) return [];
    const [path, line] = source.split(":");
    return [make("p", "drawer__line", link(url ?? `${this.source}${path}#L${line}`, source, "drawer__source"))];
  }
}
