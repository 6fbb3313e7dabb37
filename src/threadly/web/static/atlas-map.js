// The live Map: hears of the journeys of whoever looks, draws the latest on the plan and as a waterfall.

const stage = document.getElementById("map");
const [model, { Plan }, { Fall }, { Sheet }, { Replay }] = await Promise.all(
  ["model", "plan", "fall", "sheet", "replaying"].map((name) => import(stage.dataset[name])),
);
const { Journey, Scale, clock, duration, endOf, placesOf, treeOf } = model;

const MOST_JOURNEYS = 12;
const QUIET_MS = 1_500;
// What was told to run, and of whose end nobody has told, may be over all the same.
const LOST_MS = 20_000;
const DRAW_EVERY_MS = 80;
const ASK_AGAIN_MS = 900;
const MOST_ASKED = 6;
const RECONNECT_MS = 5_000;
// What changes something is shown that long after its answer, whatever pages are read meanwhile.
const LINGERS_MS = 8_000;

const find = (name) => stage.querySelector(`[data-${name}]`);
const still = matchMedia("(prefers-reduced-motion: reduce)");

const journeys = new Map(); // by trace id, the oldest first
const times = new Map(); // by place: what was seen since the page was opened
let current = null;
let moment = null; // of a replay; null: as it is now
let drawnAt = 0;
let due = null;
let state = "Waiting";

// What a web process does is a request; no span is placed at the process itself.
const isAt = (span, place) => span.place === place || (place === "web" && span.kind === "request");

const sheet = new Sheet(document.getElementById("sheet"), model, { source: stage.dataset.source, times, nameOf: (place) => plan.nameOf(place) });
const plan = new Plan(stage.querySelector(".plan"), model, (place) => sheet.showPart(place, (current?.list ?? []).filter((span) => isAt(span, place))));
const fall = new Fall(find("fall"), model, { open: (span) => sheet.showSpan(span, current), nameOf: (place) => plan.nameOf(place) });
const replay = new Replay(find("deck"), {
  duration,
  isStill: () => still.matches,
  onMoment(instant) {
    moment = instant;
    if (performance.now() < drawnAt) soon();
    else draw();
  },
});

// ------------------------------------------------------------------ drawing

