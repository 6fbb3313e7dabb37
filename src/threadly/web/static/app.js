// What the pages do beyond links and forms. Everything here is an extra: without it the site still works.

const byId = (id) => document.getElementById(id);

// ------------------------------------------------------------------- theme

function showTheme() {
  const chosen = document.documentElement.dataset.theme ?? "system";
  for (const group of document.querySelectorAll("[data-theme-choice]")) {
    group.hidden = false;
    for (const radio of group.querySelectorAll("input")) radio.checked = radio.value === chosen;
  }
}

function chooseTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage is switched off: the choice lasts for this page.
  }
  showTheme();
}

document.addEventListener("change", ({ target }) => {
  if (target.closest("[data-theme-choice]")) chooseTheme(target.value);
});

// ----------------------------------------------------------- relative times

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

function age(milliseconds) {
  if (milliseconds < MINUTE) return "now";
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)}m`;
  if (milliseconds < DAY) return `${Math.floor(milliseconds / HOUR)}h`;
  return `${Math.floor(milliseconds / DAY)}d`;
}

function refreshTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-moment]")) {
    const at = new Date(time.dateTime);
    const elapsed = Date.now() - at;
    time.title = fullTime.format(at);
    // The server wrote the date of anything older, and that does not change.
    if (elapsed < 7 * DAY) time.textContent = age(elapsed);
  }
}

// -------------------------------------------------------- character counter

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const lengthOf = (text) => [...segmenter.segment(text.trim())].length;

function count(area) {
  const counter = area.form?.querySelector(`[data-counter="${area.name}"]`);
  if (!counter) return;
  const left = Number(area.dataset.limit) - lengthOf(area.value);
  counter.dataset.state = left < 0 ? "over" : left <= 20 ? "near" : "";
  // A screen reader hears of it only once it matters.
  counter.setAttribute("aria-live", left <= 20 ? "polite" : "off");
  const said = left < 0 ? `${-left} too many` : `${left} left`;
  counter.textContent = area.value.trim() ? said : "";
}

document.addEventListener("input", ({ target }) => {
  if (target.matches("textarea[data-limit]")) count(target);
});

document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (sends && event.target.matches("textarea")) event.target.form?.requestSubmit();
});

// --------------------------------------------------------- show a password

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-reveal]");
  if (!button) return;
  const input = byId(button.dataset.reveal);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
});

// -------------------------------------------------------------------- menus

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// ------------------------------------------------------------- confirmation

function confirmed(form) {
  const menu = form.closest("details");
  if (menu) {
    menu.open = false;
    // Where the dialog gives the focus back to.
    menu.querySelector("summary").focus();
  }
  const dialog = byId("confirm");
  dialog.querySelector("h2").textContent = form.dataset.confirm;
  dialog.querySelector("[data-text]").textContent = form.dataset.confirmText ?? "";
  dialog.querySelector("[value=yes]").textContent = form.dataset.confirmYes ?? "Yes";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  confirmed(ctx.sourceElement).then((yes) => (yes ? issueRequest() : dropRequest()));
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.hasAttribute("hx-post")) return;
  event.preventDefault();
  if (await confirmed(form)) form.submit();
});

// ------------------------------------------------------------ double clicks

const IMPATIENCE_MS = 5000;
const sentAt = new WeakMap();

// The second of two quick clicks would ask again for what the first is still doing. (htmx sees to its own.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post" || form.hasAttribute("hx-post")) return;
  if (Date.now() - (sentAt.get(form) ?? 0) < IMPATIENCE_MS) event.preventDefault();
  else sentAt.set(form, Date.now());
});

addEventListener("pageshow", () => {
  for (const form of document.forms) sentAt.delete(form);
});

// ------------------------------------------------------------------- toasts

const TOAST_MS = 6000;

function toast(sentence) {
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = sentence;
  byId("toasts").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  const { status } = ctx.response;
  // A refused form comes back with its problems beside its fields.
  if (status === 400 && !ctx.text.includes("data-error-message")) return;
  if (status === 400) ctx.swap = "none";
  if (status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  const page = new DOMParser().parseFromString(ctx.text, "text/html");
  toast(page.querySelector("[data-error-message]")?.textContent ?? "That did not work. Please try again.");
});

document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx && !detail.ctx.response) toast("No connection. Please try again.");
});

// ---------------------------------------------------------------- live feed

const GATHER_MS = 250;
const AGAIN_MS = 5000;
const TOP_PX = 240;

/** Keeps `list` (newest first) up to date: the stream only says that there is something new. */
function follow(list) {
  let due = null;
  let busy = false;
  let stream = null;
  let again = null;
  // Whether hints may have been missed before the stream opens.
  let behind = false;

  function soon() {
    if (due === null) due = setTimeout(fetchNew, GATHER_MS);
  }

  async function fetchNew() {
    due = null;
    if (busy) return soon();
    busy = true;
    try {
      const newest = list.querySelector("[data-post-id]")?.dataset.postId ?? "";
      const answer = await fetch(`${list.dataset.fresh}?after=${encodeURIComponent(newest)}`, {
        headers: { "HX-Request": "true", Accept: "text/html" },
      });
      if (answer.status === 200) prepend(list, await answer.text());
    } catch {
      // Offline: the stream reconnects by itself and then asks again.
    } finally {
      busy = false;
    }
  }

  function connect() {
    stream = new EventSource(list.dataset.stream);
    stream.addEventListener("post", soon);
    // Hints may have been missed, or cannot be had for now.
    stream.addEventListener("resync", soon);
    stream.addEventListener("open", () => {
      if (behind) soon();
      behind = true;
    });
    stream.addEventListener("error", ({ target }) => {
      behind = true;
      // Any answer but 200 ends it for good: the site restarts, say. Not all pages come back at once.
      if (target.readyState === EventSource.CLOSED) again = setTimeout(connect, AGAIN_MS * (1 + Math.random()));
    });
  }

  connect();
  addEventListener("pagehide", () => {
    clearTimeout(again);
    stream.close();
  });
  addEventListener("pageshow", ({ persisted }) => {
    // Back from the browser's cache of pages.
    if (!persisted) return;
    behind = true;
    connect();
  });
}

function prepend(list, html) {
  const cards = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-post-id]")];
  const unseen = cards.filter((card) => !byId(card.id));
  if (unseen.length === 0) return;
  for (const card of unseen) card.classList.add("is-new");
  list.prepend(...unseen);
  for (const card of unseen) htmx.process(card);
  refreshTimes(list);
  const news = unseen.length === 1 ? "1 new post" : `${unseen.length} new posts`;
  byId("live").textContent = news;
  if (scrollY > TOP_PX) offerTop(news);
}

function offerTop(news) {
  const button = byId("fresh");
  button.querySelector("span").textContent = news;
  button.hidden = false;
}

byId("fresh")?.addEventListener("click", () => scrollTo({ top: 0, behavior: "smooth" }));
addEventListener("scroll", () => {
  const button = byId("fresh");
  if (button && scrollY <= TOP_PX) button.hidden = true;
}, { passive: true });

// A post of one's own can arrive twice, by the answer and by the stream: the first one stays.
function dropTwins() {
  const seen = new Set();
  for (const card of document.querySelectorAll("#posts > [data-post-id]")) {
    if (seen.has(card.id)) card.remove();
    seen.add(card.id);
  }
}

// -------------------------------------------------------------------- start

function enhance(root = document) {
  refreshTimes(root);
  for (const area of root.querySelectorAll("textarea[data-limit]")) count(area);
  for (const button of root.querySelectorAll("[data-reveal]")) button.hidden = false;
}

for (const section of document.querySelectorAll("[data-needs-script]")) section.hidden = false;
showTheme();
enhance();
setInterval(refreshTimes, MINUTE, document);
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  dropTwins();
  enhance();
  const { done } = ctx.sourceElement?.dataset ?? {};
  if (done) toast(done);
});
const live = document.querySelector("[data-stream]");
if (live) follow(live);
