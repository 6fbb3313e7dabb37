// What is known of a journey, and what can be read out of it. Times are µs: live ones since the Unix epoch.

// Of one journey; what is beyond is counted only.
const MOST_SPANS = 20_000;
// A pause in which nothing runs is shortened once it is longer than this share of all that ran.
const LONG_PAUSE = 0.25;
const PAUSE_WIDTH = 0.07;
const MOST_PAUSES = 6;
const WAITING = new Set(["pool", "pause", "call"]);
const WAITS_OF_BROWSER = new Set(["dns", "tcp", "tls", "wait", "redirect"]);

export const endOf = (span, now) => (span.duration_us == null ? Math.max(now, span.start_us) : span.start_us + span.duration_us);
export const isWait = ({ kind, name }) => WAITING.has(kind) || (kind === "browser" && WAITS_OF_BROWSER.has(name));

/** As the server says it (`atlas/rules/words.py`). */
export function duration(us) {
  if (us > 0 && us < 50) return "<0.1 ms";
  if (us < 10_000) return `${Number((us / 1_000).toFixed(1))} ms`;
  if (us < 999_500) return `${Math.round(us / 1_000)} ms`;
  if (us < 59_950_000) return `${Number((us / 1_000_000).toFixed(1))} s`;
  const seconds = Math.round(us / 1_000_000);
  return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`;
}

/** The server's clock, as near as its messages come to it. */
export const clock = {
  ahead: -Infinity,
  hear(instant) {
    this.ahead = Math.max(this.ahead, instant - performance.now() * 1_000);
  },
  now() {
    return performance.now() * 1_000 + this.ahead;
  },
};

export class Journey {
  constructor(traceId) {
    this.traceId = traceId;
    this.spans = new Map();
    this.dropped = 0;
    this.heardAt = performance.now();
    this.stored = null; // as the server tells it, once it is over
    this.outdated = true;
    this.isRequest = false;
  }

  /** Takes a message of the stream. */
  hear({ process, request, spans }) {
    this.heardAt = performance.now();
    this.outdated = true;
    this.isRequest ||= request;
    for (const span of spans) {
      if (!this.spans.has(span.id) && this.spans.size >= MOST_SPANS) this.dropped += 1;
      else this.spans.set(span.id, { attributes: {}, ...span, process });
      if (process !== "browser") clock.hear(span.start_us + (span.duration_us ?? 0));
    }
  }

  /** Takes what GET /api/v1/journeys/{trace_id} answered. */
  settle(stored) {
    this.stored = stored;
    this.outdated = false;
    this.dropped = 0; // the server tells of them
    const zero = Date.parse(stored.started_at) * 1_000;
    this.spans = new Map(
      stored.bars.map((bar) => [bar.id, { attributes: {}, ...bar, start_us: zero + bar.start_us }]),
    );
  }

  get list() {
    return [...this.spans.values()];
  }

  /** The request that all began with; of what no request began, the first span. */
  get root() {
    const all = this.list;
    return all.find((span) => span.kind === "request" && !all.some((other) => other.id === span.parent && other.kind !== "browser"))
      ?? all.reduce((first, span) => (!first || span.start_us < first.start_us ? span : first), null);
  }

  get name() {
    return this.stored?.name ?? this.root?.name ?? "";
  }

  get status() {
    return this.stored?.status ?? this.root?.attributes["http.response.status_code"] ?? null;
  }

  /** Until the answer; null while it is on its way. */
  get answer_us() {
    return this.stored?.request_us ?? this.root?.duration_us ?? null;
  }

  isRunning() {
    return this.list.some((span) => span.duration_us == null);
  }

  isSettled() {
    return !this.outdated;
  }

  /** How it stands at `moment`: what had begun; what had not ended runs. */
  at(moment) {
    return this.list
      .filter((span) => span.start_us <= moment)
      .map((span) => (endOf(span, Infinity) > moment ? { ...span, duration_us: null, error: undefined, refused: undefined } : span));
  }
}

/** The spans as a tree, depth first, each with its depth; children in the order of their beginning. */
export function treeOf(spans) {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const parents = new Map(spans.map((span) => [span.id, span.parent]));
  for (const span of spans) if (span.attributes.around) parents.set(span.attributes.around, span.id);
  const sorted = [...spans].sort((a, b) => a.start_us - b.start_us || b.start_us + (b.duration_us ?? 1e12) - a.start_us - (a.duration_us ?? 1e12));
  const children = new Map();
  const roots = [];
  for (const span of sorted) {
    const parent = parents.get(span.id);
    if (!parent || parent === span.id || !byId.has(parent)) roots.push(span);
    else if (children.has(parent)) children.get(parent).push(span);
    else children.set(parent, [span]);
  }
  const rows = [];
  const seen = new Set();
  const waiting = roots.reverse().map((span) => ({ span, depth: 0, parent: null }));
  while (waiting.length) {
    const row = waiting.pop();
    if (seen.has(row.span.id)) continue;
    seen.add(row.span.id);
    rows.push({ ...row, children: children.get(row.span.id) ?? [] });
    for (const child of (children.get(row.span.id) ?? []).slice().reverse()) {
      waiting.push({ span: child, depth: row.depth + 1, parent: row.span });
    }
  }
  return rows;
}

function covered(intervals) {
  let [sum, until] = [0, -Infinity];
  for (const [from, to] of intervals.sort((a, b) => a[0] - b[0])) {
    sum += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return sum;
}

/** What a span spent itself, and nothing inside it. */
export function selfTime({ span, children }, now) {
  const [from, to] = [span.start_us, endOf(span, now)];
  const inside = children
    .map((child) => [Math.max(from, child.start_us), Math.min(to, endOf(child, now))])
    .filter(([begin, end]) => end > begin);
  return Math.max(0, to - from - covered(inside));
}

/** By place: how long, how often, whether something runs there or went wrong. */
export function placesOf(rows, now) {
  const places = new Map();
  for (const row of rows) {
    const { span } = row;
    const of = places.get(span.place) ?? { us: 0, count: 0, running: false, failed: false, healed: false, layer: span.layer };
    of.us += row.span.self_us ?? selfTime(row, now);
    of.count += span.count ?? 1;
    of.running ||= span.duration_us == null;
    // In the order of their beginning: what went well after a failure has healed it.
    if (span.error) Object.assign(of, { failed: true, healed: false });
    else if (of.failed && span.duration_us != null) of.healed = true;
    places.set(span.place, of);
  }
  return places;
}

/** From which part to which the journey went, in the order in which it did. */
export function wiresOf(rows) {
  const wires = new Map();
  const add = (from, to, span) => {
    if (from === to) return;
    const wire = wires.get(`${from} ${to}`) ?? { from, to, at: span.start_us, layer: span.layer, running: false, failed: false };
    wire.running ||= span.duration_us == null;
    wire.failed ||= Boolean(span.error);
    wires.set(`${from} ${to}`, wire);
  };
  for (const { span, parent } of rows) {
    if (span.kind === "request") {
      const path = span.attributes["url.path"] ?? span.name;
      add(path.includes("/api/") && parent?.kind !== "browser" ? "program" : "browser", "web", span);
      add("web", "front", span);
    } else if (parent) add(parent.place, span.place, span);
  }
  return [...wires.values()].sort((a, b) => a.at - b.at);
}

/** What is to be said of a span beside its name: [{ text, tone }]. `calls` are all of the journey. */
export function wordsOf(span, calls) {
  const { attributes: of } = span;
  const words = [];
  const say = (text, tone = "plain") => words.push({ text, tone });
  if (span.count > 1) say(`× ${span.count.toLocaleString("en")}`);
  if (span.kind === "call") wordsOfCall(of, span, calls, say);
  if (span.kind === "pause") say("waits before another attempt", "warn");
  if (span.kind === "cache" && of.outcome) say({ hit: "hit", made: "miss: made anew", shared: "waited for another’s making" }[of.outcome] ?? of.outcome, of.outcome === "hit" ? "good" : "plain");
  if (span.kind === "pool" && span.duration_us > 1_000) say("waits for a connection", "warn");
  if (span.kind === "event") say("queue" in of ? "handed to a worker" : "written to the outbox");
  if (of.waited_ms != null) say(`lay waiting ${duration(of.waited_ms * 1_000)}`, "wait");
  if (of.outcome === "rolled back") say("rolled back", "warn");
  if (of.replayed || of.outcome === "replayed") say("the stored answer, repeated", "good");
  if (of.rows != null && span.kind === "sql") say(`${of.rows} ${of.rows === 1 ? "row" : "rows"}`);
  if (span.kind === "job" && of.attempt > 1) say(`attempt ${of.attempt}`, "warn");
  if (span.name.endsWith(".compensate")) say(`compensation: what was done is undone${of.reason ? ` (${of.reason})` : ""}`, "warn");
  if (span.name === "payments.passed_on") say("fallback: the next provider is asked", "warn");
  if (span.name === "payments.in_doubt") say("in doubt: a worker will ask under the same key", "warn");
  if (span.refused) say(`refused: ${span.refused}`, "warn");
  if (span.error) say(`failed: ${span.error}`, "bad");
  return words;
}

function wordsOfCall(of, span, calls, say) {
  const before = calls.filter(({ start_us: began }) => began < span.start_us);
  if (of.attempt > 1) say(`attempt ${of.attempt}`, "warn");
  if (of.key && before.some((other) => other.attributes.key === of.key)) say("same idempotency key", "good");
  const provider = span.name.split(".")[0];
  const isOther = ({ name, error, attributes }) => name.split(".")[0] !== provider && (error || attributes.outcome);
  if (before.some(isOther)) say("takes over", "good");
  if (of.breaker === "open") say("the breaker is open: not even tried", "bad");
  else if (of.outcome === "unknown") say("no answer: it may have happened", "bad");
  else if (of.outcome === "unreached") say("not reached", "bad");
}

/** Where an instant lies on a line from 0 to 1. Long pauses, in which nothing runs, are shortened. */
export class Scale {
  constructor(spans, now) {
    const intervals = spans.map((span) => [span.start_us, endOf(span, now)]).sort((a, b) => a[0] - b[0]);
    const busy = [];
    for (const [from, to] of intervals) {
      const last = busy.at(-1);
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else busy.push([from, to]);
    }
    const ran = busy.reduce((sum, [from, to]) => sum + to - from, 0) || 1;
    const long = busy
      .slice(1)
      .map(([from], index) => [busy[index][1], from])
      .filter(([from, to]) => to - from > LONG_PAUSE * ran)
      .sort((a, b) => b[1] - b[0] - (a[1] - a[0]))
      .slice(0, MOST_PAUSES)
      .sort((a, b) => a[0] - b[0]);
    this.from = busy[0]?.[0] ?? 0;
    this.to = busy.at(-1)?.[1] ?? 1;
    const shown = Math.max(1, this.to - this.from - long.reduce((sum, [from, to]) => sum + to - from, 0));
    const room = 1 - PAUSE_WIDTH * long.length;
    this.segments = [];
    let [at, position] = [this.from, 0];
    const add = (until, width, isPause) => {
      this.segments.push({ from: at, to: until, left: position, width, isPause });
      at = until;
      position += width;
    };
    for (const [from, to] of long) {
      add(from, ((from - at) / shown) * room, false);
      add(to, PAUSE_WIDTH, true);
    }
    add(Math.max(this.to, at + 1), 1 - position, false);
  }

  get pauses() {
    return this.segments.filter(({ isPause }) => isPause);
  }

  at(instant) {
    const segment = this.segments.find(({ to }) => instant <= to) ?? this.segments.at(-1);
    const share = Math.min(1, Math.max(0, (instant - segment.from) / (segment.to - segment.from || 1)));
    return segment.left + share * segment.width;
  }

  instant(position) {
    const segment = this.segments.find(({ left, width }) => position <= left + width) ?? this.segments.at(-1);
    return segment.from + ((position - segment.left) / (segment.width || 1)) * (segment.to - segment.from);
  }
}