function soon() {
  if (due !== null) return;
  due = setTimeout(() => {
    due = null;
    draw();
  }, Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
}

function draw() {
  const began = performance.now();
  if (current) drawJourney(current);
  // What takes long to draw is drawn less often.
  drawnAt = performance.now() + 3 * (performance.now() - began);
  if (moment === null && current?.isRunning() && !still.matches) soon();
}

function drawJourney(journey) {
  const now = moment ?? (journey.isRunning() ? clock.now() : 0);
  const rows = treeOf(moment === null ? journey.list : journey.at(moment));
  const scale = new Scale(journey.list, moment === null ? now : 0);
  plan.show(rows, now);
  fall.show(rows, now, scale, moment === null ? journey.dropped + (journey.stored?.dropped ?? 0) : 0);
  say(journey, rows, now);
}

function say(journey, rows, now) {
  find("state-text").textContent = moment === null ? state : "Replay";
  find("name").textContent = journey.name;
  find("figures").replaceChildren(...figuresOf(journey, rows, now));
  const running = rows.filter(({ span }) => span.duration_us == null).at(-1)?.span;
  const sentence = find("sentence");
  const said = moment !== null && running ? `Now in ${plan.nameOf(running.place)}: ${running.name}.` : sentenceOf(journey, running);
  sentence.setAttribute("aria-live", journey.isSettled() && moment === null ? "polite" : "off");
  if (sentence.textContent !== said) sentence.textContent = said;
  drawSums(journey);
}

function sentenceOf(journey, running) {
  if (journey.isSettled()) return journey.stored.sentence;
  if (journey.answer_us === null) return running ? `On its way, now in ${plan.nameOf(running.place)}: ${running.name}.` : "On its way.";
  if (running) return `Answered after ${duration(journey.answer_us)}. Now in ${plan.nameOf(running.place)}: ${running.name}.`;
  return `Answered after ${duration(journey.answer_us)}.`;
}

function figuresOf(journey, rows, now) {
  const spans = journey.list;
  const count = journey.stored && journey.isSettled() ? journey.stored.span_count : spans.length + journey.dropped;
  const processes = new Set(spans.map(({ process }) => process)).size;
  const from = Math.min(...rows.slice(0, 1).map(({ span }) => span.start_us));
  const until = rows.reduce((latest, { span }) => Math.max(latest, endOf(span, now)), from);
  const figures = [["figure figure--time", duration(Math.max(0, until - from))], ["figure", `${count.toLocaleString("en")} ${count === 1 ? "span" : "spans"}`], ["figure", `${processes} ${processes === 1 ? "process" : "processes"}`]];
  if (journey.status) figures.unshift([`figure figure--status figure--${Math.floor(journey.status / 100)}`, String(journey.status)]);
  const found = figures.map(([className, text]) => Object.assign(document.createElement("span"), { className, textContent: text }));
  if (journey.isSettled()) {
    found.push(Object.assign(document.createElement("a"), { href: `/map/journeys/${journey.traceId}`, textContent: "Open as a page", className: "figure" }));
  }
  return found;
}

function drawSums(journey) {
  const sums = find("sums");
  const layers = (journey.isSettled() ? journey.stored.layers : []).filter(({ us }) => us > 0);
  sums.hidden = layers.length === 0;
  const said = JSON.stringify(layers);
  if (sums.dataset.said === said) return;
  sums.dataset.said = said;
  const bar = Object.assign(document.createElement("div"), { className: "strata__bar" });
  const legend = Object.assign(document.createElement("ul"), { className: "strata__legend" });
  for (const { layer, name, us, share } of layers) {
    const part = document.createElement("span");
    part.dataset.layer = layer;
    part.style.setProperty("--share", share);
    bar.append(part);
    const entry = document.createElement("li");
    entry.dataset.layer = layer;
    entry.append(name, Object.assign(document.createElement("b"), { textContent: duration(us) }));
    legend.append(entry);
  }
  sums.replaceChildren(bar, legend);
}

// ----------------------------------------------------------- which is shown

function show(journey) {
  if (current !== journey) {
    replay.unload();
    plan.clear();
    fall.clear();
  }
  current = journey;
  moment = null;
  offerReplay(journey);
  drawLately();
  soon();
}

function offerReplay(journey) {
  if (journey === current && !journey.isRunning() && journey.spans.size) replay.load(journey.list, new Scale(journey.list, 0));
}

function remember(traceId) {
  const journey = new Journey(traceId);
  journeys.set(traceId, journey);
  for (const [oldest] of journeys) {
    if (journeys.size <= MOST_JOURNEYS) break;
    if (oldest !== current?.traceId) journeys.delete(oldest);
  }
  return journey;
}

function drawLately() {
  const list = find("lately-list");
  find("lately").hidden = journeys.size < 2;
  const all = [...journeys.values()].filter(({ spans }) => spans.size).reverse();
  list.replaceChildren(...all.map((journey) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "press", textContent: `${journey.name}${journey.answer_us === null ? "" : ` · ${duration(journey.answer_us)}`}` });
    if (journey === current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => show(journey));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
}

// -------------------------------------------------------- what comes to pass

function hear(told) {
  const known = journeys.get(told.trace_id);
  if (!known && !told.request) return; // of a page that was there before this one listened
  const journey = known ?? remember(told.trace_id);
  journey.hear(told);
  if (!known && !lingers(journey)) show(journey);
  else if (journey === current) soon();
  else if (!known) drawLately();
}

const isReading = (journey) => /^(GET|HEAD) /.test(journey.name);

/** Whether the journey that is shown goes on being shown: the page after a click is not the click. */
function lingers(next) {
  return current !== null && isReading(next) && !isReading(current) && performance.now() - current.heardAt < LINGERS_MS;
}

async function fetchJourney(traceId) {
  const answer = await fetch(`/api/v1/journeys/${traceId}`);
  return answer.ok ? (await answer.json()).data : null;
}

/** Has the server tell of journeys of which nothing more was heard for a while. */
async function settleQuiet() {
  for (const journey of journeys.values()) {
    const quiet = performance.now() - journey.heardAt;
    const over = !journey.isRunning() || quiet > LOST_MS;
    if (journey.isSettled() || !over || quiet < QUIET_MS || journey.asked >= MOST_ASKED) continue;
    await settle(journey);
  }
}

async function settle(journey) {
  const heardAt = journey.heardAt;
  const stored = await fetchJourney(journey.traceId).catch(() => null);
  if (stored === null || journey.heardAt !== heardAt) {
    journey.asked = (journey.asked ?? 0) + 1;
    return;
  }
  const isFirst = journey.stored === null;
  journey.settle(stored);
  journey.asked = 0;
  if (isFirst) count(journey);
  if (journey === current && moment === null) {
    offerReplay(journey);
    drawLately();
    soon();
  }
}

function count(journey) {
  for (const [place, { us, failed }] of placesOf(treeOf(journey.list), 0)) {
    const of = times.get(place) ?? { journeys: 0, us: 0, longest: 0, failed: 0 };
    times.set(place, { journeys: of.journeys + 1, us: of.us + us, longest: Math.max(of.longest, us), failed: of.failed + Number(failed) });
  }
}

/** Shows what was recorded before this page listened, playing it once. */
async function showStored(traceId, { patient }) {
  for (let asked = 0; asked < (patient ? MOST_ASKED : 1); asked += 1) {
    if (patient) await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    const stored = await fetchJourney(traceId).catch(() => null);
    if (patient && current) return;
    if (stored) {
      const journey = journeys.get(traceId) ?? remember(traceId);
      journey.settle(stored);
      count(journey);
      show(journey);
      if (!still.matches) replay.play();
      return;
    }
  }
  if (!patient) find("sentence").textContent = "This journey is not yours to see, or it is no longer kept.";
}

// --------------------------------------------------------------- the stream

function setState(name, text) {
  state = text;
  find("state").dataset.state = name;
  find("state-text").textContent = text;
}

function listen(address) {
  let stream = null;
  let again = null;
  const connect = () => {
    stream = new EventSource(address);
    stream.addEventListener("spans", ({ data }) => hear(JSON.parse(data)));
    stream.addEventListener("resync", () => {
      setState("live", "Live");
      stage.dataset.connected = "";
      // Something may have been missed meanwhile.
      for (const journey of journeys.values()) journey.outdated = true;
    });
    stream.addEventListener("error", ({ target }) => {
      setState("lost", "Connecting again…");
      if (target.readyState === EventSource.CLOSED) again = setTimeout(connect, RECONNECT_MS * (1 + Math.random()));
    });
  };
  setState("connecting", "Connecting…");
  connect();
  addEventListener("pagehide", () => {
    clearTimeout(again);
    stream.close();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) connect();
  });
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-try]");
  if (!button) return;
  button.disabled = true;
  // Read to its end: before that the browser has not measured it.
  await fetch(button.dataset.try, { headers: { Accept: "text/html" } }).then((answer) => answer.text()).catch(() => null);
  button.disabled = false;
});

const { live, replay: replayed, own } = stage.dataset;
if (live) listen(live);
else setState("off", "Not followed");
if (replayed) showStored(replayed, { patient: false });
else if (own) showStored(own, { patient: true });
setInterval(settleQuiet, QUIET_MS / 3);
