// The live bell. One tab of the browser holds the stream and tells the others, since a browser keeps few
// connections open to one site. Without this script the number is that of the moment when the page was made.

const STREAM = "/api/v1/notifications/stream";
const NAME = "threadly-bell";
const AGAIN_MS = 5000;
const TOAST_MS = 8000;
// News that come together are shown together.
const GATHER_MS = 300;
const MOST_TOASTS = 2;
const MOST_SHOWN = 99;

const me = document.body.dataset.viewer;
const bell = document.getElementById("bell");
const tabs = new BroadcastChannel(NAME);

// The position up to which this tab was told; whoever takes over the stream goes on from there.
let last = null;

// ------------------------------------------------------------------- showing

const bareTitle = document.title;

function showCount(count) {
  const number = bell.querySelector("[data-count]");
  number.dataset.count = count;
  number.hidden = count === 0;
  number.querySelector("[data-shown]").textContent = count > MOST_SHOWN ? `${MOST_SHOWN}+` : count;
  document.title = count ? `(${count > MOST_SHOWN ? `${MOST_SHOWN}+` : count}) ${bareTitle}` : bareTitle;
}

let gathered = [];

function showNews(entry) {
  if (gathered.length === 0) setTimeout(showGathered, GATHER_MS);
  gathered.push(entry);
}

function showGathered() {
  const news = gathered;
  gathered = [];
  const fresh = document.getElementById("fresh-notifications");
  if (fresh) fresh.hidden = false;
  if (document.visibilityState !== "visible") return;
  if (news.length <= MOST_TOASTS) for (const entry of news) toast(entry.title, entry.url, entry.id);
  else toast(`${news.length} new notifications`, "/notifications");
}

function toast(sentence, url, id) {
  const link = document.createElement("a");
  link.className = "toast";
  link.href = url;
  link.textContent = sentence;
  if (id) link.dataset.notification = id;
  document.getElementById("toasts").append(link);
  setTimeout(() => link.remove(), TOAST_MS);
}

// Who follows a notification has read it. The page that it leads to comes first.
document.addEventListener("click", ({ target }) => {
  const link = target.closest("a[data-notification]");
  if (!link) return;
  const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  fetch("/api/v1/notifications/read", {
    method: "PATCH",
    keepalive: true,
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ ids: [link.dataset.notification] }),
  }).catch(() => {
    // Offline: it stays unread.
  });
});

// -------------------------------------------------------------- among the tabs

function hear(told) {
  if (told.me !== me) return;
  // A tab that has just come asks; who holds the stream answers.
  if (told.ask) {
    if (stream && known !== null) tell({ count: known, position: last });
    return;
  }
  if (told.position !== undefined && told.position !== null) last = Math.max(last ?? 0, told.position);
  if (told.count !== undefined) showCount(told.count);
  if (told.entry) showNews(told.entry);
}

function tell(news) {
  tabs.postMessage({ me, ...news });
}

tabs.addEventListener("message", ({ data }) => hear(data));

// ---------------------------------------------------------------- the stream

let stream = null;
let again = null;
// What this tab, holding the stream, was told last.
let known = null;

function connect() {
  stream = new EventSource(last === null ? STREAM : `${STREAM}?after=${last}`);
  stream.addEventListener("notification", ({ data, lastEventId }) => {
    pass({ entry: JSON.parse(data), position: Number(lastEventId) });
  });
  stream.addEventListener("unread", ({ data, lastEventId }) => {
    known = JSON.parse(data).unread_count;
    pass({ count: known, position: Number(lastEventId) });
  });
  stream.addEventListener("error", ({ target }) => {
    // Any answer but 200 ends it for good: the site restarts, say. Not all pages come back at once.
    if (target.readyState === EventSource.CLOSED) again = setTimeout(connect, AGAIN_MS * (1 + Math.random()));
  });
}

function pass(news) {
  hear({ me, ...news });
  tell(news);
}

function disconnect() {
  clearTimeout(again);
  stream?.close();
  stream = null;
}

let leave = null;

function takeTurn() {
  if (navigator.locks) {
    const waiting = new AbortController();
    let finish = null;
    leave = () => {
      waiting.abort();
      finish?.();
      disconnect();
    };
    const hold = () => {
      connect();
      return new Promise((done) => (finish = done));
    };
    navigator.locks.request(NAME, { signal: waiting.signal }, hold).catch(() => {
      // Left before its turn came.
    });
    tell({ ask: true });
    return;
  }
  // Without locks (a site that is not served over https): the tab that is looked at holds a stream of its own.
  const look = () => (document.visibilityState === "visible" ? !stream && connect() : disconnect());
  document.addEventListener("visibilitychange", look);
  leave = () => {
    document.removeEventListener("visibilitychange", look);
    disconnect();
  };
  look();
}

if (bell && me) {
  showCount(Number(bell.querySelector("[data-count]").dataset.count));
  takeTurn();
  addEventListener("pagehide", () => leave());
  // Back from the browser's cache of pages.
  addEventListener("pageshow", ({ persisted }) => persisted && takeTurn());
}
