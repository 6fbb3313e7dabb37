// For who follows their own clicks: the ribbon tells of the latest, and the server of what the browser measured.

const ASK_AFTER_MS = [600, 900, 2_000];
const SEND_AFTER_MS = 300;
const MOST_TIMINGS = 20;
const FIELDS = "name,status,request_us,duration_us,sentence,span_count";
const FOLDED = "ribbon";

// ------------------------------------------------------------------- ribbon

const ribbon = document.getElementById("ribbon");
let shown = null;

/** As the sentence beside it and the Map say it. */
function duration(us) {
  if (us > 0 && us < 50) return "<0.1 ms";
  if (us < 10_000) return `${Number((us / 1_000).toFixed(1))} ms`;
  if (us < 999_500) return `${Math.round(us / 1_000)} ms`;
  if (us < 59_950_000) return `${Number((us / 1_000_000).toFixed(1))} s`;
  const seconds = Math.round(us / 1_000_000);
  return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`;
}

async function journeyOf(traceId) {
  for (const wait of ASK_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (traceId !== shown) return null;
    const answer = await fetch(`/api/v1/journeys/${traceId}?fields=${FIELDS}`).catch(() => null);
    if (answer?.ok) return (await answer.json()).data;
    if (answer && answer.status !== 404) return null;
  }
  return null;
}

/** Shows what became of a click, once that is known. */
async function tell(traceId) {
  if (!ribbon || traceId === shown) return;
  shown = traceId;
  const journey = await journeyOf(traceId);
  if (!journey || traceId !== shown) return;
  const part = (name) => ribbon.querySelector(`[data-${name}]`);
  part("link").href = `/map/journeys/${traceId}`;
  part("name").textContent = journey.name;
  part("figures").textContent = [journey.status, duration(journey.request_us ?? journey.duration_us), `${journey.span_count} ${journey.span_count === 1 ? "span" : "spans"}`].filter(Boolean).join(" · ");
  part("sentence").textContent = journey.sentence;
  ribbon.dataset.told = traceId;
}

function fold(folded) {
  const button = ribbon.querySelector("[data-fold]");
  ribbon.toggleAttribute("data-folded", folded);
  button.setAttribute("aria-expanded", String(!folded));
  try {
    if (folded) localStorage.setItem(FOLDED, "folded");
    else localStorage.removeItem(FOLDED);
  } catch {
    // Storage is switched off: it holds for this page.
  }
}

function isFolded() {
  try {
    return localStorage.getItem(FOLDED) === "folded";
  } catch {
    return false;
  }
}

if (ribbon) {
  const button = ribbon.querySelector("[data-fold]");
  button.hidden = false;
  button.addEventListener("click", () => fold(!ribbon.hasAttribute("data-folded")));
  if (isFolded()) fold(true);
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const traceId = ctx?.response?.headers?.get("x-trace-id");
    if (traceId) tell(traceId);
  });
  tell(ribbon.dataset.trace);
}

// ------------------------------------------------- what the browser measured

const NAMES = {
  start: "startTime",
  redirect_start: "redirectStart",
  redirect_end: "redirectEnd",
  dns_start: "domainLookupStart",
  dns_end: "domainLookupEnd",
  connect_start: "connectStart",
  connect_end: "connectEnd",
  secure_start: "secureConnectionStart",
  request_start: "requestStart",
  response_start: "responseStart",
  response_end: "responseEnd",
  dom_ready: "domContentLoadedEventEnd",
  load_end: "loadEventEnd",
};
const waiting = [];
let due = null;

/** What was measured of an answer that was followed; null for all others. */
function timingOf(entry) {
  const ticket = entry.serverTiming?.find(({ name }) => name === "journey")?.description;
  if (!ticket || !entry.requestStart) return null;
  return { ticket, ...Object.fromEntries(Object.entries(NAMES).map(([name, theirs]) => [name, entry[theirs] ?? 0])) };
}

function send() {
  due = null;
  const timings = waiting.splice(0, MOST_TIMINGS);
  if (timings.length) navigator.sendBeacon("/map/timings", new Blob([JSON.stringify({ timings })], { type: "application/json" }));
}

function take(entries) {
  waiting.push(...entries.map(timingOf).filter(Boolean));
  if (waiting.length && due === null) due = setTimeout(send, SEND_AFTER_MS);
}

/** What the browser waited for the click that led here: of that it tells nothing but from when to when. */
function timingOfRedirect({ redirectStart, redirectEnd }) {
  const ticket = document.cookie.match(/(?:^|;\s*)threadly_last=([\w.-]+)/)?.[1];
  // It tells this page, and only this, of the click before it.
  document.cookie = "threadly_last=; Max-Age=0; Path=/";
  if (!ticket || !redirectStart) return [];
  return [{ ticket, start: redirectStart, request_start: redirectStart, response_start: redirectEnd, response_end: redirectEnd }];
}

function takeNavigation() {
  // Once the load event is over, its end is known.
  setTimeout(() => {
    const entries = performance.getEntriesByType("navigation");
    waiting.push(...entries.flatMap(timingOfRedirect));
    take(entries);
  }, 0);
}

if (document.readyState === "complete") takeNavigation();
else addEventListener("load", takeNavigation, { once: true });
new PerformanceObserver((list) => take(list.getEntries())).observe({ type: "resource", buffered: true });
addEventListener("pagehide", send);
